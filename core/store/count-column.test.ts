import { expect, test } from 'vitest'

import { ByteReader, ByteWriter } from './bytes.ts'
import { CountColumn } from './count-column.ts'

test.each([
  ['a byte', 1, [0, 7, 255]],
  ['two', 2, [0, 256, 65_535]],
  ['four', 4, [0, 65_536, 2 ** 32 - 1]],
  ['eight where one is too large', 8, [0, 1, 2 ** 32]],
  ['eight where one is a part', 8, [0, 1, 2.5]],
  ['eight where a zero has a sign', 8, [0, 1, -0]],
  ['eight where one is no number', 8, [0, 1, Number.NaN]],
])('a count takes %s', (_, width, counts) => {
  const column = new CountColumn()
  const writer = new ByteWriter()
  column.write(writer, Float64Array.from(counts))
  expect(writer.length).toBe(1 + counts.length * width)
  const read = new Float64Array(counts.length)
  column.read(new ByteReader(writer.view()), read)
  expect(read).toEqual(Float64Array.from(counts))
})

test('bytes that are no counts are refused', () => {
  expect(() => new CountColumn().read(new ByteReader(Uint8Array.of(9, 1)), new Float64Array(1))).toThrow(/the form 9/)
  expect(() => new CountColumn().read(new ByteReader(Uint8Array.of(3, 1)), new Float64Array(1))).toThrow(/too early/)
})
