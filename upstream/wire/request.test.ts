// Remote write as others read it: protobufjs is the oracle.
import fc from 'fast-check'
import snappy from 'snappyjs'
import { describe, expect, test } from 'vitest'

import { boundsOfShape, type ExponentialShape } from '#core/exponential.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'

import { bucketsOf, readRequest } from '../testing/prompb.fixture.ts'
import { halvesOf } from './halves.ts'
import { OutgoingSeries } from './outgoing.ts'
import { encodeMetadata, METRIC_TYPES, RequestEncoder1 } from './request-1.ts'
import { RequestEncoder2 } from './request-2.ts'

const GOLDEN_1 = '2eb40a2c0a0e0a085f5f6e616d655f5f120275700a080a036a6f62120161121009000000000000f83f10fbd095ffbc31'
const GOLDEN_2 =
  '46f045220022085f5f6e616d655f5f2202757022036a6f62220161220568656c70212a250a0401020304121709000000000000f83f10fbd095ffbc3118f08195ffbc312a0408021805'

const encoders = { 1: new RequestEncoder1(), 2: new RequestEncoder2() }
const versions = [1, 2] as const

function defined(labels: Record<string, string>, rest: Partial<SeriesDefinition> = {}): SeriesDefinition {
  return {
    labels: Labels.of(labels),
    type: 'gauge',
    unit: '',
    help: '',
    kind: 'float',
    bounds: new Float64Array(),
    ...rest,
  }
}

function seriesOf(...definitions: SeriesDefinition[]): OutgoingSeries {
  return new OutgoingSeries((id) => definitions[id]!)
}

describe('the vectors of the contract', () => {
  const up = defined({ __name__: 'up', job: 'a' }, { help: 'help!' })
  const batch = new SampleBuilder()
  batch.float(0, 1_700_000_000_123, 1.5)

  test('1.0 comes out byte for byte', () => {
    const { bytes } = encoders[1].encode(batch.batch(), seriesOf(up))
    expect(Buffer.from(snappy.compress(bytes)).toString('hex')).toBe(GOLDEN_1)
  })

  test('2.0 comes out as it is read back from the vector, but for the start time, which is not kept', () => {
    const theirs = snappy.uncompress(Uint8Array.from(Buffer.from(GOLDEN_2, 'hex')))
    const { bytes } = encoders[2].encode(batch.batch(), seriesOf(up))
    const golden = readRequest(2, theirs)
    const samples = golden.series[0]!.samples.map(({ value, timestamp }) => ({ value, timestamp }))
    expect(readRequest(2, bytes)).toEqual({ ...golden, series: [{ ...golden.series[0], samples }] })
  })
})

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 })
const labels = fc.dictionary(fc.oneof(text, fc.constantFrom('job', 'le', 'x')), text, { maxKeys: 6 })
const float = fc.oneof(fc.double(), fc.constantFrom(0, -0, Infinity, -Infinity, 5e-324))
const time = fc.oneof(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: -8e15, max: 8e15 }))
const type = fc.constantFrom(...(Object.keys(METRIC_TYPES) as SeriesDefinition['type'][]))

test('labels of this server are added to series that do not have them', () => {
  const definitions = [
    defined({ __name__: 'up', job: 'a' }),
    defined({ __name__: 'h', cluster: 'own' }, { kind: 'histogram', bounds: Float64Array.of(1, Infinity) }),
  ]
  const external = Labels.of({ cluster: 'eu', a: 'b' })
  const series = new OutgoingSeries((id) => definitions[id]!, { external })
  const texts = [0, 1].flatMap((id) => series.of(id).map(({ labels: all }) => String(all)))
  expect(texts[0]).toBe('up{a="b", cluster="eu", job="a"}')
  expect(texts.slice(1).every((one) => one.includes('a="b", cluster="own"'))).toBe(true)
  expect(texts.length).toBeGreaterThan(4)
})

