import { describe, expect, test } from 'vitest'

import { customShape, definedBy, type ExponentialShape, type HistogramShape } from '../exponential.ts'
import { silentMeter } from '../ports/meter.ts'
import { FLOAT_SAMPLE, type Matcher, type SeriesSlice } from '../ports/series-reader.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { Store } from './store.ts'

const ALL = { from_ms: -Infinity, to_ms: Infinity }

const base: ExponentialShape = {
  schema: 0,
  zero_threshold: 0,
  positive_offset: 0,
  positive_count: 4,
  negative_offset: 0,
  negative_count: 0,
}

const defined = (shape: Partial<HistogramShape>): SeriesDefinition => ({
  labels: Labels.of({ __name__: 'h', job: 'a' }),
  type: 'histogram',
  unit: 's',
  help: '',
  ...definedBy({ ...base, ...shape }),
})

interface Observed {
  readonly shape?: Partial<HistogramShape>
  readonly time_ms: number
  /** Zero bucket, those above zero, those below. */
  readonly buckets: readonly number[]
  readonly sum?: number
  readonly stale?: boolean
}

function storeOf(samples: readonly Observed[]): Store {
  const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  observe(store, samples)
  return store
}

function observe(store: Store, samples: readonly Observed[]): void {
  for (const { shape = {}, time_ms, buckets, sum = Number.NaN, stale = false } of samples) {
    const builder = new SampleBuilder()
    const count = buckets.reduce((a, b) => a + b, 0)
    builder.histogram({ series: store.resolve(defined(shape)), time_ms, sum, count, buckets, stale })
    store.append(builder.batch())
  }
}

const named = (value: string, op: Matcher['op'] = '='): Matcher[] => [{ name: '__name__', op, value }]

function shown(slices: readonly SeriesSlice[]): Record<string, [number, number][]> {
  return Object.fromEntries(
    slices.map(({ labels, time_ms, value }) => {
      const key = labels.has('le') ? labels.get('le') : labels.name
      return [key, Array.from(time_ms, (time, i) => [time, value[i]!])]
    }),
  )
}

describe('an exponential histogram', () => {
  const store = storeOf([
    { time_ms: 1000, buckets: [1, 0, 2, 3, 0], sum: 20 },
    { time_ms: 2000, buckets: [1, 0, 4, 3, 0] },
  ])

  test('is found under its own name as it is', () => {
    const [slice, ...others] = store.select(named('h'), ALL)
    expect(others).toEqual([])
    expect(String(slice!.labels)).toBe('h{job="a"}')
    expect([...slice!.value]).toEqual([Number.NaN, Number.NaN])
    expect(slice!.histograms).toEqual({
      sum: Float64Array.of(20, Number.NaN),
      count: Float64Array.of(6, 8),
      shapes: [base],
      shape: Uint32Array.of(0, 0),
      start: Uint32Array.of(0, 5, 10),
      buckets: Float64Array.of(1, 0, 2, 3, 0, 1, 0, 4, 3, 0),
    })
  })

  test('is found as buckets from the lowest filled one to the highest, sum and count', () => {
    expect(shown(store.select(named('h_.*', '=~'), ALL))).toEqual({
      '0.0': [
        [1000, 1],
        [2000, 1],
      ],
      '2.0': [
        [1000, 1],
        [2000, 1],
      ],
      '4.0': [
        [1000, 3],
        [2000, 5],
      ],
      '8.0': [
        [1000, 6],
        [2000, 8],
      ],
      '+Inf': [
        [1000, 6],
        [2000, 8],
      ],
      h_count: [
        [1000, 6],
        [2000, 8],
      ],
      h_sum: [[1000, 20]],
    })
    expect(shown(store.select([...named('h_bucket'), { name: 'le', op: '=', value: '4.0' }], ALL))).toEqual({
      '4.0': [
        [1000, 3],
        [2000, 5],
      ],
    })
    expect(store.select([{ name: 'le', op: '=', value: '' }], ALL).map(({ labels }) => labels.name)).toEqual([
      'h',
      'h_count',
      'h_sum',
    ])
  })

  test('has the label sets of both forms', () => {
    const expected = ['h', ...['+Inf', '0.0', '2.0', '4.0', '8.0'].map((le) => `h_bucket ${le}`), 'h_count']
    const sets = store.labelSets([], { from_ms: 2000, to_ms: 2000 })
    expect(sets.map((labels) => (labels.has('le') ? `${labels.name} ${labels.get('le')}` : labels.name))).toEqual(
      expected,
    )
    expect(store.labelSets([])).toEqual(sets)
    expect(store.labelSets(named('other'))).toEqual([])
    expect(store.extent(named('h'))).toEqual({ from_ms: 1000, to_ms: 2000, series: 1 })
  })

  test('survives sealing, files and a restart', () => {
    const many = Array.from({ length: 300 }, (_, i) => ({
      time_ms: i * 1000,
      buckets: [0, i, 2 * i, 0, 1],
      sum: i / 3,
    }))
    const long = storeOf(many)
    const again = new Store({ analysis_ms: () => undefined, meter: silentMeter })
    again.load(long.save().slice())
    for (const one of [long, again]) {
      const [slice] = one.select(named('h'), ALL)
      expect([...slice!.histograms!.buckets]).toEqual(many.flatMap(({ buckets }) => buckets))
      expect([...slice!.histograms!.sum]).toEqual(many.map(({ sum }) => sum))
    }
  })
})

