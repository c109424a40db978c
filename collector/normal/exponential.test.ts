import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { bucketCount } from '#core/exponential.ts'
import { boundsOfShape } from '#core/exponential.ts'

import { type ExponentialSample, fitExponential, type Fitted, type Run } from './exponential.ts'

const NONE: Run = { offset: 0, counts: [] }

function fitted(sample: ExponentialSample, limit?: number): Fitted {
  const result = fitExponential(sample, limit)
  if ('refused' in result) throw new Error(result.refused)
  return result
}

const sampleOf = (sample: Partial<ExponentialSample>): ExponentialSample => {
  return { scale: 3, zero_threshold: 0, zero_count: 0, positive: NONE, negative: NONE, ...sample }
}

const run: fc.Arbitrary<Run> = fc.record({
  offset: fc.integer({ min: -4000, max: 4000 }),
  counts: fc.array(fc.nat(1000), { maxLength: 200 }),
})
const samples: fc.Arbitrary<ExponentialSample> = fc.record({
  scale: fc.integer({ min: -4, max: 20 }),
  zero_threshold: fc.constantFrom(0, 1e-9),
  zero_count: fc.nat(1000),
  positive: run,
  negative: run,
})

const sum = (counts: ArrayLike<number>): number => Array.from(counts).reduce((all, one) => all + one, 0)

/** Counts by index of one side, the slow way: one schema after the other. */
function merged({ offset, counts }: Run, steps: number): Map<number, number> {
  let by = new Map(Array.from(counts, (count, i): [number, number] => [offset + i, count]))
  for (let step = 0; step < steps; step++) {
    const next = new Map<number, number>()
    for (const [index, count] of by) next.set(index >> 1, (next.get(index >> 1) ?? 0) + count)
    by = next
  }
  return new Map([...by].filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b))
}

function sideOf({ shape, buckets }: Fitted, side: 'positive' | 'negative'): Map<number, number> {
  const above = side === 'positive'
  const at = above ? 1 : 1 + shape.positive_count
  const counts = buckets.subarray(at, at + (above ? shape.positive_count : shape.negative_count))
  const offset = above ? shape.positive_offset : shape.negative_offset
  return new Map(
    Array.from(counts, (count, i): [number, number] => [offset + i, count]).filter(([, count]) => count > 0),
  )
}

/** What the coarsest schema takes: windows of 16 on either side, and the bucket of zero. A real sender never has as many. */
function leastBuckets({ scale, positive, negative }: ExponentialSample): number {
  const widths = [positive, negative].map((side) => {
    const indexes = [...merged(side, scale + 4).keys()]
    return indexes.length === 0 ? 0 : 16 * ((indexes.at(-1)! >> 4) - (indexes[0]! >> 4) + 1)
  })
  return 1 + sum(widths)
}

describe('an exponential histogram in its row', () => {
  test('keeps every count, in as many buckets as its shape says', () => {
    fc.assert(
      fc.property(samples, (sample) => {
        fc.pre(leastBuckets(sample) <= 320)
        const { shape, buckets } = fitted(sample)
        expect(buckets).toHaveLength(bucketCount({ kind: 'exponential', bounds: boundsOfShape(shape) }))
        expect(buckets[0]).toBe(sample.zero_count)
        expect(sum(buckets)).toBe(sample.zero_count + sum(sample.positive.counts) + sum(sample.negative.counts))
      }),
    )
  })

  test('is merged down as if one schema after the other', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 64, max: 320 }), (sample, limit) => {
        fc.pre(leastBuckets(sample) <= limit)
        const row = fitted(sample, limit)
        const steps = sample.scale - row.shape.schema
        expect(row.shape.schema).toBeLessThanOrEqual(8)
        expect(sideOf(row, 'positive')).toEqual(merged(sample.positive, steps))
        expect(sideOf(row, 'negative')).toEqual(merged(sample.negative, steps))
        expect(row.buckets.length).toBeLessThanOrEqual(limit)
      }),
    )
  })

  test('has no finer schema than fits, and the finest that does', () => {
    const wide = sampleOf({ scale: 8, positive: { offset: 0, counts: Array.from({ length: 600 }, () => 1) } })
    expect(fitted(wide).shape).toMatchObject({ schema: 7, positive_offset: 0, positive_count: 304 })
    expect(fitted(wide, 700).shape.schema).toBe(8)
  })

  test('stays in it while the data widens a little', () => {
    const counts = [1, 2, 3]
    const { shape } = fitted(sampleOf({ positive: { offset: 20, counts } }))
    expect(shape).toMatchObject({ positive_offset: 16, positive_count: 16, negative_count: 0 })
    expect(fitted(sampleOf({ positive: { offset: 17, counts: [1, ...counts, 9, 9, 9] } })).shape).toEqual(shape)
    // Empty ends, which dense senders have, are no data.
    expect(
      fitted(sampleOf({ positive: { offset: 0, counts: [...Array(20).fill(0), 1, ...Array(99).fill(0)] } })).shape,
    ).toEqual(shape)
  })

  test.each([
    [{ scale: -5 }, 'scale -5'],
    [{ zero_threshold: -1 }, 'zero threshold'],
    [{ zero_count: NaN }, 'counts below zero'],
    [{ positive: { offset: 0, counts: [1, -1] } }, 'counts below zero'],
    [{ scale: -4, positive: { offset: 0, counts: Array.from({ length: 400 }, () => 1) } }, 'more than 320 buckets'],
  ])('is refused where there is none: %#', (part, message) => {
    expect(fitExponential(sampleOf(part))).toEqual({ refused: expect.stringContaining(message) })
  })

  test('of absurd scales and offsets loses nothing either', () => {
    const extremes = [-(2 ** 31), -1, 0, 2 ** 31 - 1]
    for (const offset of extremes) {
      const { buckets } = fitted(sampleOf({ scale: 2 ** 31 - 1, positive: { offset, counts: [1, 2, 3] } }))
      expect(sum(buckets)).toBe(6)
    }
  })
})
