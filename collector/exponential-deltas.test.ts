import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'
import { atOnce } from '#core/steps.ts'
import type { Store } from '#core/store/store.ts'

import { createDecoder } from './decoder.ts'
import { decoded, linesOf, metrics, nanos, request, storeWith } from './testing/decoding.fixture.ts'

const T = 1_795_192_692_702

interface Side {
  readonly offset: number
  readonly bucketCounts: readonly number[]
}

interface Interval {
  readonly start: number
  readonly end: number
  readonly scale?: number
  readonly zeroCount?: number
  readonly positive?: Side
  readonly negative?: Side
  readonly name?: string
  readonly attributes?: readonly string[]
}

const NOTHING: Side = { offset: 0, bucketCounts: [] }

/** A request with what was counted in an interval, told as a delta. */
function delta({
  start,
  end,
  scale = 3,
  zeroCount = 0,
  positive = NOTHING,
  negative = NOTHING,
  name,
  ...more
}: Interval) {
  const count = [zeroCount, ...positive.bucketCounts, ...negative.bucketCounts].reduce((sum, some) => sum + some, 0)
  const times = { startTimeUnixNano: nanos(T + start), timeUnixNano: nanos(T + end) }
  const attributes = more.attributes?.map((key) => ({ key, value: { stringValue: 'some' } }))
  const dataPoints = [{ ...times, attributes, scale, zeroCount, count, sum: count * 2, positive, negative }]
  return request(
    'metrics',
    metrics({ name: name ?? 'took', exponentialHistogram: { aggregationTemporality: 1, dataPoints } }),
  )
}

/** One process after another over the same store: `restarts` says before which requests a new one begins. */
function lives(intervals: readonly Interval[], restarts: (at: number) => boolean): string[] {
  const store = storeWith()
  let decoder = createDecoder({ meter: silentMeter })
  return intervals.flatMap((interval, at) => {
    if (restarts(at)) decoder = createDecoder({ meter: silentMeter })
    const { samples } = atOnce(decoder.decode(delta(interval), store))
    store.append(samples)
    return linesOf(samples, store)
  })
}

const side = fc.record({
  offset: fc.integer({ min: -400, max: 400 }),
  bucketCounts: fc.array(fc.nat(5), { maxLength: 160 }),
})
const intervals: fc.Arbitrary<Interval[]> = fc
  .array(
    fc.record({
      scale: fc.integer({ min: -4, max: 20 }),
      zeroCount: fc.nat(3),
      positive: side,
      negative: side,
      gap: fc.constantFrom(0, 0, 0, 5),
    }),
    { minLength: 2, maxLength: 6 },
  )
  .map((list) => list.map(({ gap, ...counted }, i) => ({ ...counted, start: i * 10 + gap, end: (i + 1) * 10 })))

/** What a histogram has before its first delta. */
const NOTHING_YET: unknown = expect.stringMatching(/ 0 0 \{\}$/)

describe('exponential histograms of deltas', () => {
  const first = { start: 0, end: 10, positive: { offset: 2, bucketCounts: [1, 2] } }
  const next = { start: 10, end: 20, zeroCount: 1, positive: { offset: 3, bucketCounts: [4] } }
  const take = (store: Store, interval: Interval, decoder = createDecoder({ meter: silentMeter })): string[] => {
    const { samples } = atOnce(decoder.decode(delta(interval), store))
    store.append(samples)
    return linesOf(samples, store)
  }

  test('go on from what is stored after a restart, and where storing failed', () => {
    const store = storeWith()
    expect(take(store, first)).toEqual([NOTHING_YET, expect.stringMatching(/ 3 6 \{3:1,4:2\}$/)])
    expect(take(store, next)).toEqual([expect.stringMatching(/ 8 16 \{0:1,3:1,4:6\}$/)])
    const decoder = createDecoder({ meter: silentMeter })
    atOnce(decoder.decode(delta({ ...next, start: 20, end: 30 }), store))
    decoder.forget()
    expect(take(store, { ...next, start: 20, end: 30 }, decoder)).toEqual([expect.stringMatching(/ 13 26 /)])
  })

  test('are those of their own labels and of no other histogram', () => {
    const store = storeWith()
    take(store, first)
    expect(take(store, { ...next, name: 'took.other' })).toEqual([NOTHING_YET, expect.stringMatching(/ 5 10 /)])
    expect(take(store, { ...next })).toEqual([expect.stringMatching(/ 8 16 /)])
  })

  test('that were counted before a restart are refused after it', () => {
    const store = storeWith()
    take(store, first)
    expect(decoded(delta(first), { store })).toMatchObject({
      rejected: 1,
      message: 'a delta overlaps one before it (1)',
    })
  })

  test('are those of their labels, in whatever order their attributes come', () => {
    const store = storeWith()
    const decoder = createDecoder({ meter: silentMeter })
    const counted = (end: number, attributes: readonly string[]): string[] =>
      take(store, { ...first, start: end - 10, end, attributes }, decoder)
    const orders = [
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b'],
      ['b', 'a'],
    ] as const
    for (const [i, order] of orders.entries()) {
      const sum = expect.stringMatching(` ${(i + 1) * 3} ${(i + 1) * 6} `) as unknown
      expect(counted((i + 1) * 10, order)).toEqual(i === 0 ? [NOTHING_YET, sum] : [sum])
    }
    expect(counted(40, ['a', 'b'])).toEqual([])
  })

  test('begin anew after their series was marked as ended', () => {
    const store = storeWith()
    const decoder = createDecoder({ meter: silentMeter })
    take(store, first, decoder)
    const dataPoints = [{ timeUnixNano: nanos(T + 15), flags: 1 }]
    const ended = metrics({ name: 'took', exponentialHistogram: { aggregationTemporality: 1, dataPoints } })
    store.append(atOnce(decoder.decode(request('metrics', ended), store)).samples)
    expect(take(store, { ...next, start: 15 })).toEqual([NOTHING_YET, expect.stringMatching(/ 5 10 /)])
  })

  test('come to the same with and without restarts, whatever their scales and windows', () => {
    fc.assert(
      fc.property(intervals, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (counted, restarts) => {
        const whole = lives(counted, () => false)
        expect(lives(counted, (at) => restarts[at]!)).toEqual(whole)
      }),
      { numRuns: 30 },
    )
  })

  test('of more series than there is room for are refused, until some fall idle', () => {
    const store = storeWith()
    const decoder = createDecoder({ meter: silentMeter, delta_series: 2 })
    const named = (name: string, end: number): string[] => take(store, { ...first, end, name }, decoder)
    expect([named('a', 10), named('b', 20), named('c', 30)].map(({ length }) => length)).toEqual([2, 2, 0])
    const HOUR = 3_600_000
    take(store, { ...next, start: 20, end: 2 * HOUR, name: 'b' }, decoder)
    expect(named('c', 40)).toEqual([NOTHING_YET, expect.stringMatching(/ 3 6 /)])
    // What gave way is not forgotten: it goes on from the store, when there is room.
    expect(take(store, { ...next, name: 'a' }, decoder)).toEqual([])
    expect(take(store, { ...next, name: 'a' })).toEqual([expect.stringMatching(/ 8 16 /)])
  })
})
