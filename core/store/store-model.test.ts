// The store against a model of a few lines: whatever comes in which order, both answer the same, restarts included.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import type { Matcher, SeriesSlice, TimeRange } from '../ports/series-reader.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { Store } from './store.ts'

const WINDOW_MS = 400
const BOUNDS = [0.5, 2]

interface Point {
  readonly series: number
  readonly time_ms: number
  readonly value: number
  readonly stale: boolean
}

const definitions: SeriesDefinition[] = [0, 1, 2, 3].map((i) => ({
  labels: Labels.of({ __name__: i < 2 ? 'x' : 'h', i: String(i) }),
  type: i < 2 ? 'gauge' : 'histogram',
  unit: '',
  help: '',
  kind: i < 2 ? 'float' : 'histogram',
  bounds: Float64Array.from(i < 2 ? [] : BOUNDS),
}))

/** Per series: samples by time, and the newest. */
class Model {
  readonly series = new Map<number, Map<number, Point>>()
  readonly newest = new Map<number, number>()

  add(point: Point): 'stored' | 'stored_late' | 'duplicate' | 'late_refused' {
    const newest = this.newest.get(point.series) ?? -Infinity
    if (point.time_ms < newest - WINDOW_MS) return 'late_refused'
    const samples = this.series.get(point.series) ?? new Map<number, Point>()
    const there = samples.get(point.time_ms)
    if (there !== undefined) {
      const same = there.stale === point.stale && (there.stale || Object.is(there.value, point.value))
      return same ? 'duplicate' : 'late_refused'
    }
    samples.set(point.time_ms, point)
    this.series.set(point.series, samples)
    if (point.time_ms < newest) return 'stored_late'
    this.newest.set(point.series, point.time_ms)
    return 'stored'
  }

  of(series: number, from_ms: number, to_ms: number): Point[] {
    return [...(this.series.get(series)?.values() ?? [])]
      .filter(({ time_ms }) => time_ms >= from_ms && time_ms <= to_ms)
      .toSorted((a, b) => a.time_ms - b.time_ms)
  }
}

function shown(slice: SeriesSlice): [number, number | string][] {
  return Array.from(slice.time_ms, (time_ms, i) => [time_ms, slice.stale[i] === 1 ? 'stale' : slice.value[i]!])
}

/** A point is so much behind or ahead of where the stream is. */
const step = fc.record({
  series: fc.nat(3),
  ahead: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.integer({ min: -500, max: 0 })),
  value: fc.oneof(fc.constantFrom(0, -0, 1, 2.5, Number.NaN), fc.double()),
  stale: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
})
const stream = fc.array(fc.array(step, { minLength: 1, maxLength: 400, size: 'max' }), { minLength: 1, maxLength: 5 })

function batchOf(points: readonly Point[]): SampleBuilder {
  const builder = new SampleBuilder()
  for (const { series, time_ms, value, stale } of points) {
    if (series < 2) builder.float(series, time_ms, value, stale)
    else builder.histogram({ series, time_ms, sum: value, count: 6, buckets: [1, 2, 3], stale })
  }
  return builder
}

/** How a store keeps what is sealed: in memory, or in files with little memory, so that all is read from there. */
interface Keeping {
  readonly folder?: string
  readonly cache_bytes?: number
}

const newStore = ({ folder, cache_bytes = 2 ** 28 }: Keeping): Store => {
  const limits = { out_of_order_ms: WINDOW_MS, retention_ms: Infinity, cache_bytes }
  return new Store({
    limits,
    analysis_ms: () => undefined,
    meter: silentMeter,
    ...(folder !== undefined && { folder }),
  })
}

type Shown = Record<string, [number, number | string][]>

/** What the model holds of a series, as its expanded series by `name/le`; empty ones left out. */
function expected(model: Model, series: number, from_ms: number, to_ms: number): Shown {
  const points = model.of(series, from_ms, to_ms)
  const as = (value: (point: Point) => number, some = points): [number, number | string][] => {
    return some.map((point) => [point.time_ms, point.stale ? 'stale' : value(point)])
  }
  const all: Shown =
    series < 2
      ? { 'x/': as(({ value }) => value) }
      : {
          'h_bucket/0.5': as(() => 1),
          'h_bucket/2.0': as(() => 3),
          'h_bucket/+Inf': as(() => 6),
          'h_count/': as(() => 6),
          'h_sum/': as(({ value }) => value, sums(model, series, points)),
        }
  return Object.fromEntries(Object.entries(all).filter(([, samples]) => samples.length > 0))
}

