import fc from 'fast-check'
import { expect, test } from 'vitest'

import { byText, sorting } from './sorting.ts'
import { atOnce } from './steps.ts'

test('elements come as toSorted puts them, equal ones as they stand', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40_000 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.nat(),
      (count, keys, seed) => {
        const elements = Array.from({ length: count }, (_, i) => ({ key: (i * 7919 + seed) % keys, i }))
        const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key
        expect(atOnce(sorting(elements, compare))).toEqual(elements.toSorted(compare))
      },
    ),
    { numRuns: 20 },
  )
})

test('texts come as toSorted puts them', () => {
  const texts = Array.from({ length: 10_000 }, (_, i) => `${(i * 7919) % 10_007}`)
  expect(atOnce(sorting(texts, byText))).toEqual(texts.toSorted())
})

test('a step compares as many as it takes to sort some thousand, however many there are', () => {
  let compared = 0
  let most = 0
  const numbers = Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 300_007)
  const steps = sorting(numbers, (a, b) => {
    compared++
    return a - b
  })
  while (steps.next().done !== true) {
    most = Math.max(most, compared)
    compared = 0
  }
  expect(most).toBeLessThan(4096 * 12)
})
