import fc from 'fast-check'
import { expect, test } from 'vitest'

import { gain } from './ewma.ts'
import { normalQuantile } from './normal.ts'
import { insertSorted, madSorted, quantileSorted, removeSorted } from './sorted-window.ts'

test('the normal quantile is that of the tables', () => {
  expect(normalQuantile(0.5)).toBeCloseTo(0, 9)
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963985, 8)
  expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306, 8)
  expect(normalQuantile(1e-9)).toBeCloseTo(-5.997807015, 7)
  expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity])
})

test('a young mean is the plain mean, an old one forgets in its time', () => {
  expect([gain(1, 1000, 0), gain(1, 1000, 1)]).toEqual([1, 0.5])
  expect(gain(10, 90)).toBeCloseTo(0.1)
})

test('a sorted window has the median and the MAD of brute force, ties included', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 60 }),
      fc.nat(),
      (values, drop) => {
        const data = new Float32Array(64).fill(NaN)
        for (const [count, value] of values.entries()) insertSorted(data, 2, count, value)
        const kept = values.toSpliced(drop % values.length, 1)
        removeSorted(data, 2, values.length, values[drop % values.length]!)
        const sorted = kept.toSorted((a, b) => a - b)
        expect([...data.subarray(2, 2 + kept.length)]).toEqual(sorted)
        const median = quantileSorted(data, 2, kept.length, 0.5)
        const half = kept.length >> 1
        expect(median).toBe(kept.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2)
        const distances = kept.map((value) => Math.abs(value - median)).toSorted((a, b) => a - b)
        expect(madSorted(data, 2, kept.length, median)).toBe(distances[half])
      },
    ),
  )
})

test('an empty window has no quantile and no MAD', () => {
  expect([quantileSorted(new Float32Array(2), 0, 0, 0.5), madSorted(new Float32Array(2), 0, 0, 0)]).toEqual([NaN, NaN])
})