/** Points that show in `_sum`: where a sum was given, and ends; none at all where there never was one. */
function sums(model: Model, series: number, points: readonly Point[]): Point[] {
  const given = model.of(series, -Infinity, Infinity).some((p) => !p.stale && !Number.isNaN(p.value))
  return given ? points.filter((p) => p.stale || !Number.isNaN(p.value)) : []
}

function check(store: Store, model: Model, from_ms: number, to_ms: number): void {
  const range = { from_ms, to_ms }
  for (const series of definitions.keys()) {
    const matchers = [{ name: 'i', op: '=', value: String(series) } as const]
    const slices = store.select(matchers, range)
    const seen = slices.map((slice) => [`${slice.labels.name}/${slice.labels.get('le')}`, shown(slice)] as const)
    expect(Object.fromEntries(seen)).toEqual(expected(model, series, from_ms, to_ms))
    expect(slices.map((slice) => slice.labels.key)).toEqual(store.labelSets(matchers, range).map(({ key }) => key))
    const last = (slice: SeriesSlice): unknown => [slice.labels.key, shown(slice).at(-1)]
    expect(newestOf(store, matchers, range).map(last)).toEqual(slices.map(last))
    const passing = Array.from(store.selecting(matchers, range, { passing: true }), (batch) =>
      batch.slices.map((slice) => [slice.labels.key, shown(slice)]),
    )
    expect(passing.flat()).toEqual(slices.map((slice) => [slice.labels.key, shown(slice)]))
  }
}

/** What a selection gives that needs but the newest sample of each series. */
function newestOf(store: Store, matchers: readonly Matcher[], range: TimeRange): SeriesSlice[] {
  return Array.from(store.selecting(matchers, range, { newest: true }), ({ slices }) => slices).flat()
}

/** A new store with what the other saved. */
function restarted(store: Store, keeping: Keeping): Store {
  const saved = store.save().slice()
  store.close()
  const again = newStore(keeping)
  again.load(saved)
  expect(again.bytes).toBe(store.bytes)
  expect(again.save()).toEqual(saved)
  return again
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-model-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A gap in a stream after which every series has left memory. */
const GAP_MS = 4_000_000

test.each([
  ['in memory', {}],
  ['in memory, hastily', { cache_bytes: 256 }],
  ['in files, read from there', { cache_bytes: 1, folder: '' }],
  ['in files, some in memory', { cache_bytes: 40_000, folder: '' }],
] as const)('select answers as the model, before and after a restart in mid-stream and a pause: %s', (_, kept) => {
  expect.hasAssertions()
  fc.assert(
    fc.property(
      stream,
      fc.nat(5),
      fc.integer({ min: 0, max: 1500 }),
      fc.nat(1500),
      fc.nat(5),
      (batches, restart, from_ms, length, pause) => {
        rmSync(folder, { recursive: true })
        mkdirSync(folder)
        const keeping: Keeping = 'folder' in kept ? { ...kept, folder } : kept
        let store = newStore(keeping)
        const model = new Model()
        for (const definition of definitions) store.resolve(definition)
        let now_ms = 0
        for (const [i, steps] of batches.entries()) {
          if (i === pause) now_ms += GAP_MS
          const points = steps.map(({ series, ahead, value, stale }): Point => {
            now_ms = Math.max(now_ms, now_ms + ahead)
            return { series, time_ms: now_ms + Math.min(0, ahead), value, stale }
          })
          const { counts, fresh } = store.append(batchOf(points).batch())
          // Floats are taken first.
          const ordered = [...points.filter((p) => p.series < 2), ...points.filter((p) => p.series >= 2)]
          const outcomes = ordered.map((point) => model.add(point))
          expect([...fresh]).toEqual(outcomes.map((outcome) => (outcome === 'stored' ? 1 : 0)))
          for (const outcome of ['stored', 'stored_late', 'duplicate', 'late_refused'] as const) {
            expect(counts[outcome]).toBe(outcomes.filter((other) => other === outcome).length)
          }
          if (i === restart) store = restarted(store, keeping)
          check(store, model, from_ms, from_ms + length)
        }
        check(store, model, -Infinity, Infinity)
        store.close()
      },
    ),
    { numRuns: 25, interruptAfterTimeLimit: 6000 },
  )
})
