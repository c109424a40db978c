import fc from 'fast-check'
import { expect, test } from 'vitest'

import { mergedListing } from './label-listing.ts'
import { Labels } from './series.ts'

const ordered = (numbers: readonly number[]): Labels[] => {
  return [...new Set(numbers)].map((i) => Labels.of({ i: String(i) })).toSorted((a, b) => a.compare(b))
}

test('lists together are in order, each label set once, whatever the batches', () => {
  expect.hasAssertions()
  const numbers = fc.array(fc.nat(30))
  fc.assert(
    fc.property(numbers, numbers, fc.integer({ min: 1, max: 7 }), (some, others, size) => {
      const all = ordered(some)
      const batches = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
        all.slice(i * size, (i + 1) * size),
      )
      const merged = Array.from(mergedListing(batches, ordered(others))).flat()
      expect(merged.map(String)).toEqual(ordered([...some, ...others]).map(String))
    }),
  )
})
