import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { atOnce } from '#core/steps.ts'
import type { Store } from '#core/store/store.ts'

import { unpackBlock } from '../snappy-block.ts'
import { countingMeter, linesOf, outcomeOf, storeWith } from '../testing/decoding.fixture.ts'
import { version1, version2, type WrittenSeries } from '../testing/remote-write.fixture.ts'
import { RemoteWriteDecoder } from './decoder.ts'

const UP = [
  ['__name__', 'up'],
  ['job', 'a'],
] as const
const WRITE = { 1: version1, 2: version2 } as const
const BOTH = [1, 2] as const

interface Trial {
  readonly decoder?: RemoteWriteDecoder
  readonly store?: Store
}

/** What a decoder makes of a body, comparable. */
function decoded(version: 1 | 2, body: Uint8Array, { decoder, store = storeWith() }: Trial = {}) {
  const { samples, rejected, message } = atOnce(
    (decoder ?? new RemoteWriteDecoder({ meter: silentMeter })).decode(version, body, store),
  )
  const exemplars = samples.exemplars.map(
    ({ series, time_ms, value, labels }) =>
      `${String(store.definition(series).labels)} ${time_ms} ${value} ${String(labels)}`,
  )
  return { lines: linesOf(samples, store), exemplars, rejected, message }
}

const sample = (value: number, timestamp: number) => ({ value, timestamp })

describe('the golden vectors of the wire', () => {
  const V1 = '2eb40a2c0a0e0a085f5f6e616d655f5f120275700a080a036a6f62120161121009000000000000f83f10fbd095ffbc31'
  const V2 =
    '46f045220022085f5f6e616d655f5f2202757022036a6f62220161220568656c70212a250a0401020304121709000000000000f83f10fbd095ffbc3118f08195ffbc312a0408021805'

  test('are read: version 1', () => {
    expect(decoded(1, unpackBlock(Buffer.from(V1, 'hex'))).lines).toEqual(['up{job="a"} unknown  1700000000123 1.5'])
  })

  test('are read: version 2, with what it says of the metric', () => {
    const store = storeWith()
    expect(decoded(2, unpackBlock(Buffer.from(V2, 'hex')), { store }).lines).toEqual([
      'up{job="a"} gauge  1700000000123 1.5',
    ])
    expect(store.definition(0).help).toBe('help!')
  })
})

