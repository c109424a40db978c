import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ByteReader, ByteWriter } from './bytes.ts'
import { IdPages } from './id-pages.ts'

test('pages hold what a map holds, and no more pages than have a number', () => {
  const step = fc.tuple(fc.nat(20_000), fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 32 - 1 })))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const pages = new IdPages()
      const map = new Map<number, number>()
      for (const [id, number] of steps) {
        pages.set(id, number)
        if (number === 0) map.delete(id)
        else map.set(id, number)
      }
      for (const [id] of steps) expect(pages.get(id)).toBe(map.get(id) ?? 0)
      expect(pages.bytes).toBe(new Set(Array.from(map.keys(), (id) => id >>> 10)).size * 4096)
      const seen = new Map<number, number>()
      pages.each((number, id) => seen.set(id, number))
      expect([...seen]).toEqual([...map].toSorted(([a], [b]) => a - b))
      const copy = new IdPages()
      const writer = new ByteWriter()
      pages.save(writer)
      expect(writer.length).toBeLessThanOrEqual(pages.bytes + 4 * (pages.bytes / 4096) + 1)
      copy.load(new ByteReader(writer.view()))
      for (const id of map.keys()) expect(copy.get(id)).toBe(map.get(id))
      expect(copy.bytes).toBe(pages.bytes)
      for (const [id] of steps) copy.set(id, 0)
      expect(copy.bytes).toBe(0)
      for (const [id] of steps) pages.set(id, 0)
      expect(pages.bytes).toBe(0)
    }),
  )
})
