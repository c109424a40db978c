// Series that fell silent leave room for others within minutes, and keep their history.
import { expect, test } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, METRIC_NAME, type SeriesDefinition } from '../series.ts'
import type { StoreLimits } from './limits.ts'
import { Store } from './store.ts'

const MINUTE_MS = 60_000
const NO_BOUNDS = new Float64Array()

function gauge(name: string, pod: number): SeriesDefinition {
  const labels = Labels.of({ [METRIC_NAME]: name, pod: String(pod) })
  return { labels, type: 'gauge', unit: '', help: '', kind: 'float', bounds: NO_BOUNDS }
}

/** Pods by number, written by minute; a minute without any is not written at all. */
function stand(limits: Partial<StoreLimits>) {
  let now_ms = 0
  const make = () => new Store({ limits, analysis_ms: () => now_ms, meter: silentMeter })
  let store = make()
  const restart = () => {
    const saved = store.save().slice()
    store = make()
    store.load(saved)
  }
  /** How many were refused, and why. */
  const write = (minute: number, from: number, to: number, { name = 'x', stale = false } = {}) => {
    now_ms = minute * MINUTE_MS
    const builder = new SampleBuilder()
    const refused: string[] = []
    for (let pod = from; pod < to; pod++) {
      try {
        const id = store.resolve(gauge(name, pod))
        builder.float(id, now_ms, pod, stale)
      } catch (error) {
        refused.push((error as Error).message)
      }
    }
    store.append(builder.batch())
    return refused
  }
  const count = () => store.labelSets([{ name: METRIC_NAME, op: '=', value: 'x' }]).length
  return { write, count, restart }
}

test('pods that are replaced give way to those that replace them, five minutes later', () => {
  const { write, count } = stand({ series: 100 })
  for (let minute = 0; minute < 30; minute++) expect(write(minute, 0, 80)).toEqual([])
  for (let minute = 30; minute < 34; minute++) {
    const refused = write(minute, 100, 180)
    expect(refused).toHaveLength(60)
    expect(new Set(refused)).toEqual(new Set(['there are too many series: limits.series is 100']))
  }
  for (let minute = 34; minute < 36; minute++) write(minute, 100, 180)
  expect(write(36, 100, 180)).toEqual([])
  expect(count()).toBe(160)
  expect(write(37, 0, 80)).toEqual([])
})

test('where all there are are replaced by others at once, too', () => {
  const { write } = stand({ series: 100 })
  for (let minute = 0; minute < 30; minute++) write(minute, 0, 100)
  for (let minute = 30; minute < 34; minute++) expect(write(minute, 100, 200)).toHaveLength(100)
  for (let minute = 34; minute < 36; minute++) write(minute, 100, 200)
  expect(write(36, 100, 200)).toEqual([])
})

test('a minute later where they were marked stale', () => {
  const { write } = stand({ series: 100 })
  for (let minute = 0; minute < 30; minute++) write(minute, 0, 80)
  write(30, 0, 80, { stale: true })
  write(30, 100, 180)
  write(31, 100, 180)
  expect(write(32, 100, 180)).toEqual([])
})

test('of one metric as well', () => {
  const { write } = stand({ series_per_metric: 50 })
  for (let minute = 0; minute < 10; minute++) {
    write(minute, 0, 50)
    write(minute, 0, 50, { name: 'y' })
  }
  for (let minute = 10; minute < 17; minute++) {
    write(minute, 100, 150)
    expect(write(minute, 100, 150, { name: 'y' }).length).toBe(minute < 14 ? 50 : 0)
    write(minute, 0, 1)
  }
  expect(write(17, 100, 149)).toEqual([])
})

test('where nothing came for an hour none of them is silent when it goes on', () => {
  const { write } = stand({ series: 100 })
  for (let minute = 0; minute < 10; minute++) write(minute, 0, 90)
  expect(write(80, 100, 150)).toHaveLength(40)
  expect(write(81, 0, 90)).toEqual([])
  for (let minute = 82; minute < 95; minute++) {
    write(minute, 0, 90)
    expect(write(minute, 100, 150)).toHaveLength(40)
  }
})

test.each([0, 60])('who was silent still is after a restart, %d minutes later, and nobody else', (away) => {
  const { write, restart } = stand({ series: 100 })
  for (let minute = 0; minute < 30; minute++) write(minute, 0, 80)
  for (let minute = 30; minute < 40; minute++) write(minute, 100, 180)
  restart()
  // What the journal has, and what comes next.
  expect(write(40 + away, 200, 220)).toEqual([])
  expect(write(41 + away, 220, 240)).toHaveLength(20)
  restart()
  for (let minute = 42 + away; minute < 50 + away; minute++) {
    write(minute, 100, 180)
    write(minute, 200, 220)
    expect(write(minute, 220, 240)).toHaveLength(20)
  }
})

test('there is a limit of all whose history is kept: what is live does not give way', () => {
  const { write } = stand({ series: 25, series_kept: 25 })
  for (let minute = 0; minute < 20; minute++) {
    expect(write(minute, 0, 25)).toEqual([])
    const refused = write(minute, 100, 110)
    expect(refused).toHaveLength(10)
    expect(new Set(refused)).toEqual(
      new Set(['too many series have samples, ended ones included: limits.series_kept is 25']),
    )
  }
})
