import fc from 'fast-check'
import { expect, test } from 'vitest'

import { HashSlots, NOTHING } from './hash-slots.ts'

function idsOf(slots: HashSlots, hash: number): number[] {
  const ids: number[] = []
  let id: number
  for (let slot = slots.first(hash); (id = slots.at(slot)) !== NOTHING; slot = slots.next(slot)) {
    if (slots.hashAt(slot) === hash) ids.push(id)
  }
  return ids.toSorted((a, b) => a - b)
}

/** Few hashes, near the ends of the table, so that chains meet and wrap. */
const hash = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 60, max: 70 }), fc.constant(0xffff_ffff))

test('numbers are found under their hash, whatever was taken out of the chain before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ hash, remove: fc.option(fc.nat()) }), { maxLength: 300, size: 'max' }),
      (steps) => {
        const slots = new HashSlots()
        const there: { hash: number; id: number }[] = []
        for (const [id, one] of steps.entries()) {
          if (one.remove !== null && there.length > 0) {
            const [gone] = there.splice(one.remove % there.length, 1)
            slots.remove(gone!.hash, gone!.id)
            slots.remove(gone!.hash, gone!.id)
          } else {
            slots.add(one.hash, id)
            there.push({ hash: one.hash, id })
          }
          expect(slots.size).toBe(there.length)
        }
        for (const one of steps) {
          expect(idsOf(slots, one.hash)).toEqual(there.filter((other) => other.hash === one.hash).map(({ id }) => id))
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('a table that has become empty is small again', () => {
  const slots = new HashSlots()
  const { bytes } = slots
  for (let i = 0; i < 10_000; i++) slots.add(i * 7, i)
  for (let i = 0; i < 10_000; i++) slots.remove(i * 7, i)
  expect(slots.bytes).toBeLessThanOrEqual(bytes * 2)
})
