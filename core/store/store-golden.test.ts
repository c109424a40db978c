// Snapshots of the store with their files, as released versions wrote them. A golden file never changes: a new format gets a new one.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { boundsOfShape } from '../exponential.ts'
import { silentMeter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { IN_FLIGHT } from './ended-series.ts'
import { PAGE_ROWS } from './row-column.ts'
import { Store } from './store.ts'

const GOLDEN = join(import.meta.dirname, '../../tests/golden/store')
const START_MS = 1_700_000_000_000
const ALL = { from_ms: -Infinity, to_ms: Infinity }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-golden-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const storeIn = (path: string): Store => new Store({ analysis_ms: () => undefined, meter: silentMeter, folder: path })

function define(name: string, kind: SeriesDefinition['kind'], bounds: Float64Array): SeriesDefinition {
  const labels = Labels.of({ __name__: name, service_name: 'shop', zone: 'a b' })
  return { labels, type: kind === 'float' ? 'gauge' : 'histogram', unit: 's', help: 'Help.', kind, bounds }
}

/** Every kind of column and row: decimals, counters, pages, noise, odd values, late and stale samples, histograms, exemplars. */
function fill(store: Store): void {
  const values: Record<string, (i: number) => number> = {
    decimals: (i) => (i * 37) / 100,
    counter: (i) => i * i,
    pages: (i) => 4096 * (i % 17),
    constant: () => 42,
    noise: (i) => Math.sin(i),
    odd: (i) => [-0, Infinity, -Infinity, Number.NaN, 5e-324, 2 ** 53][i % 6]!,
  }
  const builder = new SampleBuilder()
  for (const [name, value] of Object.entries(values)) {
    const id = store.resolve(define(name, 'float', new Float64Array(0)))
    for (let i = 0; i < 700; i++) builder.float(id, START_MS + i * 10_000, value(i), i === 99)
    // Into a chunk that is in a file, into one that grows, into the head.
    for (const i of [695, 693, 600.5, 520.5]) builder.float(id, START_MS + i * 10_000 + 1, i)
  }
  const classic = store.resolve(define('classic', 'histogram', Float64Array.of(0.1, 1)))
  const shape = {
    schema: 2,
    zero_threshold: 0.001,
    positive_offset: -3,
    positive_count: 2,
    negative_offset: 1,
    negative_count: 1,
  }
  const exponential = store.resolve(define('exponential', 'exponential', boundsOfShape(shape)))
  for (let i = 0; i < 100; i++) {
    const sample = { time_ms: START_MS + i * 60_000, sum: i / 4, count: 6 * i }
    builder.histogram({ ...sample, series: classic, buckets: [i, 2 * i, 3 * i] })
    builder.histogram({ ...sample, series: exponential, buckets: [i, i, 2 * i, 2 * i], stale: i === 50 })
  }
  builder.exemplar({ series: classic, time_ms: START_MS, value: 0.5, labels: Labels.of({ trace_id: 'abc' }) })
  store.append(builder.batch())
}

/** Where a head ends decides in what order samples are added up. */
const near = (sums: Float64Array): number[] => Array.from(sums, (sum) => Number(sum.toPrecision(12)))

function answers(store: Store): unknown {
  return {
    samples: store
      .select([], ALL)
      .map((slice) => [String(slice.labels), slice.time_ms, slice.value, slice.stale, slice.histograms]),
    rollups: [store.rollups([], ALL, 300_000), store.rollups([], ALL, 3_600_000)].map((slices) =>
      slices.map(({ labels, sum, ...columns }) => [String(labels), near(sum), columns]),
    ),
    exemplars: store
      .exemplars([], ALL)
      .map(({ labels, exemplars }) => [String(labels), exemplars.map(({ value }) => value)]),
    metadata: store.metadata(),
  }
}

/** Writes what is not there yet: of a format that was never released. */
function keep(name: string, saved: Uint8Array): string {
  const kept = join(GOLDEN, name)
  if (!existsSync(kept)) {
    mkdirSync(kept, { recursive: true })
    cpSync(folder, kept, { recursive: true })
    writeFileSync(join(kept, 'snapshot'), saved)
  }
  return kept
}

/** So many samples that chunks are joined, and some that are begin with an index. */
function fillLong(store: Store): void {
  fill(store)
  const id = store.resolve(define('long', 'float', new Float64Array(0)))
  const builder = new SampleBuilder()
  for (let i = 0; i < 4500; i++)
    builder.float(id, START_MS + i * 10_000, Math.round(1e6 * Math.sin(i)) / 1e6, i === 1500)
  store.append(builder.batch())
}

/** The same behind so many series that are gone that pages of rows are: what stays lies around and behind them. */
function fillBehind(store: Store): void {
  const old_ms = START_MS - 30 * 86_400_000
  const builder = new SampleBuilder()
  for (let i = 0; i < 3 * PAGE_ROWS; i++) {
    const id = store.resolve(define(`gone_${i}`, 'float', new Float64Array(0)))
    // Not the first.
    builder.float(id, i === 0 ? START_MS : old_ms, i)
  }
  store.append(builder.batch())
  const stays = store.resolve(define('stays', 'float', new Float64Array(0)))
  for (let i = 0; i <= 3 * IN_FLIGHT; i++) {
    const one = new SampleBuilder()
    one.float(stays, START_MS + i * 1000, i)
    store.append(one.batch())
  }
  fillLong(store)
}

/** A kind that came later. */
function fillCustom(store: Store): void {
  fill(store)
  const custom = store.resolve(define('custom', 'custom', Float64Array.of(-1, 0.5)))
  const builder = new SampleBuilder()
  for (let i = 0; i < 100; i++) {
    const sample = { series: custom, time_ms: START_MS + i * 60_000, sum: i / 4, count: 6 * i }
    builder.histogram({ ...sample, buckets: [0, i, 2 * i, 3 * i], stale: i === 50 })
  }
  builder.exemplar({ series: custom, time_ms: START_MS, value: 0.2, labels: Labels.of({ trace_id: 'abc' }) })
  store.append(builder.batch())
}

test.each([
  ['2', fill],
  ['3', fill],
  ['4', fillLong],
  ['5', fillLong],
  ['6', fillBehind],
  ['6-custom', fillCustom],
  ['7', fillBehind],
])('a snapshot of format %s loads, with its files', (format, make) => {
  const made = storeIn(folder)
  make(made)
  const kept = keep(format, made.save())
  const copy = join(folder, 'copy')
  cpSync(kept, copy, { recursive: true })
  const store = storeIn(copy)
  store.load(readFileSync(join(kept, 'snapshot')))
  expect(answers(store)).toEqual(answers(made))
  store.close()
  made.close()
})

test('what is not ours is refused, and changes nothing', () => {
  const store = storeIn(folder)
  fill(store)
  const before = answers(store)
  const saved = store.save().slice()
  expect(() => store.load(Uint8Array.of(8, ...saved.subarray(1)))).toThrow(
    'the store has format 8; this version reads formats 1 to 7',
  )
  expect(() => store.load(saved.subarray(0, saved.length - 1))).toThrow(expect.objectContaining({ code: 'bad_data' }))
  expect(() => store.load(Uint8Array.of(...saved, 0))).toThrow('1 bytes too many')
  expect(answers(store)).toEqual(before)
  store.close()
})
