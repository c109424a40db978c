import fc from 'fast-check'
import { expect, test } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import type { RollupResolution } from '../ports/series-reader.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import type { StoreLimits } from './limits.ts'
import type { RollupSlice } from './rollup-slices.ts'
import { Store } from './store.ts'

const ALL = { from_ms: -Infinity, to_ms: Infinity }
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const RESOLUTIONS: readonly RollupResolution[] = [300_000, 3_600_000]

const gauge: SeriesDefinition = {
  labels: Labels.of({ __name__: 'x' }),
  type: 'gauge',
  unit: '',
  help: '',
  kind: 'float',
  bounds: new Float64Array(0),
}

function storeWith(limits: Partial<StoreLimits> = {}): Store {
  return new Store({
    limits: { retention_ms: Infinity, out_of_order_ms: Infinity, ...limits },
    analysis_ms: () => undefined,
    meter: silentMeter,
  })
}

interface Point {
  readonly time_ms: number
  readonly value: number
  readonly stale: boolean
}

function append(store: Store, points: readonly Point[]): void {
  const builder = new SampleBuilder()
  const id = store.resolve(gauge)
  for (const { time_ms, value, stale } of points) builder.float(id, time_ms, value, stale)
  store.append(builder.batch())
}

function rows({ time_ms, min, max, sum, count, last }: RollupSlice): number[][] {
  return Array.from(time_ms, (time, i) => [time, min[i]!, max[i]!, sum[i]!, count[i]!, last[i]!])
}

function rolled(store: Store, resolution_ms: RollupResolution): number[][] {
  return store.rollups([], ALL, resolution_ms).flatMap(rows)
}

/** The same from all points, the first of two at one time winning. */
function expected(points: readonly Point[], resolution_ms: number): number[][] {
  const once = new Map(points.toReversed().map((point) => [point.time_ms, point]))
  const buckets = new Map<number, number[]>()
  for (const { time_ms, value, stale } of [...once.values()].toSorted((a, b) => a.time_ms - b.time_ms)) {
    if (stale || Number.isNaN(value)) continue
    const start = Math.floor(time_ms / resolution_ms) * resolution_ms
    buckets.set(start, [...(buckets.get(start) ?? []), value])
  }
  return [...buckets].map(([start, values]) => {
    return [
      start,
      Math.min(...values),
      Math.max(...values),
      values.reduce((a, b) => a + b),
      values.length,
      values.at(-1)!,
    ]
  })
}

const step = fc.record({
  ahead: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -20_000_000, max: 0 }) },
    { weight: 1, arbitrary: fc.constant(300_000) },
  ),
  // Sums of these are exact in every order.
  value: fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constant(Number.NaN)),
  stale: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
})

test.each([2 ** 28, 4096, 1])(
  'are what the samples give, late ones and restarts included, with %i bytes of memory',
  (cache_bytes) => {
    expect.hasAssertions()
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 2000, size: 'max' }), fc.nat(2000), (steps, restart) => {
        let store = storeWith({ cache_bytes })
        const points: Point[] = []
        let now_ms = 0
        for (const [i, { ahead, value, stale }] of steps.entries()) {
          now_ms = Math.max(now_ms, now_ms + ahead)
          const point = { time_ms: Math.max(0, now_ms + Math.min(0, ahead)), value, stale }
          points.push(point)
          append(store, [point])
          if (i !== restart) continue
          const saved = store.save().slice()
          store = storeWith({ cache_bytes })
          store.load(saved)
        }
        for (const resolution_ms of RESOLUTIONS)
          expect(rolled(store, resolution_ms)).toEqual(expected(points, resolution_ms))
      }),
      { numRuns: 15, interruptAfterTimeLimit: 5000 },
    )
  },
)

test('those are answered whose buckets begin in the range', () => {
  const store = storeWith()
  append(
    store,
    Array.from({ length: 500 }, (_, i) => ({ time_ms: i * MINUTE, value: i, stale: false })),
  )
  const range = { from_ms: HOUR, to_ms: 3 * HOUR }
  expect(store.rollups([], range, 3_600_000).flatMap(rows)).toEqual([
    [HOUR, 60, 119, (60 * (60 + 119)) / 2, 60, 119],
    [2 * HOUR, 120, 179, (60 * (120 + 179)) / 2, 60, 179],
    [3 * HOUR, 180, 239, (60 * (180 + 239)) / 2, 60, 239],
  ])
  expect(store.rollups([{ name: '__name__', op: '=', value: 'y' }], range, 300_000)).toEqual([])
})

test('outlive the samples of a series that goes on, and end with it', () => {
  const store = storeWith({ retention_ms: 24 * HOUR, rollups_ms: 30 * 24 * HOUR, cache_bytes: 100_000 })
  for (let day = 0; day < 40; day++) {
    append(
      store,
      Array.from({ length: 1440 }, (_, i) => ({ time_ms: (day * 1440 + i) * MINUTE, value: day, stale: false })),
    )
  }
  expect(store.extent([])!.from_ms).toBeGreaterThan(37 * 24 * HOUR)
  for (const resolution_ms of RESOLUTIONS) {
    const found = rolled(store, resolution_ms)
    // A file of rollups spans two days, and goes as a whole.
    expect(found[0]![0]).toBeGreaterThan(5 * 24 * HOUR)
    expect(found[0]![0]).toBeLessThanOrEqual(10 * 24 * HOUR)
    // Of the oldest bucket, a part may have gone.
    const whole = found.slice(1)
    expect(whole).toEqual(
      whole.map(([time_ms]) => {
        const day = Math.floor(time_ms! / (24 * HOUR))
        const count = resolution_ms / MINUTE
        return [time_ms, day, day, day * count, count, day]
      }),
    )
  }
  const other = new SampleBuilder()
  const id = store.resolve({ ...gauge, labels: Labels.of({ __name__: 'y' }) })
  for (let i = 0; i < 100; i++) {
    other.clear()
    other.float(id, (41 * 24 + i) * HOUR, i)
    store.append(other.batch())
  }
  expect(store.rollups([], ALL, 3_600_000).map(({ labels }) => String(labels))).toEqual(['y'])
})
