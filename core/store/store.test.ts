import { describe, expect, test } from 'vitest'

import { type Counter, type Meter, silentMeter } from '../ports/meter.ts'
import type { Matcher, SeriesSlice } from '../ports/series-reader.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import type { StoreLimits } from './limits.ts'
import { Store } from './store.ts'

const ALL = { from_ms: -Infinity, to_ms: Infinity }

const gauge = (labels: Record<string, string>): SeriesDefinition => {
  return { labels: Labels.of(labels), type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) }
}

const histogram = (labels: Record<string, string>, bounds: readonly number[]): SeriesDefinition => {
  return {
    labels: Labels.of(labels),
    type: 'histogram',
    unit: 's',
    help: 'How long.',
    kind: 'histogram',
    bounds: Float64Array.from(bounds),
  }
}

function storeWith(limits: Partial<StoreLimits> = {}, analysis_ms: () => number | undefined = () => undefined): Store {
  return new Store({ limits, analysis_ms, meter: silentMeter })
}

function write(store: Store, definition: SeriesDefinition, samples: readonly (readonly [number, number])[]): number[] {
  const builder = new SampleBuilder()
  const id = store.resolve(definition)
  for (const [time_ms, value] of samples) builder.float(id, time_ms, value)
  return [...store.append(builder.batch()).fresh]
}

interface Observed {
  readonly time_ms: number
  readonly buckets: readonly number[]
  readonly sum?: number
  readonly stale?: boolean
}

function observe(store: Store, definition: SeriesDefinition, samples: readonly Observed[]): void {
  const builder = new SampleBuilder()
  const series = store.resolve(definition)
  for (const { time_ms, buckets, sum = Number.NaN, stale = false } of samples) {
    const count = buckets.reduce((a, b) => a + b, 0)
    builder.histogram({ series, time_ms, sum, count, buckets, stale })
  }
  store.append(builder.batch())
}

const matcher = (name: string, op: Matcher['op'], value: string): Matcher => ({ name, op, value })
const named = (value: string): Matcher[] => [matcher('__name__', '=', value)]
const show = (slices: readonly SeriesSlice[]): Record<string, [number, number][]> => {
  return Object.fromEntries(
    slices.map(({ labels, time_ms, value }) => [String(labels), Array.from(time_ms, (t, i) => [t, value[i]!])]),
  )
}
const names = (labels: readonly Labels[]): string[] => labels.map(String)