describe.each(BOTH)('version %d', (version) => {
  const write = WRITE[version]

  /** A histogram whose sum is the mark that it is stale. */
  function endOf(labels: WrittenSeries['labels'], timestamp = 2000): Uint8Array {
    const body = Buffer.from(write([{ labels, histograms: [{ countInt: 0, sum: 1.5, timestamp }] }]))
    const bits = Buffer.alloc(8)
    bits.writeDoubleLE(1.5)
    body.writeBigUInt64LE(0x7ff0000000000002n, body.indexOf(bits))
    return body
  }

  test('gives every sample of every series, in order', () => {
    const label = fc.tuple(fc.constantFrom('a', 'b', 'k8s.pod', 'größe'), fc.string({ minLength: 1, unit: 'grapheme' }))
    const value = fc.double({ noNaN: true })
    const series = fc.record({
      labels: fc.uniqueArray(label, { selector: ([name]) => name }),
      name: fc.constantFrom('up', 'x_total', 'größe'),
      samples: fc.array(fc.tuple(value, fc.integer({ min: 1, max: 4e12 })), { minLength: 1, maxLength: 3 }),
    })
    fc.assert(
      fc.property(fc.array(series, { maxLength: 20 }), (list) => {
        const written = list.map(({ labels, name, samples }): WrittenSeries => {
          return {
            labels: [['__name__', name], ...labels],
            samples: samples.map(([one, timestamp]) => sample(one, timestamp)),
          }
        })
        const store = storeWith()
        const body = write(written)
        const decoder = new RemoteWriteDecoder({ meter: silentMeter })
        const first = atOnce(decoder.decode(version, body, store))
        const columns = [...first.samples.floats.value]
        expect(columns).toEqual(list.flatMap(({ samples }) => samples.map(([one]) => one)))
        expect([...first.samples.floats.time_ms]).toEqual(
          list.flatMap(({ samples }) => samples.map(([, time]) => time)),
        )
        const ids = [...first.samples.floats.series]
        const labels = ids.map((id) => store.definition(id).labels)
        const expected = list.flatMap(({ labels: own, name, samples }) =>
          samples.map(() => Object.fromEntries([['__name__', name], ...own])),
        )
        expect(labels.map((one) => one.toJSON())).toEqual(expected.map(withoutControls))
        // Known series are found again.
        expect([...atOnce(decoder.decode(version, body, store)).samples.floats.series]).toEqual(ids)
      }),
      { numRuns: 50 },
    )
  })

  test('ends a series where the value says so, whatever became of the bit', () => {
    const bodyOf = (high: number): Uint8Array => {
      const body = Buffer.from(write([{ labels: UP, samples: [sample(1.5, 1_700_000_000_123)] }]))
      const bits = Buffer.alloc(8)
      bits.writeDoubleLE(1.5)
      const at = body.indexOf(bits)
      body.writeUInt32LE(2, at)
      body.writeUInt32LE(high, at + 4)
      return body
    }
    for (const high of [0x7ff00000, 0x7ff80000]) {
      expect(decoded(version, bodyOf(high)).lines).toEqual(['up{job="a"} unknown  1700000000123 stale'])
    }
    expect(decoded(version, bodyOf(0x7ff80001)).lines).toEqual(['up{job="a"} unknown  1700000000123 NaN'])
  })

  test('has times on both sides of 1970', () => {
    const times = [-1, -1_700_000_000_123, 0, 2 ** 53]
    const body = write([{ labels: UP, samples: times.map((time) => sample(1, time)) }])
    expect(decoded(version, body).lines).toEqual(times.map((time) => `up{job="a"} unknown  ${time} 1`))
  })

  test('brings exemplars with the series that they stand for', () => {
    const exemplars = [{ labels: [['trace_id', 'abc']] as const, value: 0.3, timestamp: 5 }]
    const histograms = [{ countInt: 0, sum: 0, timestamp: 6 }]
    const long = [{ labels: [['trace_id', 'x'.repeat(130)]] as const, value: 0.3, timestamp: 5 }]
    const body = write([
      { labels: UP, samples: [sample(1, 5)], exemplars },
      { labels: [['__name__', 'native']], histograms, exemplars },
      { labels: [['__name__', 'other']], samples: [sample(1, 5)], exemplars: long },
    ])
    expect(decoded(version, body)).toMatchObject({
      exemplars: ['up{job="a"} 5 0.3 {trace_id="abc"}', 'native 5 0.3 {trace_id="abc"}'],
      rejected: 0,
    })
  })

  test('brings exemplars that come behind their samples, in a series of their own', () => {
    const exemplars = [{ labels: [['trace_id', 'abc']] as const, value: 0.3, timestamp: 5 }]
    const histograms = [{ countInt: 0, sum: 0, timestamp: 6 }]
    const body = write([
      { labels: UP, samples: [sample(1, 5)] },
      { labels: [['__name__', 'native']], histograms },
      { labels: UP, exemplars },
      { labels: [['__name__', 'native']], exemplars },
    ])
    expect(decoded(version, body).exemplars).toEqual([
      'up{job="a"} 5 0.3 {trace_id="abc"}',
      'native 5 0.3 {trace_id="abc"}',
    ])
  })

  const native = {
    schema: 1,
    zeroThreshold: 0.001,
    zeroCountInt: 2,
    countInt: 12,
    sum: 18.4,
    positiveSpans: [
      { offset: 0, length: 2 },
      { offset: 1, length: 2 },
    ],
    positiveDeltas: [1, 1, -1, 0],
    negativeSpans: [
      { offset: 0, length: 2 },
      { offset: 1, length: 2 },
    ],
    negativeDeltas: [1, 1, -1, 0],
    timestamp: 1000,
  }

  test('brings native histograms as exponential rows: counts of integers or of fractions', () => {
    const { schema, zeroThreshold, positiveSpans, negativeSpans } = native
    const spans = { schema, zeroThreshold, positiveSpans, negativeSpans }
    const fractions = { ...spans, sum: 18.4, countFloat: 12, zeroCountFloat: 2, timestamp: 2000 }
    const counts = { positiveCounts: [1, 2, 1, 1], negativeCounts: [1, 2, 1, 1] }
    const store = storeWith()
    const body = write([{ labels: UP, histograms: [native, { ...fractions, ...counts }] }])
    const { samples } = atOnce(new RemoteWriteDecoder({ meter: silentMeter }).decode(version, body, store))
    const { histograms } = samples
    expect([...histograms.series]).toEqual([0, 0])
    expect([...histograms.count]).toEqual([12, 12])
    expect(store.definition(0)).toMatchObject({ kind: 'exponential', type: 'histogram' })
    const [first, second] = [0, 1].map((i) => [
      ...histograms.buckets.subarray(histograms.start[i], histograms.start[i + 1]),
    ])
    expect(first).toEqual(second)
    expect(first!.reduce((sum, count) => sum + count, 0)).toBe(12)
  })

  test('brings histograms with bounds of their own, gauges among them under their own type, and their end', () => {
    const custom = {
      schema: -53,
      countInt: 3,
      sum: 4,
      positiveSpans: [{ offset: 0, length: 2 }],
      positiveDeltas: [1, 1],
      customValues: [1, 2.5],
      resetHint: 3,
      timestamp: 1000,
    }
    const store = storeWith()
    const decoder = new RemoteWriteDecoder({ meter: silentMeter })
    expect(decoded(version, write([{ labels: UP, histograms: [custom] }]), { store, decoder }).lines).toEqual([
      'up{job="a"} custom  1000 le [1,2.5] 3 4 [0,1,2,0]',
    ])
    expect(store.definition(0).type).toBe('gaugehistogram')
    expect(decoded(version, endOf(UP), { store, decoder }).lines).toEqual(['up{job="a"} custom  2000 le [1,2.5] stale'])
  })

  test('ends after a restart the histogram that the store has, once', () => {
    const store = storeWith()
    const taken = (body: Uint8Array): string[] => {
      const { samples } = atOnce(new RemoteWriteDecoder({ meter: silentMeter }).decode(version, body, store))
      store.append(samples)
      return linesOf(samples, store)
    }
    taken(write([{ labels: UP, histograms: [{ ...native, timestamp: 1000 }] }]))
    expect(
      taken(
        endOf([
          ['__name__', 'down'],
          ['job', 'a'],
        ]),
      ),
    ).toEqual([])
    expect(taken(endOf(UP))).toEqual([expect.stringMatching(/^up\{job="a"\} exponential {2}2000 .*stale$/)])
    expect(taken(endOf(UP, 3000))).toEqual([])
  })

  test('refuses histograms that contradict themselves, and takes the rest', () => {
    const body = write([{ labels: UP, histograms: [{ ...native, countInt: 13 }, native], samples: [sample(1, 5)] }])
    const { lines, rejected, message } = decoded(version, body)
    expect([lines.length, rejected, message]).toEqual([2, 1, 'a histogram counted 13, and its buckets 12 (1)'])
  })

  test('tells of series that a limit refuses, and takes the rest', () => {
    const long = 'x'.repeat(20)
    const store = storeWith({ label_value_length: 10 })
    const body = write([
      {
        labels: [
          ['__name__', 'up'],
          ['job', long],
        ],
        samples: [sample(1, 5), sample(2, 6)],
      },
      { labels: UP, samples: [sample(1, 5)] },
    ])
    const { lines, rejected, message } = decoded(version, body, { store })
    expect([lines.length, rejected]).toEqual([1, 2])
    expect(message).toContain('limits.label_value_length')
  })

  test('that breaks off has changed nothing', () => {
    const body = write([
      { labels: UP, samples: [sample(1, 5)] },
      { labels: [['__name__', 'other']], samples: [sample(1, 5)], histograms: [native] },
    ])
    for (let end = 1; end < body.length; end++) {
      const store = storeWith()
      const decoder = new RemoteWriteDecoder({ meter: silentMeter })
      if (outcomeOf(() => atOnce(decoder.decode(version, body.subarray(0, end), store))) !== 'read') {
        expect(store.metadata()).toEqual([])
      }
    }
  })

  test('made of anything is read or refused', () => {
    const body = write([
      { labels: UP, samples: [sample(1, 5)], histograms: [native], metadata: { type: 1, help: 'h', unit: 's' } },
    ])
    const damaged = fc.tuple(fc.nat(body.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = body.slice()
      copy[at] = byte
      return copy
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), damaged), (bytes) => {
        const decoder = new RemoteWriteDecoder({ meter: silentMeter })
        expect(['read', 'bad_data', 'too_large']).toContain(
          outcomeOf(() => atOnce(decoder.decode(version, bytes, storeWith()))),
        )
      }),
      { numRuns: 500 },
    )
  })

  test('of more objects than a body may hold is refused', () => {
    const decoder = new RemoteWriteDecoder({ meter: silentMeter, body_objects: 5 })
    const body = write([{ labels: UP, samples: Array.from({ length: 9 }, (_, i) => sample(1, i + 1)) }])
    expect(outcomeOf(() => atOnce(decoder.decode(version, body, storeWith())))).toBe('too_large')
  })

  test('resolves again what has ended', () => {
    const store = storeWith()
    const resolved: string[] = []
    const ended = new Set<number>()
    let generation = 0
    const writer: SeriesWriter = {
      resolve: (definition) => {
        resolved.push(definition.labels.name)
        return store.resolve(definition)
      },
      definition: (id) => store.definition(id),
      newest: (id) => store.newest(id),
      append: (batch) => store.append(batch),
      get generation() {
        return generation
      },
      isLive: (id) => !ended.has(id),
    }
    const decoder = new RemoteWriteDecoder({ meter: silentMeter })
    const body = write([
      { labels: UP, samples: [sample(1, 5)] },
      { labels: [['__name__', 'other']], samples: [sample(1, 5)] },
      { labels: [['__name__', 'native']], histograms: [native] },
    ])
    atOnce(decoder.decode(version, body, writer))
    atOnce(decoder.decode(version, body, writer))
    expect(resolved).toEqual(['up', 'other', 'native'])
    ended.add(0).add(2)
    generation++
    atOnce(decoder.decode(version, body, writer))
    expect(resolved.slice(3)).toEqual(['up', 'native'])
  })

  test('forgets pods that were replaced while their samples stay', () => {
    const store = storeWith()
    let now_ms = 0
    let bytes = (): number => NaN
    const gauge = (name: string, _: unknown, read: () => unknown): void => {
      if (name.endsWith('cache')) bytes = read as () => number
    }
    const decoder = new RemoteWriteDecoder({ meter: { ...silentMeter, gauge }, now_ms: () => now_ms })
    const held: number[] = []
    for (let wave = 0; wave < 9; wave++) {
      const pods = Array.from({ length: 4000 }, (_, pod) => ({
        labels: [['__name__', 'pods'] as const, ['pod', `${wave}-${pod}`] as const],
        samples: [sample(1, 5)],
      }))
      const body = write([...pods, { labels: [['__name__', 'native']], histograms: [native] }])
      for (let time = 0; time < 3; time++, now_ms += 600_000)
        store.append(atOnce(decoder.decode(version, body, store)).samples)
      held.push(bytes())
    }
    expect(Math.max(...held)).toBeLessThan(held[0]! * 5.5)
    expect(held.at(-1)).toBeLessThan(held[0]! * 4)
  })

  test('goes on when what it remembers has grown too large', () => {
    const store = storeWith()
    const decoder = new RemoteWriteDecoder({ meter: silentMeter, cache_bytes: 1 })
    for (let i = 0; i < 3; i++) {
      const body = write([{ labels: UP, samples: [sample(i, i + 1)] }])
      expect(decoded(version, body, { store, decoder }).lines).toEqual([`up{job="a"} unknown  ${i + 1} ${i}`])
    }
  })
})

