// A resource of many points is read in steps of few, whichever way it is written, to the same columns as any other.
import { expect, test } from 'vitest'

import type { Steps } from '#core/steps.ts'

import { Catalogue } from '../normal/catalogue.ts'
import { metrics } from '../testing/decoding.fixture.ts'
import { encode } from '../testing/otlp.fixture.ts'
import { unlimited } from './allowance.ts'
import { readMetricsJson } from './metrics-json.ts'
import { proto, readMetricsProto } from './metrics-proto.ts'
import { json } from './metrics-tree.ts'
import { Points } from './points.ts'
import type { Wire } from './wire.ts'

const POINTS = 20_000
/** Bytes of a step in protobuf have some hundred points where they are histograms, some thousand else. */
const MOST = 8192

type Read = (body: Uint8Array, points: Points, catalogue: Catalogue) => Steps<void>
interface Encoding {
  readonly name: string
  readonly wire: Wire
  readonly body: (message: object) => Uint8Array
  readonly read: Read
}

const ENCODINGS: readonly Encoding[] = [
  {
    name: 'JSON',
    wire: json,
    body: (message) => Buffer.from(JSON.stringify(message)),
    read: (body, points, catalogue) => readMetricsJson(body, points, catalogue, () => unlimited),
  },
  {
    name: 'protobuf',
    wire: proto,
    body: (message) => encode('metrics', message),
    read: (body, points, catalogue) => readMetricsProto(body, points, catalogue, () => unlimited),
  },
]

const point = (i: number): object => ({
  attributes: [{ key: 'id', value: { stringValue: String(i) } }],
  startTimeUnixNano: '1700000000000000000',
  timeUnixNano: '1700000010000000000',
})
const numbers = (count: number): object[] => Array.from({ length: count }, (_, i) => ({ ...point(i), asDouble: i }))
const histograms = (count: number): object[] => {
  const rest = { count: '3', sum: 4, bucketCounts: ['1', '2'], explicitBounds: [1] }
  return Array.from({ length: count }, (_, i) => ({ ...point(i), ...rest }))
}

/** What it holds of one metric with many points; of one whose timing is another than looks likely; of many metrics with one point each. */
const SHAPES: Record<string, (count: number) => object[]> = {
  'one gauge': (count) => [{ name: 'level', gauge: { dataPoints: numbers(count) } }],
  'one sum': (count) => {
    const sum = { dataPoints: numbers(count), aggregationTemporality: 2, isMonotonic: true }
    return [{ name: 'requests', sum }]
  },
  'one histogram': (count) => {
    return [{ name: 'latency', histogram: { dataPoints: histograms(count), aggregationTemporality: 2 } }]
  },
  'many gauges': (count) => {
    return Array.from({ length: count }, (_, i) => ({
      name: `level${i}`,
      gauge: { dataPoints: [{ ...point(i), asInt: '1' }] },
    }))
  },
}

for (const { name, wire, body, read } of ENCODINGS) {
  test.each(Object.keys(SHAPES))(`of ${name}, %s`, (shape) => {
    const points = new Points()
    const catalogue = new Catalogue(wire)
    const steps = read(body(metrics(...SHAPES[shape]!(POINTS))), points, catalogue)
    let most = 0
    let before = 0
    let count = 0
    for (let done = false; !done; count++) {
      done = steps.next().done === true
      most = Math.max(most, points.length - before)
      before = points.length
    }
    expect(points.length).toBe(POINTS)
    expect(count).toBeGreaterThan(2)
    expect(most).toBeLessThanOrEqual(MOST)
    const { time_ms, value } = points.numbers
    const kept = points.numbers.length
    expect(time_ms.subarray(0, kept).every((time) => time === 1_700_000_010_000)).toBe(true)
    if (shape === 'one gauge' || shape === 'one sum')
      expect(value.subarray(0, kept).every((one, i) => one === i)).toBe(true)
    expect(points.histograms.start[points.histograms.length]).toBe(points.histograms.length * 2)
    expect(points.blocks).toHaveLength(1)
  })

  test(`of ${name}, a short body is read in one step`, () => {
    const steps = read(
      body(metrics({ name: 'level', gauge: { dataPoints: numbers(500) } })),
      new Points(),
      new Catalogue(wire),
    )
    expect(steps.next().done).toBe(true)
  })
}

test.each<[string, object]>([
  [
    'rare',
    {
      name: 'latency',
      exponentialHistogram: {
        dataPoints: histograms(POINTS).map((one) => ({ ...one, scale: 1, positive: { bucketCounts: ['3'] } })),
        aggregationTemporality: 2,
      },
    },
  ],
  ['unusual', { name: 'level', gauge: { dataPoints: numbers(POINTS).map((one) => ({ ...one, unheardOf: 1 })) } }],
])('of JSON that is %s', (_, metric) => {
  const points = new Points()
  const steps = readMetricsJson(Buffer.from(JSON.stringify(metrics(metric))), points, new Catalogue(json))
  const read = (): number => points.numbers.length + points.exponentials.length
  let most = 0
  for (let [before, done] = [0, false]; !done; before = read()) {
    done = steps.next().done === true
    most = Math.max(most, read() - before)
  }
  expect(read()).toBe(POINTS)
  expect(most).toBeLessThanOrEqual(MOST)
})
