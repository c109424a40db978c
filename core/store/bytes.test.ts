import fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { ByteReader, ByteWriter } from './bytes.ts'

test('texts come back as they were written, a byte order mark at their beginning included', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
      const writer = new ByteWriter(1)
      for (const text of texts) writer.text(text)
      const reader = new ByteReader(writer.view())
      expect(texts.map(() => reader.text())).toEqual(texts)
    }),
    { examples: [[['\uFEFF', '\uFEFFx', 'x\uFEFF']]] },
  )
})

test('where room is made, what was written is moved, and nothing of what was cleared', () => {
  const writer = new ByteWriter(16)
  writer.raw(new Uint8Array(1000).fill(1))
  writer.clear()
  writer.raw(Uint8Array.of(7, 8))
  const copied = vi.spyOn(Uint8Array.prototype, 'set')
  writer.reserve(10_000)
  for (let i = 0; i < 10_000; i++) writer.u8(9)
  const sizes = copied.mock.calls.map(([bytes]) => bytes.length)
  vi.restoreAllMocks()
  expect(sizes).toEqual([2])
  expect([...writer.view().subarray(0, 3)]).toEqual([7, 8, 9])
  expect(writer.length).toBe(10_002)
})
