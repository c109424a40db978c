import { expect, test } from 'vitest'

import { DerivedSamples } from '#core/derived.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { ResultSeries } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'
import { Store } from '#core/store/store.ts'

import { RecordedHistograms } from './recorded-histograms.ts'

const ALL = { from_ms: 0, to_ms: 1000 }
const STEP = { from_ms: 0, to_ms: 0, interval_ms: 10, again: false }
const bounds = Float64Array.of(-1, 0.5, 2)
const labels = Labels.of({ __name__: 'r', job: 'a' })

/** As a query over native histograms with custom buckets gives it: buckets without observations are left out. */
function resultAt(...times: number[]): Map<string, ResultSeries> {
  const buckets = [
    { bounds: 3 as const, lower: -Infinity, upper: -1, count: 2 },
    { bounds: 0 as const, lower: 0.5, upper: 2, count: 3 },
    { bounds: 0 as const, lower: 2, upper: Infinity, count: 4 },
  ]
  const histograms = times.map((time_ms) => ({
    time_ms,
    value: { count: 9, sum: 1.5, buckets, custom_bounds: bounds },
  }))
  const none = { time_ms: new Float64Array(0), value: new Float64Array(0) }
  return new Map(times.length === 0 ? [] : [[labels.key, { labels, ...none, histograms }]])
}

test('histograms with bounds of their own keep them, and end, after a restart too', () => {
  const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  const derived = new DerivedSamples(store)
  const first = new RecordedHistograms(derived)
  expect(first.take(resultAt(0), STEP)).toBe(0)
  derived.flush()
  const saved = first.save()
  expect(saved).toEqual([[{ __name__: 'r', job: 'a' }, [-1, 0.5, 2], 'custom']])
  const second = new RecordedHistograms(derived)
  second.load(saved)
  expect(second.take(resultAt(), { ...STEP, from_ms: 10, to_ms: 10 })).toBe(0)
  derived.flush()
  const [slice, ...others] = store.select([{ name: '__name__', op: '=', value: 'r' }], ALL)
  expect(others).toEqual([])
  expect([[...slice!.time_ms], [...slice!.stale]]).toEqual([
    [0, 10],
    [0, 1],
  ])
  const { shapes, sum, count, start, buckets } = slice!.histograms!
  expect([shapes[0]!.custom_bounds, sum[0], count[0]]).toEqual([bounds, 1.5, 9])
  expect([...buckets.subarray(start[0], start[1])]).toEqual([0, 2, 0, 3, 4])
})
