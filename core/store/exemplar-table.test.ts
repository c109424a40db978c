import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { boundsOfShape } from '../exponential.ts'
import { silentMeter } from '../ports/meter.ts'
import type { Matcher } from '../ports/series-reader.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { ExemplarTable } from './exemplar-table.ts'
import { Store } from './store.ts'

const trace = (id: number): Labels => Labels.of({ trace_id: String(id) })
const times = (table: ExemplarTable, series: number): number[] => table.of(series).map(({ time_ms }) => time_ms)

test('the newest of a series stay, in order of time, each once', () => {
  const table = new ExemplarTable({ exemplars: 100, exemplars_per_series: 3 })
  const add = (time_ms: number, value = 1): boolean => table.add({ series: 7, time_ms, value, labels: trace(time_ms) })
  expect([5, 3, 4, 4, 9, 3, 1].map((time_ms) => add(time_ms))).toEqual([true, true, true, false, true, false, false])
  expect(times(table, 7)).toEqual([4, 5, 9])
  expect(add(9, 2)).toBe(true)
  expect(times(table, 7)).toEqual([5, 9, 9])
})

test('beyond the limit in all, the series that was quiet for longest loses first', () => {
  const table = new ExemplarTable({ exemplars: 4, exemplars_per_series: 3 })
  for (const [series, time_ms] of [
    [1, 1],
    [1, 2],
    [2, 3],
    [3, 4],
    [1, 5],
    [3, 6],
  ] as const) {
    table.add({ series, time_ms, value: 0, labels: Labels.empty })
  }
  expect([times(table, 1), times(table, 2), times(table, 3)]).toEqual([[2, 5], [], [4, 6]])
})

test('never more than the limits, whatever comes', () => {
  expect.hasAssertions()
  const one = fc.record({
    series: fc.nat(6),
    time_ms: fc.nat(30),
    value: fc.nat(3),
    gone: fc.integer({ min: 0, max: 30 }),
  })
  fc.assert(
    fc.property(fc.array(one, { maxLength: 200 }), (steps) => {
      const table = new ExemplarTable({ exemplars: 12, exemplars_per_series: 4 })
      for (const { series, time_ms, value, gone } of steps) {
        if (gone === 0) table.remove(series)
        else table.add({ series, time_ms, value, labels: Labels.empty })
        const held = Array.from({ length: 7 }, (_, i) => times(table, i))
        expect(held.flat()).toHaveLength(table.size)
        expect(table.size).toBeLessThanOrEqual(12)
        expect(held.every((list) => list.length <= 4)).toBe(true)
        expect(held).toEqual(held.map((list) => list.toSorted((a, b) => a - b)))
      }
    }),
  )
})

describe('in the store', () => {
  const define = (name: string, kind: SeriesDefinition['kind'], bounds: Float64Array): SeriesDefinition => {
    return { labels: Labels.of({ __name__: name }), type: 'unknown', unit: '', help: '', kind, bounds }
  }
  const named = (value: string): Matcher[] => [{ name: '__name__', op: '=', value }]
  const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  const builder = new SampleBuilder()
  const float = store.resolve(define('requests', 'float', new Float64Array(0)))
  const classic = store.resolve(define('seconds', 'histogram', Float64Array.of(0.1, 1)))
  const shape = {
    schema: 0,
    zero_threshold: 0,
    positive_offset: 0,
    positive_count: 2,
    negative_offset: 0,
    negative_count: 0,
  }
  const exponential = store.resolve(define('bytes', 'exponential', boundsOfShape(shape)))
  builder.float(float, 1000, 1)
  builder.histogram({ series: classic, time_ms: 1000, sum: 1, count: 3, buckets: [1, 1, 1] })
  builder.histogram({ series: exponential, time_ms: 1000, sum: 1, count: 3, buckets: [1, 1, 1] })
  for (const [series, value, time_ms] of [
    [float, 1, 900],
    [classic, 0.5, 900],
    [classic, 0.1, 950],
    [classic, 5, 910],
    [exponential, 3, 900],
  ] as const) {
    builder.exemplar({ series, time_ms, value, labels: trace(value) })
  }
  store.append(builder.batch())
  const saved = store.save().slice()
  const again = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  again.load(saved)

  const shown = (from: Store, matchers: readonly Matcher[], to_ms = 1000): [string, number[]][] => {
    const slices = from.exemplars(matchers, { from_ms: 900, to_ms })
    return slices.map(({ labels, exemplars }) => [String(labels), exemplars.map(({ value }) => value)])
  }

  test.each([
    ['of a float', named('requests'), [['requests', [1]]]],
    [
      'of a histogram, in the bucket into which it fell',
      named('seconds_bucket'),
      [
        ['seconds_bucket{le="+Inf"}', [5]],
        ['seconds_bucket{le="0.1"}', [0.1]],
        ['seconds_bucket{le="1.0"}', [0.5]],
      ],
    ],
    [
      'of one bucket',
      [...named('seconds_bucket'), { name: 'le', op: '=', value: '1.0' }],
      [['seconds_bucket{le="1.0"}', [0.5]]],
    ],
    ['of an exponential histogram', named('bytes'), [['bytes', [3]]]],
    ['of its classic form', named('bytes_bucket'), [['bytes_bucket{le="4.0"}', [3]]]],
    ['of a sum: none', named('seconds_sum'), []],
  ] as [string, Matcher[], [string, number[]][]][])('are found: %s', (_, matchers, expected) => {
    expect(shown(store, matchers)).toEqual(expected)
    expect(shown(again, matchers)).toEqual(expected)
  })

  test('of the range only', () => {
    expect(shown(store, named('seconds_bucket'), 949).map(([labels]) => labels)).toEqual([
      'seconds_bucket{le="+Inf"}',
      'seconds_bucket{le="1.0"}',
    ])
  })
})
