import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'

import { quantileOf } from '../evaluate/kahan.ts'
import { SortedWindow } from './sorted-window.ts'

const numbers = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(NaN, Infinity, -Infinity, 0.1), fc.double())
const moves = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 60 })

test('the quantiles of a window that slides are those of each window by itself', () => {
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 200 }), moves, fc.double(), (list, ends, q) => {
      const value = Float64Array.from(list)
      const sorted = new SortedWindow(value)
      let [from, to] = [0, 0]
      for (const [first, last] of ends) {
        to = Math.min(value.length, to + last)
        from = Math.min(to, from + first)
        const window = { time_ms: value, value, from, to, end_ms: 0, range_ms: 1, step: 0 }
        // Nobody tells zeros apart.
        expect(sorted.quantile(q, window) + 0).toBe(quantileOf(q, value.slice(from, to)) + 0)
      }
    }),
  )
})

test('a window that moves by one sample is not sorted anew', () => {
  const value = Float64Array.from({ length: 2000 }, (_, i) => (i * 7919) % 1000)
  const sorted = new SortedWindow(value)
  const sorts = vi.spyOn(Float64Array.prototype, 'sort')
  onTestFinished(() => sorts.mockRestore())
  for (let from = 0; from < 1000; from++)
    sorted.quantile(0.9, { time_ms: value, value, from, to: from + 1000, end_ms: 0, range_ms: 1, step: 0 })
  expect(sorts).toHaveBeenCalledTimes(1)
})
