// What a selection of many series does before it reads any, and in how many turns.
import { expect, test, vi } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels } from '../series.ts'
import { SampleTable } from './sample-table.ts'
import { SeriesTable } from './series-table.ts'
import { Store } from './store.ts'

const SERIES = 5000
const ALL = { from_ms: -Infinity, to_ms: Infinity }
const LEVEL = [{ name: '__name__', op: '=', value: 'level' }] as const

/** A store with a sample of each of many series; the first has an exemplar. */
function storeOfMany(): Store {
  const store = new Store({ limits: {}, analysis_ms: () => undefined, meter: silentMeter })
  const builder = new SampleBuilder()
  const about = { type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) } as const
  for (let i = 0; i < SERIES; i++) {
    const series = store.resolve({ ...about, labels: Labels.of({ __name__: 'level', id: String(i) }) })
    builder.float(series, 1000, i)
    if (i === 0) builder.exemplar({ series, time_ms: 1000, value: 1, labels: Labels.of({ trace_id: 'a' }) })
  }
  store.append(builder.batch())
  return store
}

test('too many series are refused before they are put in order, and before it is asked how many samples any has', () => {
  const store = storeOfMany()
  const ordered = vi.spyOn(SeriesTable.prototype, 'ordering')
  const estimate = vi.spyOn(SampleTable.prototype, 'estimate')
  const admit = (series: number): void => {
    throw new Error(`${series} are too many`)
  }
  expect(() => store.selecting(LEVEL, ALL, { admit }).next()).toThrow(`${SERIES} are too many`)
  expect(estimate).not.toHaveBeenCalled()
  expect(ordered).not.toHaveBeenCalled()
})

test('that is asked in turns, and told before any is read', () => {
  const store = storeOfMany()
  const told: (readonly [number, number])[] = []
  const read = vi.spyOn(SampleTable.prototype, 'read')
  const estimate = vi.spyOn(SampleTable.prototype, 'estimate')
  const admit = (series: number, samples: number): void => {
    told.push([series, samples])
  }
  let found = 0
  let most = 0
  for (const { slices } of store.selecting(LEVEL, ALL, { admit })) {
    if (told.length < 2) expect(read).not.toHaveBeenCalled()
    most = Math.max(most, estimate.mock.calls.length)
    estimate.mockClear()
    found += slices.length
  }
  expect(told).toEqual([
    [SERIES, 0],
    [SERIES, SERIES],
  ])
  expect(found).toBe(SERIES)
  expect(most).toBeLessThanOrEqual(1000)
})

test('exemplars are looked for where there are any: no more definitions are made', () => {
  const store = storeOfMany()
  const made = vi.spyOn(SeriesTable.prototype, 'definition')
  expect(store.exemplars(LEVEL, ALL).map(({ labels }) => labels.get('id'))).toEqual(['0'])
  expect(made).toHaveBeenCalledOnce()
})