/** Two control characters cannot be in labels. */
function withoutControls(labels: Record<string, string>): Record<string, string> {
  // oxlint-disable-next-line no-control-regex
  return Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, v.replaceAll(/[\u0000\u0001]/g, '\uFFFD')]))
}

const BAD: readonly (readonly [string, WrittenSeries['labels'], string])[] = [
  ['no metric name', [['job', 'a']], 'no metric name'],
  ['an empty one', [['__name__', '']], 'no metric name'],
  [
    'a label without a name',
    [
      ['', 'x'],
      ['__name__', 'up'],
    ],
    'has no name',
  ],
  [
    'a label twice',
    [
      ['__name__', 'up'],
      ['job', 'a'],
      ['job', 'b'],
    ],
    'stands twice',
  ],
]

describe('where version 2 says from when a counter counts', () => {
  const T = 1_700_000_000_000
  const counter = (value: number, at: number, start: number): WrittenSeries => ({
    labels: [['__name__', 'c_total']],
    samples: [{ value, timestamp: T + at, startTimestamp: T + start }],
  })
  const histogram = (value: number, at: number, start: number, resetHint = 0): WrittenSeries => {
    const positive = { positiveSpans: [{ offset: 0, length: 1 }], positiveDeltas: [value] }
    const times = { timestamp: T + at, startTimestamp: T + start }
    return {
      labels: [['__name__', 'h']],
      histograms: [{ ...positive, ...times, countInt: value, sum: value, schema: 0, resetHint }],
    }
  }
  /** Of a decoder that has heard something before. */
  function listening() {
    const decoder = new RemoteWriteDecoder({ meter: silentMeter })
    const store = storeWith()
    const take = (...series: WrittenSeries[]) => {
      const { samples, zeros } = atOnce(decoder.decode(2, version2(series), store))
      const lines = linesOf(samples, store).map((line) => line.replace(/.* (\d{13}) .*?(\S+)$/, '$1 $2'))
      expect(store.append(samples).counts).toMatchObject({ stored_late: 0, late_refused: 0 })
      return { lines: lines.map((line) => `${Number(line.slice(0, 13)) - T}${line.slice(13)}`), zeros }
    }
    take({ labels: UP, samples: [{ value: 1, timestamp: T }] })
    return take
  }

  test('there is a 0 before its first sample, and where it began anew', () => {
    const take = listening()
    expect(take(counter(3, 10, 5))).toEqual({ lines: ['5 0', '10 3'], zeros: { samples: 1, histograms: 0 } })
    expect(take(counter(4, 20, 5), counter(5, 30, 25), counter(6, 40, 25)).lines).toEqual([
      '20 4',
      '25 0',
      '30 5',
      '40 6',
    ])
  })

  test('the same in native histograms', () => {
    const take = listening()
    expect(take(histogram(3, 10, 5))).toEqual({ lines: ['5 {}', '10 {16:3}'], zeros: { samples: 0, histograms: 1 } })
    expect(take(histogram(4, 20, 5)).lines).toHaveLength(1)
    expect(take(histogram(5, 30, 25)).lines).toHaveLength(2)
  })

  test('nothing in gauges, nor where the start moves with each sample', () => {
    const take = listening()
    expect(take(histogram(3, 10, 5, 3)).lines).toHaveLength(1)
    const gauge: WrittenSeries = { ...counter(3, 10, 5), labels: UP, metadata: { type: 2, help: '', unit: '' } }
    expect(take(gauge).lines).toEqual(['10 3'])
    take(counter(3, 10, -5))
    expect(take(counter(4, 20, 15), counter(5, 30, 25), counter(6, 40, 35)).lines).toEqual(['20 4', '30 5', '40 6'])
  })
})

