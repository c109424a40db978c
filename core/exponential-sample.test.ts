import fc from 'fast-check'
import { expect, test } from 'vitest'

import { exponentialSample } from './exponential-sample.ts'
import { shapeOfBounds } from './exponential.ts'

const text = (value: number): number => Number(String(value))

test('a histogram comes back with every count in its bucket', () => {
  const counts = fc.uniqueArray(
    fc.record({ index: fc.integer({ min: -400, max: 400 }), count: fc.integer({ min: 1, max: 1e6 }) }),
    {
      selector: ({ index }) => index,
      maxLength: 20,
    },
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 8 }),
      counts,
      counts,
      fc.integer({ min: 0, max: 9 }),
      (schema, positive, negative, zero) => {
        // As the API shows it: ends of buckets, in text.
        const end = (index: number): number => text(2 ** (index / 2 ** schema))
        const buckets = [
          ...negative.map(({ index, count }) => ({ lower: -end(index + 1), upper: -end(index), count })),
          ...(zero > 0 ? [{ lower: -1e-128, upper: 1e-128, count: zero }] : []),
          ...positive.map(({ index, count }) => ({ lower: end(index), upper: end(index + 1), count })),
        ]
        const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
        const made = exponentialSample({ time_ms: 5, count, sum: 1.5, buckets })!
        const shape = shapeOfBounds(made.bounds)
        if (positive.length + negative.length > 0) expect(shape.schema).toBe(schema)
        expect([made.time_ms, made.sum, made.count, made.buckets[0]]).toEqual([5, 1.5, count, zero])
        const read = (start: number, size: number, offset: number) =>
          Array.from({ length: size }, (_, i) => ({ index: offset + i, count: made.buckets[start + i]! })).filter(
            (one) => one.count > 0,
          )
        const sorted = (side: typeof positive) => side.toSorted((a, b) => a.index - b.index)
        expect(read(1, shape.positive_count, shape.positive_offset)).toEqual(sorted(positive))
        expect(read(1 + shape.positive_count, shape.negative_count, shape.negative_offset)).toEqual(sorted(negative))
      },
    ),
  )
})

test('one with bounds of its own has no form here', () => {
  const bucket = (lower: number, upper: number) => ({ lower, upper, count: 1 })
  const shown = (...buckets: ReturnType<typeof bucket>[]) => ({ time_ms: 0, count: 1, sum: 1, buckets })
  expect(exponentialSample(shown(bucket(1, 3)))).toBeUndefined()
  expect(exponentialSample(shown(bucket(1, 2), bucket(2, 2.8284271247461903)))).toBeUndefined()
  expect(exponentialSample(shown(bucket(1.5, 3)))).toBeUndefined()
})