describe('samples', () => {
  test('of a batch that takes several steps are told as those of one', () => {
    const store = storeWith()
    const [a, b] = [gauge({ __name__: 'a' }), histogram({ __name__: 'b' }, [1])]
    write(store, a, [[50_000, 1]])
    const builder = new SampleBuilder()
    const [float, wide] = [store.resolve(a), store.resolve(b)]
    // In the middle one that is late, a duplicate and one that is refused.
    const times = Array.from({ length: 40_000 }, (_, i) => 50_001 + i)
    times.splice(20_000, 3, 49_000, 50_000, 70_000)
    for (const [i, time_ms] of times.entries()) builder.float(float, time_ms, i === 20_002 ? -1 : 1)
    for (let i = 0; i < 5000; i++)
      builder.histogram({ series: wide, time_ms: 1 + i, sum: 1, count: 2, buckets: [1, 1] })
    builder.histogram({ series: wide, time_ms: 4000, sum: 2, count: 3, buckets: [1, 2] })
    const { counts, refused_histograms, fresh } = store.append(builder.batch())
    expect(counts).toMatchObject({ stored: 44_997, stored_late: 1, duplicate: 1, late_refused: 2 })
    expect(refused_histograms).toBe(1)
    const stale = Array.from(fresh.entries()).flatMap(([i, flag]) => (flag === 1 ? [] : [i]))
    expect(stale).toEqual([20_000, 20_001, 20_002, 45_000])
    expect(store.select(named('a'), ALL)[0]!.time_ms).toHaveLength(39_999)
  })

  test('come back in order of time, only those of the range', () => {
    const store = storeWith()
    write(store, gauge({ __name__: 'up', job: 'a' }), [
      [1000, 1],
      [2000, 2],
      [3000, 3],
    ])
    expect(show(store.select(named('up'), { from_ms: 2000, to_ms: 3000 }))).toEqual({
      'up{job="a"}': [
        [2000, 2],
        [3000, 3],
      ],
    })
    expect(store.select(named('up'), { from_ms: 2001, to_ms: 2999 })).toEqual([])
    expect(store.extent(named('up'))).toEqual({ from_ms: 1000, to_ms: 3000, series: 1 })
    expect(store.extent(named('down'))).toBeNull()
  })

  test('are fresh where they are the newest of their series', () => {
    const store = storeWith()
    const samples: [number, number][] = [
      [1000, 1],
      [3000, 3],
      [2000, 2],
      [3000, 3],
      [4000, 4],
    ]
    expect(write(store, gauge({ __name__: 'x' }), samples)).toEqual([1, 1, 0, 0, 1])
    expect(show(store.select(named('x'), ALL))['x']).toEqual([
      [1000, 1],
      [2000, 2],
      [3000, 3],
      [4000, 4],
    ])
  })

  test('that come twice are duplicates; of two values at one time the first stays', () => {
    const store = storeWith()
    const builder = new SampleBuilder()
    const id = store.resolve(gauge({ __name__: 'x' }))
    builder.float(id, 1000, Number.NaN)
    builder.float(id, 1000, Number.NaN)
    builder.float(id, 1000, 7)
    builder.float(id, 2000, 0, true)
    builder.float(id, 2000, 5, true)
    builder.float(id, 2000, 0, false)
    const { counts } = store.append(builder.batch())
    expect(counts).toEqual({
      stored: 2,
      stored_late: 0,
      duplicate: 2,
      too_old: 0,
      too_far_ahead: 0,
      late_refused: 2,
    })
    expect(store.select(named('x'), ALL)[0]?.value).toEqual(Float64Array.of(Number.NaN, 0))
  })

  test('are refused when they are too old, too far ahead, too late, or at no time at all', () => {
    const now_ms = 10 * 86_400_000
    const store = storeWith({ retention_ms: 86_400_000, ahead_ms: 1000, out_of_order_ms: 5000 }, () => now_ms)
    const builder = new SampleBuilder()
    const id = store.resolve(gauge({ __name__: 'x' }))
    for (const time_ms of [Number.NaN, -1, Infinity, now_ms + 1001, now_ms + 1000, now_ms - 4001, now_ms - 4000]) {
      builder.float(id, time_ms, 1)
    }
    const { counts, fresh } = store.append(builder.batch())
    expect(counts).toMatchObject({ stored: 1, too_old: 2, too_far_ahead: 2, late_refused: 1, stored_late: 1 })
    expect([...fresh]).toEqual([0, 0, 0, 0, 1, 0, 0])
  })

  test('without analysis time are not too far ahead, and retention counts from the newest of requests before', () => {
    const store = storeWith({ retention_ms: 1000, out_of_order_ms: Infinity })
    const x = gauge({ __name__: 'x' })
    write(store, x, [
      [1e12, 1],
      [5, 2],
    ])
    expect(store.extent(named('x'))).toEqual({ from_ms: 5, to_ms: 1e12, series: 1 })
    expect(write(store, gauge({ __name__: 'y' }), [[1e12 - 1001, 1]])).toEqual([0])
    expect(store.newest_ms).toBe(1e12)
  })

  test('that came late are found among sealed chunks, also when sent again', () => {
    const store = storeWith({ out_of_order_ms: Infinity })
    const x = gauge({ __name__: 'x' })
    const even = Array.from({ length: 600 }, (_, i): [number, number] => [i * 2000, i])
    const odd = Array.from({ length: 500 }, (_, i): [number, number] => [i * 2000 + 1000, i + 0.5])
    write(store, x, even)
    write(store, x, odd.toReversed())
    const again = new SampleBuilder()
    for (const [time_ms, value] of [...even, ...odd]) again.float(store.resolve(x), time_ms, value)
    expect(store.append(again.batch()).counts).toMatchObject({ duplicate: 1100, stored_late: 0 })
    const expected = [...even, ...odd].toSorted((a, b) => a[0] - b[0])
    expect(show(store.select(named('x'), ALL))['x']).toEqual(expected)
  })

  test('that were merged into a chunk are found there', () => {
    const store = storeWith()
    const x = gauge({ __name__: 'x' })
    write(
      store,
      x,
      Array.from({ length: 240 }, (_, i) => [i * 2000, i]),
    )
    const late = Array.from({ length: 120 }, (_, i): [number, number] => [i * 1900 + 1, i])
    write(store, x, late)
    const again = new SampleBuilder()
    again.float(store.resolve(x), late[0]![0], late[0]![1])
    expect(store.append(again.batch()).counts.duplicate).toBe(1)
  })
})