describe('samples below zero', () => {
  test('count from the lowest bucket upwards', () => {
    const shape = { zero_threshold: 0.001, positive_count: 1, negative_offset: 1, negative_count: 2 }
    const store = storeOf([{ shape, time_ms: 1, buckets: [10, 100, 1, 2], sum: 0 }])
    // -(4 … 8], -(2 … 4], zero, (1 … 2].
    expect(shown(store.select(named('h_bucket'), ALL))).toEqual({
      '-4.0': [[1, 2]],
      '-2.0': [[1, 3]],
      '0.001': [[1, 13]],
      '2.0': [[1, 113]],
      '+Inf': [[1, 113]],
    })
  })
})

describe('a histogram whose shape changes', () => {
  const finer = { schema: 1, positive_offset: 2, positive_count: 4 }
  // Bounds of the first: 2 4 8 16; of the second: 2√2 4 4√2 8.
  const store = storeOf([
    { shape: finer, time_ms: 1000, buckets: [0, 1, 1, 1, 1], sum: 1 },
    { time_ms: 2000, buckets: [0, 0, 2, 3, 4], sum: 2 },
    { shape: finer, time_ms: 3000, buckets: [0, 5, 5, 5, 5], sum: 3 },
    { shape: finer, time_ms: 2000, buckets: [0, 9, 9, 9, 9], sum: 9 },
  ])

  test('stays one series, in order of time; of two samples of one time the first row stays', () => {
    const [slice, ...others] = store.select(named('h'), ALL)
    expect(others).toEqual([])
    expect([...slice!.time_ms]).toEqual([1000, 2000, 3000])
    expect(slice!.histograms!.shapes).toEqual([{ ...base, ...finer }, base])
    expect([...slice!.histograms!.shape]).toEqual([0, 0, 0])
    expect([...slice!.histograms!.start]).toEqual([0, 5, 10, 15])
  })

  test('shows in every bucket whose bound both have, or that lies beyond', () => {
    const changed = storeOf([
      { shape: finer, time_ms: 1000, buckets: [0, 1, 1, 1, 1], sum: 1 },
      { time_ms: 2000, buckets: [0, 0, 2, 3, 4], sum: 2 },
    ])
    const buckets = shown(changed.select(named('h_bucket'), ALL))
    expect(buckets).toEqual({
      [`${2 ** 1.5}`]: [[1000, 1]],
      '4.0': [
        [1000, 2],
        [2000, 2],
      ],
      [`${2 ** 2.5}`]: [[1000, 3]],
      '8.0': [
        [1000, 4],
        [2000, 5],
      ],
      '16.0': [
        [1000, 4],
        [2000, 9],
      ],
      '+Inf': [
        [1000, 4],
        [2000, 9],
      ],
    })
  })
})

test('an end is an end of all its series', () => {
  const store = storeOf([
    { time_ms: 1000, buckets: [0, 1, 0, 0, 0], sum: 1 },
    { time_ms: 2000, buckets: [0, 0, 0, 0, 0], stale: true },
  ])
  const slices = store.select([], ALL)
  expect(slices.map(({ stale }) => stale.join(''))).toEqual(slices.map(() => '01'))
  expect(slices.map(({ labels }) => labels.name)).toEqual(['h', 'h_bucket', 'h_bucket', 'h_count', 'h_sum'])
})

test('what one shape goes on with is not hidden by the end of another', () => {
  const store = storeOf([
    { time_ms: 1000, buckets: [0, 1, 0, 0, 0] },
    { time_ms: 2000, buckets: [0, 0, 0, 0, 0], stale: true },
    { shape: { schema: 1 }, time_ms: 2000, buckets: [0, 2, 0, 0, 0] },
  ])
  expect([...store.select(named('h'), ALL)[0]!.stale]).toEqual([0, 0])
})

