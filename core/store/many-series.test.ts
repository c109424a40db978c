// Whatever is asked about very many series, between two turns of others no more than some thousand of their texts and lists are read.
import { expect, test, vi } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import type { Matcher } from '../ports/series-reader.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { LabelPairs } from './label-pairs.ts'
import { Postings } from './postings.ts'
import { Store } from './store.ts'

const SERIES = 40_000
const HISTOGRAMS = 2000
/** Texts of labels, lists of rows. */
const MOST = 12_000
const ALL = { from_ms: -Infinity, to_ms: Infinity }

function storeOfMany(): Store {
  const limits = { series: 2 * SERIES, series_per_metric: 2 * SERIES }
  const store = new Store({ limits, analysis_ms: () => undefined, meter: silentMeter })
  const builder = new SampleBuilder()
  const about = { type: 'gauge', unit: '', help: '' } as const
  const resolve = (labels: Record<string, string>, rest: Pick<SeriesDefinition, 'kind' | 'bounds'>): number =>
    store.resolve({ ...about, ...rest, labels: Labels.of(labels) })
  for (let i = 0; i < SERIES; i++) {
    const labels = { __name__: 'level', id: `${(i * 7919) % SERIES}`, zone: `z${i % 7}` }
    builder.float(resolve(labels, { kind: 'float', bounds: new Float64Array(0) }), 1000, i)
  }
  for (let i = 0; i < HISTOGRAMS; i++) {
    const series = resolve({ __name__: 'took', id: `${i}` }, { kind: 'histogram', bounds: Float64Array.of(1, 2) })
    builder.histogram({ series, time_ms: 1000, sum: 1, count: 3, buckets: [1, 1, 1] })
  }
  store.append(builder.batch())
  return store
}

const store = storeOfMany()
const matching = (name: string, op: Matcher['op'], value: string): Matcher[] => [{ name, op, value }]

test.each<[string, () => Iterator<unknown, unknown>]>([
  ['a list of all', () => store.listing([])],
  ['a list by an expression', () => store.listing(matching('id', '=~', '.*[13579]'))],
  ['a list by an expression for what is not there', () => store.listing(matching('id', '!~', '.*[13579]'))],
  ['a list by a name that may be absent', () => store.listing(matching('__name__', '!~', 'took.*'))],
  ['a selection', () => store.selecting(matching('id', '=~', '.+7.*'), ALL)],
  ['names', () => store.labelNames(matching('id', '!=', ''))],
  ['metric names', () => store.labelValues('__name__', [])],
  ['values', () => store.labelValues('id', [])],
  ['values of some', () => store.labelValues('id', matching('zone', '=', 'z3'), ALL)],
  ['bounds', () => store.labelValues('le', matching('id', '!=', ''))],
])('%s', (_, ask) => {
  const pairs = LabelPairs.prototype
  const read = [vi.spyOn(pairs, 'value'), vi.spyOn(pairs, 'texts'), vi.spyOn(Postings.prototype, 'rows')]
  const steps = ask()
  let most = 0
  for (let done: boolean | undefined = false; done !== true;) {
    for (const one of read) one.mockClear()
    done = steps.next().done
    most = Math.max(most, ...read.map(({ mock }) => mock.calls.length))
  }
  vi.restoreAllMocks()
  expect(most).toBeLessThan(MOST)
})