describe('a histogram', () => {
  const duration = histogram({ __name__: 'http_seconds', job: 'a' }, [0.005, 1, 2.5e6])
  const store = storeWith()
  observe(store, duration, [
    { time_ms: 1000, buckets: [1, 2, 3, 4], sum: 12.5 },
    { time_ms: 2000, buckets: [2, 2, 3, 5] },
    { time_ms: 3000, buckets: [0, 0, 0, 0], stale: true },
  ])

  test('is selected as buckets that count from below, sum and count', () => {
    const seen = show(store.select([matcher('job', '=', 'a')], { from_ms: 0, to_ms: 2000 }))
    expect(seen).toEqual({
      'http_seconds_bucket{job="a", le="+Inf"}': [
        [1000, 10],
        [2000, 12],
      ],
      'http_seconds_bucket{job="a", le="0.005"}': [
        [1000, 1],
        [2000, 2],
      ],
      'http_seconds_bucket{job="a", le="1.0"}': [
        [1000, 3],
        [2000, 4],
      ],
      'http_seconds_bucket{job="a", le="2.5e+06"}': [
        [1000, 6],
        [2000, 7],
      ],
      'http_seconds_count{job="a"}': [
        [1000, 10],
        [2000, 12],
      ],
      // The sender gave no sum the second time.
      'http_seconds_sum{job="a"}': [[1000, 12.5]],
    })
    expect(store.labelSets([], { from_ms: 2000, to_ms: 2000 })).toHaveLength(5)
    expect(store.labelSets([])).toHaveLength(6)
  })

  test('ends with all its series', () => {
    const ended = store.select([], { from_ms: 3000, to_ms: 3000 })
    expect(ended.map(({ stale }) => stale.join())).toEqual(['1', '1', '1', '1', '1', '1'])
  })

  const cases: [string, Matcher[], string[]][] = [
    ['one bucket', [matcher('le', '=', '1.0')], ['http_seconds_bucket{job="a", le="1.0"}']],
    [
      'an expression on the name',
      [matcher('__name__', '=~', '.*_(sum|count)')],
      ['http_seconds_count{job="a"}', 'http_seconds_sum{job="a"}'],
    ],
    [
      'a name that is not',
      [matcher('__name__', '!=', 'http_seconds_bucket')],
      ['http_seconds_count{job="a"}', 'http_seconds_sum{job="a"}'],
    ],
    ['an expression that is not', [matcher('__name__', '!~', '.*_bucket|.*_sum')], ['http_seconds_count{job="a"}']],
    ['no le', [matcher('le', '=', '')], ['http_seconds_count{job="a"}', 'http_seconds_sum{job="a"}']],
    [
      'some le',
      [...named('http_seconds_bucket'), matcher('le', '=~', '0.005|[+]Inf')],
      ['http_seconds_bucket{job="a", le="+Inf"}', 'http_seconds_bucket{job="a", le="0.005"}'],
    ],
    ['its own name, which it has not', named('http_seconds'), []],
    ['another job', [...named('http_seconds_count'), matcher('job', '!=', 'a')], []],
  ]
  test.each(cases)('is found by %s', (_, matchers, expected) => {
    expect(names(store.labelSets(matchers, ALL))).toEqual(expected)
    expect(names(store.select(matchers, ALL).map(({ labels }) => labels))).toEqual(expected)
  })

  test('keeps its series when its bounds change', () => {
    const changing = storeWith()
    const before = histogram({ __name__: 'h' }, [1, 2])
    const after = histogram({ __name__: 'h' }, [1, 5])
    expect(changing.resolve(before)).not.toBe(changing.resolve(after))
    observe(changing, before, [{ time_ms: 1000, buckets: [1, 1, 1], sum: 1 }])
    observe(changing, after, [{ time_ms: 2000, buckets: [2, 2, 2], sum: 2 }])
    observe(changing, before, [{ time_ms: 2000, buckets: [9, 9, 9], sum: 9 }])
    expect(show(changing.select([matcher('le', '!~', '2.0|5.0')], ALL))).toEqual({
      'h_bucket{le="+Inf"}': [
        [1000, 3],
        [2000, 27],
      ],
      'h_bucket{le="1.0"}': [
        [1000, 1],
        [2000, 9],
      ],
      h_count: [
        [1000, 3],
        [2000, 27],
      ],
      h_sum: [
        [1000, 1],
        [2000, 9],
      ],
    })
  })

  test('survives sealing, wide or narrow', () => {
    for (const width of [1, 12, 2000]) {
      const wide = storeWith({ buckets: 4096 })
      const bounds = Array.from({ length: width - 1 }, (_, i) => i)
      const samples = Array.from({ length: 260 }, (_, i) => {
        return { time_ms: i * 1000, buckets: Array.from({ length: width }, (_unused, b) => i + (b % 3)), sum: i / 7 }
      })
      observe(wide, histogram({ __name__: 'h' }, bounds), samples)
      const [count] = wide.select(named('h_count'), ALL)
      const [sum] = wide.select(named('h_sum'), ALL)
      expect([...(sum?.value ?? [])]).toEqual(samples.map((sample) => sample.sum))
      expect([...(count?.value ?? [])]).toEqual(samples.map(({ buckets }) => buckets.reduce((a, b) => a + b, 0)))
    }
  })

  test('keeps its times whatever lies between them, and which samples end it', () => {
    const day_ms = 86_400_000
    const own = storeWith({ retention_ms: 10_000 * day_ms })
    const steps = [10_000, 10_000, 0.5, 60 * day_ms, 10_000, 10_000, 1]
    const samples = Array.from({ length: 100 }, (_, i) => ({ buckets: [i, 2 * i], sum: i / 4, stale: i % 9 === 5 }))
    const times: number[] = []
    for (const [i, sample] of samples.entries()) {
      times.push((times.at(-1) ?? 0) + steps[i % steps.length]!)
      observe(own, histogram({ __name__: 'h' }, [1]), [{ ...sample, time_ms: times[i]! }])
    }
    const [sum] = own.select(named('h_sum'), ALL)
    expect([...sum!.time_ms]).toEqual(times)
    expect([...sum!.stale]).toEqual(samples.map(({ stale }) => Number(stale)))
    expect(
      samples.flatMap(({ stale, sum: told }, i) => (stale ? [] : [sum!.value[i]! - told])).every((x) => x === 0),
    ).toBe(true)
  })
})

