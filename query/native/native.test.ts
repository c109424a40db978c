import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { CUSTOM_SCHEMA } from '#core/exponential.ts'

import { histogramColumns } from '../script/histogram-columns.ts'
import { readHistogram } from '../script/histogram-notation.ts'
import { added, subtracted } from './arithmetic.ts'
import { decodeHistograms } from './decode.ts'
import { atSchema, EMPTY, type Histogram, sameHistogram } from './histogram.ts'
import { printHistogram } from './print.ts'
import { nativeFraction, nativeQuantile, nativeVariance } from './quantile.ts'
import { isReset } from './resets.ts'
import { HistogramTotal } from './total.ts'
import { withZeroThreshold } from './zero-bucket.ts'

const h = (text: string): Histogram => readHistogram(`{{${text}}}`).histogram

const side = fc.record({
  offset: fc.integer({ min: -20, max: 20 }),
  counts: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 }).map((counts) => Float64Array.from(counts)),
})

const exponential: fc.Arbitrary<Histogram> = fc
  .record({
    schema: fc.integer({ min: -4, max: 8 }),
    zeroThreshold: fc.constantFrom(0, 0.001, 0.5, 3),
    zeroCount: fc.integer({ min: 0, max: 9 }),
    positive: side,
    negative: side,
    sum: fc.integer({ min: -1000, max: 1000 }),
  })
  .map((parts) => {
    const inside = [...parts.positive.counts, ...parts.negative.counts]
    const count = parts.zeroCount + inside.reduce((a, b) => a + b, 0)
    // No bucket lies in the zero bucket.
    return withZeroThreshold({ ...EMPTY, ...parts, zeroThreshold: 0, count }, parts.zeroThreshold)
  })

function observations({ zeroCount, positive, negative }: Histogram): number {
  return [...positive.counts, ...negative.counts].reduce((a, b) => a + b, zeroCount)
}

describe('sums', () => {
  test('hold every observation of both, whatever their layouts, in either order', () => {
    fc.assert(
      fc.property(exponential, exponential, (a, b) => {
        const sum = added(a, b)!.value
        expect(observations(sum)).toBe(a.count + b.count)
        expect(sum.schema).toBe(Math.min(a.schema, b.schema))
        expect(sum.zeroThreshold).toBeGreaterThanOrEqual(Math.max(a.zeroThreshold, b.zeroThreshold))
        expect(sameHistogram(sum, added(b, a)!.value)).toBe(true)
      }),
    )
  })

  test('less one of them are the other, at their common layout', () => {
    fc.assert(
      fc.property(exponential, exponential, (a, b) => {
        const sum = added(a, b)!.value
        const layout = { ...EMPTY, schema: sum.schema, zeroThreshold: sum.zeroThreshold }
        expect(sameHistogram(subtracted(sum, b)!.value, added(a, layout)!.value)).toBe(true)
      }),
    )
  })

  test('of listed bounds keep the bounds that both have, and of powers and listed bounds there are none', () => {
    const a = h('schema:-53 count:6 sum:1 custom_values:[1 2 3] buckets:[1 2 3]')
    const b = h('schema:-53 count:3 sum:1 custom_values:[2 5] buckets:[1 1 1]')
    const { value, reconciled } = added(a, b)!
    expect(reconciled).toBe(true)
    expect([...value.bounds]).toEqual([2])
    expect([...value.positive.counts]).toEqual([4, 5])
    expect(added(a, h('schema:0 count:1'))).toBeUndefined()
  })

  test('say whether a reset met none, and are gauges where one is', () => {
    const [reset, none, gauge] = ['reset', 'not_reset', 'gauge'].map((hint) => h(`count:1 counter_reset_hint:${hint}`))
    expect(added(reset!, none!)).toMatchObject({ collision: true, value: { hint: 'unknown' } })
    expect(added(reset!, gauge!)).toMatchObject({ collision: false, value: { hint: 'gauge' } })
  })

  test('lose no digits', () => {
    const total = new HistogramTotal()
    for (const sum of [1e100, 1, -1e100]) total.add({ ...EMPTY, sum, count: 1 })
    expect(total.sum).toMatchObject({ sum: 1, count: 3 })
  })
})

test('a coarser schema holds the same observations in wider buckets', () => {
  const fine = h('schema:1 count:10 buckets:[1 2 3 4] offset:1')
  expect(printHistogram(atSchema(fine, 0))).toBe('{count:10, sum:0, (1,2]:3, (2,4]:7}')
})

