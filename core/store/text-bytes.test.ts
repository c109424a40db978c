import fc from 'fast-check'
import { expect, test } from 'vitest'

import { formOf, hashOfBytes, TextBytes, textOf } from './text-bytes.ts'

const unit = fc.oneof(
  fc.integer({ min: 32, max: 126 }),
  fc.integer({ min: 0, max: 0xffff }),
  fc.constantFrom(0xd83d, 0xde00),
)
const text = fc.array(unit, { maxLength: 20 }).map((units) => String.fromCharCode(...units))

test('any string comes back from its bytes, and no two have the same', () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      const [a, b] = [new TextBytes(), new TextBytes()]
      const hash = a.write(one)
      b.write(other)
      const bytes = Buffer.from(a.bytes.slice(0, a.length))
      expect(formOf(bytes, 0, bytes.length)).toBe(a.form)
      expect(textOf(bytes, 0, bytes.length, a.form)).toBe(one)
      expect(hash).toBe(hashOfBytes(bytes, 0, bytes.length))
      expect(b.sameAs(bytes, 0, bytes.length)).toBe(one === other)
      if (one.isWellFormed()) expect(bytes.toString()).toBe(one)
    }),
    { numRuns: 2000 },
  )
})

test('a long text makes room for itself', () => {
  const bytes = new TextBytes()
  bytes.write('é'.repeat(100_000))
  expect(bytes.length).toBe(200_000)
})