describe('a series that cannot be named', () => {
  test.each(BAD)('is counted and told in version 2: %s', (_, labels, told) => {
    const meter = countingMeter()
    const good = { labels: UP, samples: [sample(1, 5)] }
    const body = version2([{ labels, samples: [sample(1, 5), sample(2, 6)] }, good])
    const { lines, rejected, message } = decoded(2, body, { decoder: new RemoteWriteDecoder({ meter }) })
    expect([lines.length, rejected]).toEqual([1, 2])
    expect(message).toContain(told)
    expect(meter.counts['barograph.collector.rejected{signal=metrics,reason=labels}']).toBe(2)
  })

  test.each(BAD)('is counted and not told in version 1, as Prometheus does it: %s', (_, labels) => {
    const meter = countingMeter()
    const body = version1([
      { labels, samples: [sample(1, 5)] },
      { labels, histograms: [{ countInt: 9, sum: 1, timestamp: 5 }] },
      { labels: UP, samples: [sample(1, 5)] },
    ])
    expect(decoded(1, body, { decoder: new RemoteWriteDecoder({ meter }) })).toMatchObject({
      lines: ['up{job="a"} unknown  5 1'],
      rejected: 0,
    })
    expect(meter.counts['barograph.collector.rejected{signal=metrics,reason=labels}']).toBe(2)
  })

  test('because of its references is told', () => {
    const good = version2([{ labels: UP, samples: [sample(1, 5)] }])
    const at = Buffer.from(good).indexOf(Buffer.from([10, 4, 1, 2, 3, 4]))
    const outside = good.slice()
    outside[at + 5] = 99
    expect(decoded(2, outside)).toMatchObject({
      lines: [],
      message: 'reference 99 is outside of a symbol table of 5 (1)',
    })
    expect(decoded(2, version2([{ labels: UP }]))).toMatchObject({
      rejected: 1,
      message: expect.stringContaining('must hold'),
    })
  })
})