test('a zero bucket that reaches into others takes them in whole', () => {
  const wide = h('z_bucket_w:0.75 z_bucket:1 count:1')
  const fine = h('count:7 buckets:[1 2 4] offset:-1')
  expect(printHistogram(added(wide, fine)!.value)).toBe('{count:8, sum:0, [-1,1]:4, (1,2]:4}')
})

describe('a counter began anew', () => {
  test.each([
    ['a bucket went down', 'count:3 buckets:[2 1]', 'count:4 buckets:[1 3]', true],
    ['all went up', 'count:3 buckets:[2 1]', 'count:4 buckets:[2 2]', false],
    ['the schema became finer', 'schema:0 count:1 buckets:[1]', 'schema:1 count:2 buckets:[2]', true],
    [
      'the schema became coarser',
      'schema:1 count:2 buckets:[1 1] offset:1',
      'schema:0 count:2 buckets:[2] offset:1',
      false,
    ],
    ['a bucket is gone', 'count:2 buckets:[1 1]', 'count:3 buckets:[3]', true],
    ['a hint says so', 'count:1', 'count:2 counter_reset_hint:reset', true],
    ['a hint says that it did not', 'count:2', 'count:1 counter_reset_hint:not_reset', false],
    [
      'bounds in common went on',
      'schema:-53 count:2 custom_values:[1 2] buckets:[1 1]',
      'schema:-53 count:3 custom_values:[2] buckets:[2 1]',
      false,
    ],
  ])('%s', (_, before, now, expected) => {
    expect(isReset(h(before), h(now))).toBe(expected)
  })
})

describe('quantiles', () => {
  test('rise with the share, and a share of observations lies below each', () => {
    fc.assert(
      fc.property(exponential, fc.double({ min: 0, max: 1, noNaN: true }), (one, q) => {
        fc.pre(one.count > 0)
        const value = nativeQuantile(q, one)
        expect(nativeQuantile(Math.min(1, q + 0.1), one)).toBeGreaterThanOrEqual(value)
      }),
    )
  })

  test('are taken on a scale of logarithms inside a bucket, evenly between listed bounds', () => {
    expect(nativeQuantile(0.5, h('count:4 buckets:[4] offset:1'))).toBeCloseTo(Math.SQRT2)
    expect(nativeQuantile(0.5, h('schema:-53 count:4 custom_values:[1 2] buckets:[0 4]'))).toBe(1.5)
  })

  test('outside 0 and 1 are infinite, of nothing NaN', () => {
    expect(nativeQuantile(-1, h('count:1 z_bucket:1'))).toBe(-Infinity)
    expect(nativeQuantile(2, h('count:1 z_bucket:1'))).toBe(Infinity)
    expect(nativeQuantile(0.5, EMPTY)).toBeNaN()
  })
})

test('the share between two values', () => {
  const one = h('count:4 buckets:[2 2] offset:1')
  expect(nativeFraction(1, 2, one)).toBe(0.5)
  expect(nativeFraction(-Infinity, Infinity, one)).toBe(1)
  expect(nativeFraction(1, Math.SQRT2, one)).toBeCloseTo(0.25)
  expect(nativeFraction(2, 1, one)).toBe(0)
  expect(nativeFraction(NaN, 1, one)).toBeNaN()
})

test('the variance takes observations to lie in the middle of their buckets', () => {
  expect(nativeVariance(h('schema:-53 count:2 sum:4 custom_values:[0 2 4] buckets:[0 1 1]'))).toBe(1)
})

test('columns of a reader hold what a histogram is', () => {
  fc.assert(
    fc.property(fc.array(fc.option(exponential, { nil: undefined })), (histograms) => {
      const back = decodeHistograms(histogramColumns(histograms))
      expect(back.length).toBe(histograms.length)
      for (const [i, one] of histograms.entries()) {
        if (one === undefined) expect(back[i]).toBeUndefined()
        else expect(sameHistogram(back[i]!, one)).toBe(true)
      }
    }),
  )
  const custom = h('schema:-53 count:2 custom_values:[1 2] buckets:[1 1]')
  expect(decodeHistograms(histogramColumns([custom]))[0]).toMatchObject({ schema: CUSTOM_SCHEMA, count: 2 })
})