describe('floats under the name of an exponential histogram', () => {
  const store = storeOf([
    { time_ms: 1000, buckets: [1, 0, 0, 0, 0], sum: 1 },
    { time_ms: 3000, buckets: [2, 1, 0, 0, 0], sum: 2 },
    { time_ms: 4000, buckets: [0, 0, 0, 0, 0], stale: true },
    { time_ms: 6000, buckets: [3, 1, 0, 0, 0], sum: 3 },
  ])
  const builder = new SampleBuilder()
  const series = store.resolve({ ...defined({}), kind: 'float', bounds: new Float64Array(0) })
  for (const time_ms of [2000, 3000, 4000, 5000]) builder.float(series, time_ms, time_ms / 1000, time_ms === 5000)
  store.append(builder.batch())

  test('are one series with it; of one time the histogram stays, unless it ends there', () => {
    const [slice, ...others] = store.select(named('h'), ALL)
    expect(others).toEqual([])
    expect([...slice!.time_ms]).toEqual([1000, 2000, 3000, 4000, 5000, 6000])
    expect([...slice!.stale]).toEqual([0, 0, 0, 0, 1, 0])
    expect([slice!.value[1], slice!.value[3]]).toEqual([2, 4])
    const { shape, start, sum, count, buckets } = slice!.histograms!
    expect([...shape]).toEqual([0, FLOAT_SAMPLE, 0, FLOAT_SAMPLE, FLOAT_SAMPLE, 0])
    expect([...start]).toEqual([0, 5, 5, 10, 10, 10, 15])
    expect([...sum]).toEqual([1, 0, 2, 0, 0, 3])
    expect([...count]).toEqual([1, 0, 3, 0, 0, 4])
    expect([...buckets]).toEqual([1, 0, 0, 0, 0, 2, 1, 0, 0, 0, 3, 1, 0, 0, 0])
  })

  test('are all there is where no histogram lies in the range', () => {
    const [slice] = store.select(named('h'), { from_ms: 2000, to_ms: 2000 })
    expect(slice!.histograms).toBeUndefined()
    expect([...slice!.value]).toEqual([2])
  })
})

describe('of bounds that are listed', () => {
  const bounds = Float64Array.of(-2, 0.5, 1)
  const store = storeOf([
    { shape: customShape(bounds), time_ms: 1, buckets: [0, 0, 2, 0, 3], sum: 7 },
    { shape: customShape(bounds), time_ms: 2, buckets: [0, 1, 2, 0, 3], sum: 6 },
    { shape: customShape(Float64Array.of(1, 5)), time_ms: 3, buckets: [0, 4, 0, 4], sum: 9 },
  ])

  test('histograms are found under their own name, with their bounds', () => {
    const [slice] = store.select(named('h'), ALL)
    const { shapes, shape, start, buckets } = slice!.histograms!
    const read = Array.from(shape, (at, i) => [
      shapes[at]!.schema,
      [...shapes[at]!.custom_bounds!],
      [...buckets.subarray(start[i], start[i + 1])],
    ])
    expect(read).toEqual([
      [-53, [-2, 0.5, 1], [0, 0, 2, 0, 3]],
      [-53, [-2, 0.5, 1], [0, 1, 2, 0, 3]],
      [-53, [1, 5], [0, 4, 0, 4]],
    ])
    const again = new Store({ analysis_ms: () => undefined, meter: silentMeter })
    again.load(store.save().slice())
    expect(again.select(named('h'), ALL)).toEqual(store.select(named('h'), ALL))
  })

  test('their classic form has each of them, where it is a bound of the sample', () => {
    expect(shown(store.select(named('h_.*', '=~'), ALL))).toEqual({
      '-2.0': [
        [1, 0],
        [2, 1],
      ],
      '0.5': [
        [1, 2],
        [2, 3],
      ],
      '1.0': [
        [1, 2],
        [2, 3],
        [3, 4],
      ],
      '5.0': [[3, 4]],
      '+Inf': [
        [1, 5],
        [2, 6],
        [3, 8],
      ],
      h_sum: [
        [1, 7],
        [2, 6],
        [3, 9],
      ],
      h_count: [
        [1, 5],
        [2, 6],
        [3, 8],
      ],
    })
  })

  test('an end of it is one, and a delta has nothing to go on from', () => {
    const ended = storeOf([{ shape: customShape(bounds), time_ms: 1, buckets: [0, 0, 2, 0, 3] }])
    expect(ended.newestExponential(Labels.of({ __name__: 'h', job: 'a' }))).toBeUndefined()
    observe(ended, [{ shape: customShape(bounds), time_ms: 2, buckets: [0, 0, 0, 0, 0], stale: true }])
    expect([...ended.select(named('h'), ALL)[0]!.stale]).toEqual([0, 1])
  })
})