describe('matchers', () => {
  const store = storeWith()
  const sets: Record<string, string>[] = [
    { __name__: 'up', job: 'a', env: 'prod' },
    { __name__: 'up', job: 'b' },
    { __name__: 'up', job: 'new\nline' },
    { __name__: 'down', job: 'a' },
  ]
  for (const labels of sets) write(store, gauge(labels), [[1, 1]])
  const [a, b, line, down] = sets.map((labels) => String(Labels.of(labels))) as [string, string, string, string]

  const cases: [Matcher[], string[]][] = [
    [[], [down, a, b, line]],
    [[matcher('env', '=', '')], [down, b, line]],
    [[matcher('env', '!=', '')], [a]],
    [[matcher('env', '!=', 'prod')], [down, b, line]],
    [[matcher('env', '=~', 'prod|')], [down, a, b, line]],
    [[matcher('env', '=~', '.+')], [a]],
    [[matcher('env', '!~', '.+')], [down, b, line]],
    [[matcher('nothing', '=~', '.*'), ...named('down')], [down]],
    [[matcher('job', '=~', 'new.line')], [line]],
    [[matcher('job', '=~', 'ne')], []],
    [[matcher('job', '=~', '(?i)A')], [down, a]],
    [[matcher('job', '!~', 'a|b'), matcher('__name__', '!=', 'down')], [line]],
    [
      [matcher('__name__', '=~', 'up|down'), matcher('job', '=', 'a')],
      [down, a],
    ],
    [[matcher('__name__', '=', '')], []],
  ]
  test.each(cases)('%j', (matchers, expected) => {
    expect(names(store.labelSets(matchers))).toEqual(expected.toSorted())
  })

  test('with an expression that RE2 does not know are refused', () => {
    expect(() => store.labelSets([matcher('job', '=~', '(?=x)')])).toThrow(/not a regular expression/)
  })
})