describe.each(versions)('remote write %i.0', (version) => {
  test('carries any floats of any series', () => {
    const one = fc.record({ labels, help: fc.string(), unit: fc.string(), type, value: float, time_ms: time })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), (samples) => {
        const builder = new SampleBuilder()
        for (const [id, { time_ms, value }] of samples.entries()) builder.float(id, time_ms, value)
        const definitions = samples.map((sample) =>
          defined(sample.labels, { help: sample.help, unit: sample.unit, type: sample.type }),
        )
        const { bytes, samples: count } = encoders[version].encode(builder.batch(), seriesOf(...definitions))
        const read = readRequest(version, bytes)
        expect(count).toBe(samples.length)
        expect(read.series.map((series) => series.labels)).toEqual(definitions.map((one_) => one_.labels.toJSON()))
        expect(
          read.series.map((series) => series.samples.map(({ value = 0, timestamp = 0 }) => [value, timestamp])),
        ).toEqual(samples.map(({ value, time_ms }) => [[value, time_ms === 0 ? 0 : time_ms]]))
        if (version === 2)
          expect(read.series.map(({ metadata }) => metadata)).toEqual(
            samples.map((sample) => ({
              type: METRIC_TYPES[sample.type],
              help: sample.help.toWellFormed(),
              unit: sample.unit.toWellFormed(),
            })),
          )
      }),
      { numRuns: 200 },
    )
  })

  test('carries exemplars with a sample of their series, of a classic histogram in their bucket', () => {
    const builder = new SampleBuilder()
    const exemplar = (series: number, value: number, time_ms = 4): void =>
      builder.exemplar({ series, value, time_ms, labels: Labels.of({ trace_id: `t${value}`, 'é"': 'ü' }) })
    builder.float(0, 5, 1)
    builder.float(0, 6, 2)
    builder.histogram({ series: 1, time_ms: 5, sum: 12.5, count: 6, buckets: [1, 2, 3] })
    builder.histogram({ series: 2, time_ms: 5, sum: 3, count: 2, buckets: [0, 2] })
    for (const [series, value] of [
      [0, 7],
      [0, -0.5],
      [1, 0.5],
      [1, 0.7],
      [1, 99],
      [2, 1.5],
    ] as const)
      exemplar(series, value)
    const shape = {
      schema: 0,
      zero_threshold: 0,
      positive_offset: 0,
      positive_count: 1,
      negative_offset: 0,
      negative_count: 0,
    }
    const { bytes, samples } = encoders[version].encode(
      builder.batch(),
      seriesOf(
        defined({ __name__: 'up' }),
        defined({ __name__: 'h' }, { kind: 'histogram', type: 'histogram', bounds: Float64Array.of(0.5, 1) }),
        defined({ __name__: 'n' }, { kind: 'exponential', type: 'histogram', bounds: boundsOfShape(shape) }),
      ),
    )
    const told = new Map<string, string[]>()
    for (const { labels: own, exemplars } of readRequest(version, bytes).series) {
      const said = exemplars.map((one) => `${one.value} @${one.timestamp} ${String(Labels.of(one.labels))}`)
      const key = String(Labels.of(own))
      if (said.length > 0) told.set(key, [...(told.get(key) ?? []), ...said])
    }
    expect(samples).toBe(7)
    expect([...told].map(([key, said]) => [key, ...said])).toEqual([
      ['up', '7 @4 {trace_id="t7", é"="ü"}', '-0.5 @4 {trace_id="t-0.5", é"="ü"}'],
      ['h_bucket{le="0.5"}', '0.5 @4 {trace_id="t0.5", é"="ü"}'],
      ['h_bucket{le="1.0"}', '0.7 @4 {trace_id="t0.7", é"="ü"}'],
      ['h_bucket{le="+Inf"}', '99 @4 {trace_id="t99", é"="ü"}'],
      ['n', '1.5 @4 {trace_id="t1.5", é"="ü"}'],
    ])
    // The next request has none of it.
    builder.clear()
    builder.float(0, 7, 3)
    const next = encoders[version].encode(builder.batch(), seriesOf(defined({ __name__: 'up' })))
    expect(readRequest(version, next.bytes).series.map(({ exemplars }) => exemplars)).toEqual([[]])
  })

  test('sends a native histogram with bounds of its own as it is, and says of a gauge that it is one', () => {
    const builder = new SampleBuilder()
    builder.histogram({ series: 0, time_ms: 5, sum: 7, count: 6, buckets: [0, 0, 4, 0, 2] })
    builder.histogram({ series: 0, time_ms: 6, sum: 0, count: 0, buckets: [0, 0, 0, 0, 0], stale: true })
    const bounds = Float64Array.of(-1, 0.5, 2)
    const row = defined({ __name__: 'n' }, { kind: 'custom', type: 'gaugehistogram', bounds })
    const { bytes, histograms } = encoders[version].encode(builder.batch(), seriesOf(row))
    const [first, ended] = readRequest(version, bytes).series.map((series) => series.histograms[0]!)
    expect(histograms).toBe(2)
    expect([...bucketsOf(first!, 'positive')]).toEqual([
      [1, 4],
      [3, 2],
    ])
    expect(first).toMatchObject({
      schema: -53,
      zero_count_int: 0,
      sum: 7,
      count_int: 6,
      reset_hint: 3,
    })
    expect([first!.custom_values, ended!.custom_values]).toEqual([
      [-1, 0.5, 2],
      [-1, 0.5, 2],
    ])
  })

  test('ends a series with the bits that Prometheus knows', () => {
    const builder = new SampleBuilder()
    builder.float(0, 1, Number.NaN, true)
    const { bytes } = encoders[version].encode(builder.batch(), seriesOf(defined({ __name__: 'a' })))
    expect(Buffer.from(bytes).toString('hex')).toContain('09020000000000f07f')
  })

  test('sends a classic histogram row as its buckets, sum and count', () => {
    const builder = new SampleBuilder()
    builder.histogram({ series: 0, time_ms: 5, sum: 12.5, count: 6, buckets: [1, 2, 3] })
    const row = defined(
      { __name__: 'h', job: 'a' },
      { kind: 'histogram', type: 'histogram', bounds: Float64Array.of(0.5, 1) },
    )
    const { bytes, samples } = encoders[version].encode(builder.batch(), seriesOf(row))
    expect(samples).toBe(5)
    expect(readRequest(version, bytes).series.map((one) => [one.labels, one.samples[0]!.value])).toEqual([
      [{ __name__: 'h_bucket', job: 'a', le: '0.5' }, 1],
      [{ __name__: 'h_bucket', job: 'a', le: '1.0' }, 3],
      [{ __name__: 'h_bucket', job: 'a', le: '+Inf' }, 6],
      [{ __name__: 'h_sum', job: 'a' }, 12.5],
      [{ __name__: 'h_count', job: 'a' }, 6],
    ])
  })

  test('leaves out a sum that nobody gave, and ends all parts of a histogram together', () => {
    const builder = new SampleBuilder()
    builder.histogram({ series: 0, time_ms: 5, sum: Number.NaN, count: 1, buckets: [1, 0] })
    builder.histogram({ series: 0, time_ms: 6, sum: 0, count: 0, buckets: [0, 0], stale: true })
    const row = defined({ __name__: 'h' }, { kind: 'histogram', bounds: Float64Array.of(1) })
    const { bytes } = encoders[version].encode(builder.batch(), seriesOf(row))
    const read = readRequest(version, bytes).series
    expect(
      read.filter(({ samples }) => samples[0]!.timestamp === 5).map((one) => one.labels['__name__']),
    ).not.toContain('h_sum')
    expect(read.filter(({ samples }) => samples[0]!.timestamp === 6)).toHaveLength(4)
    expect(read.filter(({ samples }) => Number.isNaN(samples[0]!.value))).toHaveLength(4)
  })

  test('sends an exponential row as a native histogram with every count in its bucket', () => {
    const side = (max: number) => fc.array(fc.integer({ min: 0, max }), { maxLength: 12 })
    const whole = fc.record({ positive: side(2 ** 40), negative: side(3), zero: fc.integer({ min: 0, max: 5 }) })
    const parts = whole.map(({ positive, negative, zero }) => ({ positive, negative, zero, by: 1 }))
    const broken = whole.map(({ positive, negative, zero }) => ({ positive, negative, zero, by: 0.5 }))
    fc.assert(
      fc.property(
        fc.oneof(parts, broken),
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: -4, max: 8 }),
        (row, offset, schema) => {
          const [positive, negative] = [row.positive, row.negative].map((counts) =>
            counts.map((count) => count * row.by),
          )
          const shape: ExponentialShape = {
            schema,
            zero_threshold: 1e-9,
            positive_offset: offset,
            positive_count: positive!.length,
            negative_offset: -offset,
            negative_count: negative!.length,
          }
          const buckets = [row.zero * row.by, ...positive!, ...negative!]
          const count = buckets.reduce((sum, one) => sum + one, 0)
          const builder = new SampleBuilder()
          builder.histogram({ series: 0, time_ms: 1_700_000_000_000, sum: -1.25, count, buckets })
          const definition = defined(
            { __name__: 'h' },
            { kind: 'exponential', type: 'histogram', bounds: boundsOfShape(shape) },
          )
          const { bytes, histograms } = encoders[version].encode(builder.batch(), seriesOf(definition))
          const read = readRequest(version, bytes).series[0]!.histograms[0]!
          expect(histograms).toBe(1)
          expect([read.sum, read.schema ?? 0, read.timestamp]).toEqual([-1.25, schema, 1_700_000_000_000])
          expect(read.count_int ?? read.count_float).toBe(count)
          expect(read.zero_count_int ?? read.zero_count_float).toBe(buckets[0])
          const full = (counts: number[], from: number) =>
            new Map(counts.flatMap((value, i) => (value === 0 ? [] : [[from + i + 1, value] as const])))
          expect(bucketsOf(read, 'positive')).toEqual(full(positive!, offset))
          expect(bucketsOf(read, 'negative')).toEqual(full(negative!, -offset))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('is cut in halves that hold all of it, in its order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), (count) => {
        const builder = new SampleBuilder()
        for (let i = 0; i < count; i++) builder.float(0, 1000 + i, i)
        const { bytes } = encoders[version].encode(builder.batch(), seriesOf(defined({ __name__: 'a' })))
        const halves = halvesOf(bytes, version)
        if (count < 2) expect(halves).toBeUndefined()
        else {
          const read = halves!.flatMap(({ message }) => [...readRequest(version, message).series])
          expect(read).toEqual(readRequest(version, bytes).series)
          expect(halves!.map(({ samples }) => samples)).toEqual([count >> 1, count - (count >> 1)])
        }
      }),
    )
  })
})

test('metadata of 1.0 says what each metric is', () => {
  const bytes = encodeMetadata([
    defined({ __name__: 'a_total' }, { type: 'counter', help: 'So many.', unit: 's' }),
    defined({ __name__: 'b' }),
  ])
  const { metadata } = readRequest(1, bytes)
  expect(metadata).toEqual([
    { type: 1, metric_family_name: 'a_total', help: 'So many.', unit: 's' },
    { type: 2, metric_family_name: 'b' },
  ])
})