describe('metadata of version 1', () => {
  test('comes in requests of its own, and holds for series that are new after it', () => {
    const store = storeWith()
    const decoder = new RemoteWriteDecoder({ meter: silentMeter })
    const metadata = { type: 1, help: 'all of them', unit: 's' }
    decoded(1, version1([{ labels: [['__name__', 'x']], metadata }]), { store, decoder })
    const names = ['x', 'x_total', 'x_bucket', 'y_total']
    const body = version1(names.map((name) => ({ labels: [['__name__', name]], samples: [sample(1, 5)] })))
    expect(decoded(1, body, { store, decoder }).lines).toEqual([
      'x counter s 5 1',
      'x_total counter s 5 1',
      'x_bucket counter s 5 1',
      'y_total unknown  5 1',
    ])
  })

  test('that comes behind the first samples is what the metric is listed with', () => {
    const store = storeWith()
    const decoder = new RemoteWriteDecoder({ meter: silentMeter })
    const names = ['took_sum', 'took_count', 'other']
    const body = version1(names.map((name) => ({ labels: [['__name__', name]], samples: [sample(1, 5)] })))
    decoded(1, body, { store, decoder })
    const metadata = { type: 3, help: 'how long', unit: 's' }
    decoded(1, version1([{ labels: [['__name__', 'took']], metadata }]), { store, decoder })
    expect(store.metadata()).toEqual([
      { name: 'other', type: 'unknown', unit: '', help: '' },
      { name: 'took_count', type: 'counter', unit: 's', help: 'how long' },
      { name: 'took_sum', type: 'counter', unit: 's', help: 'how long' },
    ])
  })

  test('until it comes is seen from buckets and quantiles, whose sums and counts are counters', () => {
    const names = [
      [
        ['__name__', 'took_bucket'],
        ['le', '1'],
      ],
      [['__name__', 'took_sum']],
      [['__name__', 'took_count']],
      [
        ['__name__', 'size'],
        ['quantile', '0.5'],
      ],
      [['__name__', 'size_count']],
      [['__name__', 'node_count']],
    ] as const
    for (const [version, write] of [
      [1, version1],
      [2, version2],
    ] as const) {
      const body = write(names.map((labels) => ({ labels, samples: [sample(1, 5)] })))
      const types = decoded(version, body).lines.map((line) => line.split('} ').at(-1)!.split(' ').at(-4))
      expect(types).toEqual(['counter', 'counter', 'counter', 'summary', 'summary', 'unknown'])
    }
  })

  test('of a histogram makes counters of its parts, and leaves its rows what they are', () => {
    const metadata = { type: 3, help: 'h', unit: 's' }
    const store = storeWith()
    const body = version2([
      {
        labels: [
          ['__name__', 'took_bucket'],
          ['le', '1'],
        ],
        samples: [sample(1, 5)],
        metadata,
      },
      { labels: [['__name__', 'took']], histograms: [{ countInt: 0, sum: 0, timestamp: 5 }], metadata },
    ])
    decoded(2, body, { store })
    expect([0, 1].map((id) => store.definition(id).type)).toEqual(['counter', 'histogram'])
  })

  test('is limited', () => {
    const meter = countingMeter()
    const decoder = new RemoteWriteDecoder({ meter, metric_families: 1 })
    const metadata = { type: 1, help: '', unit: '' }
    const series = ['a', 'b'].map((name) => ({ labels: [['__name__', name]] as const, metadata }))
    expect(decoded(1, version1(series), { decoder })).toMatchObject({ rejected: 0 })
    expect(meter.counts['barograph.collector.rejected{signal=metrics,reason=metadata}']).toBe(1)
  })
})