describe('limits', () => {
  test.each([
    [{ series: 1 }, gauge({ __name__: 'y' }), 'limits.series is 1'],
    [{ series_per_metric: 1 }, gauge({ __name__: 'x', job: 'b' }), 'limits.series_per_metric is 1'],
    [{ labels: 2 }, gauge({ __name__: 'x', a: '1', b: '2' }), 'limits.labels is 2'],
    [{ label_name_length: 8 }, gauge({ __name__: 'x', ninechars: '1' }), 'limits.label_name_length is 8'],
    [{ label_value_length: 3 }, gauge({ __name__: 'x', a: 'four' }), 'limits.label_value_length is 3'],
    [{ buckets: 2 }, histogram({ __name__: 'h' }, [1, 2]), 'limits.buckets is 2'],
  ])('%j refuse a series and are counted', (limits, definition, message) => {
    const refused: string[] = []
    const counter: Counter = { add: (_, attributes) => refused.push(attributes?.['limit'] ?? '') }
    const meter: Meter = { ...silentMeter, counter: () => counter }
    const store = new Store({ limits, analysis_ms: () => undefined, meter })
    const known = store.resolve(gauge({ __name__: 'x' }))
    expect(() => store.resolve(definition)).toThrow(message)
    expect(refused).toEqual(Object.keys(limits))
    expect(store.resolve(gauge({ __name__: 'x' }))).toBe(known)
  })

  test('of bytes let the oldest chunks go', () => {
    const store = storeWith({ bytes: 100_000, retention_ms: Infinity })
    const noise = Array.from({ length: 40_000 }, (_, i): [number, number] => [i * 1000, Math.sin(i)])
    for (let i = 0; i < noise.length; i += 500) {
      write(store, gauge({ __name__: 'x' }), noise.slice(i, i + 500))
      expect(store.bytes).toBeLessThan(110_000)
    }
    const extent = store.extent(named('x'))!
    expect(extent.to_ms).toBe(39_999_000)
    expect(extent.from_ms).toBeGreaterThan(20_000_000)
    expect(extent.from_ms).toBeLessThan(35_000_000)
  })

  test('of time hold for late samples as well', () => {
    let now_ms = 10_000
    const store = storeWith({ retention_ms: 1_000_000 }, () => now_ms)
    const x = gauge({ __name__: 'x' })
    write(store, x, [
      [10_000, 1],
      [9000, 2],
      [8000, 3],
    ])
    now_ms = 1_009_500
    write(store, gauge({ __name__: 'y' }), [[now_ms, 1]])
    expect(store.extent(named('x'))).toEqual({ from_ms: 10_000, to_ms: 10_000, series: 1 })
  })

  test('of time let whole chunks go, and series that have ended', () => {
    let now_ms = 0
    const store = storeWith({ retention_ms: 1_000_000, series: 2 }, () => now_ms)
    write(store, gauge({ __name__: 'gone' }), [[0, 1]])
    for (; now_ms <= 3_000_000; now_ms += 1000) write(store, gauge({ __name__: 'x' }), [[now_ms, now_ms]])
    const extent = store.extent([])!
    expect(extent.from_ms).toBeGreaterThan(1_500_000)
    expect(extent.from_ms).toBeLessThanOrEqual(2_000_000)
    expect(store.extent(named('gone'))).toBeNull()
    // Its place is free again.
    write(store, gauge({ __name__: 'third' }), [[now_ms, 1]])
    expect(names(store.labelSets([]))).toEqual(['third', 'x'])
  })
})

test('metadata is told by metric, the first definition winning', () => {
  const store = storeWith()
  store.resolve(histogram({ __name__: 'h', a: '1' }, [1]))
  store.resolve({ ...histogram({ __name__: 'h', a: '2' }, [1]), help: 'Other.' })
  store.resolve(gauge({ __name__: 'g' }))
  expect(store.metadata()).toEqual([
    { name: 'g', type: 'gauge', unit: '', help: '' },
    { name: 'h', type: 'histogram', unit: 's', help: 'How long.' },
  ])
})

test('a sample of the wrong width is a bug of the caller', () => {
  const store = storeWith()
  const id = store.resolve(histogram({ __name__: 'h' }, [1, 2]))
  const builder = new SampleBuilder()
  builder.float(id, 1, 1)
  expect(() => store.append(builder.batch())).toThrow(/^BUG/)
  expect(() => store.definition(17)).toThrow(/^BUG/)
})
