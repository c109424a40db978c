// The decoder keeps ids of series; those of series that have ended it gives up in time.
import { expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'
import { atOnce } from '#core/steps.ts'
import { IN_FLIGHT } from '#core/store/ended-series.ts'
import { Store } from '#core/store/store.ts'

import { createDecoder } from './decoder.ts'
import { linesOf, metrics, nanos, request } from './testing/decoding.fixture.ts'

const DAY_MS = 86_400_000
const START_MS = 1_790_000_000_000

function number(time_ms: number): object {
  return { name: 'number', gauge: { dataPoints: [{ timeUnixNano: nanos(time_ms), asDouble: 1 }] } }
}

function histogram(time_ms: number): object {
  const point = { timeUnixNano: nanos(time_ms), count: '3', sum: 4, bucketCounts: ['1', '2'], explicitBounds: [1] }
  return { name: 'histogram', histogram: { aggregationTemporality: 2, dataPoints: [point] } }
}

function summary(time_ms: number): object {
  const point = { timeUnixNano: nanos(time_ms), count: '3', sum: 4, quantileValues: [{ quantile: 0.5, value: 1 }] }
  return { name: 'summary', summary: { dataPoints: [point] } }
}

function exponential(time_ms: number): object {
  const positive = { offset: 1, bucketCounts: ['1', '2'] }
  const point = { timeUnixNano: nanos(time_ms), count: '3', sum: 4, scale: 2, zeroCount: '0', positive }
  return { name: 'exponential', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [point] } }
}

test('what the decoder keeps does not grow with the series that have been', () => {
  let now_ms = START_MS
  const store = new Store({ limits: { retention_ms: DAY_MS }, analysis_ms: () => now_ms, meter: silentMeter })
  let bytes = (): number => NaN
  const gauge = (name: string, _: unknown, read: () => unknown): void => {
    if (name.endsWith('catalogue')) bytes = read as () => number
  }
  const decoder = createDecoder({ meter: { ...silentMeter, gauge } })
  const send = (list: readonly object[]): void => {
    const { samples } = atOnce(decoder.decode(request('metrics', metrics(...list)), store))
    store.append(samples)
  }
  const held: number[] = []
  for (let wave = 0; wave < 6; wave++) {
    const pods = Array.from({ length: 12_000 }, (_, pod) => ({
      timeUnixNano: nanos(now_ms),
      asDouble: 1,
      attributes: [{ key: 'pod', value: { stringValue: `pod-${wave}-${pod}` } }],
    }))
    send([{ name: 'number', gauge: { dataPoints: pods } }])
    now_ms += 2 * DAY_MS
    for (let i = 0; i <= IN_FLIGHT * 3; i++) send([number((now_ms += 1000))])
    held.push(bytes())
  }
  expect(Math.max(...held)).toBeGreaterThan(0)
  expect(Math.max(...held.slice(2))).toBeLessThanOrEqual(Math.max(...held.slice(0, 2)))
})

test('what the decoder keeps does not grow with pods that are replaced while their samples stay', () => {
  let now_ms = START_MS
  const store = new Store({ limits: { retention_ms: 30 * DAY_MS }, analysis_ms: () => now_ms, meter: silentMeter })
  let bytes = (): number => NaN
  const gauge = (name: string, _: unknown, read: () => unknown): void => {
    if (name.endsWith('catalogue')) bytes = read as () => number
  }
  const decoder = createDecoder({ meter: { ...silentMeter, gauge }, now_ms: () => now_ms })
  const send = (...list: readonly object[]): void => {
    const { samples } = atOnce(decoder.decode(request('metrics', metrics(...list)), store))
    store.append(samples)
  }
  const held: number[] = []
  // Each wave of pods comes three times, ten minutes apart.
  for (let wave = 0; wave < 12; wave++) {
    const pods = Array.from({ length: 4000 }, (_, pod) => ({
      timeUnixNano: nanos(START_MS),
      asDouble: 1,
      attributes: [{ key: 'pod', value: { stringValue: `pod-${wave}-${pod}` } }],
    }))
    const body = { name: 'pods', gauge: { dataPoints: pods } }
    for (let time = 0; time < 3; time++, now_ms += 600_000)
      send(body, number(now_ms), histogram(now_ms), exponential(now_ms))
    held.push(bytes())
  }
  expect(Math.max(...held)).toBeLessThan(held[0]! * 5.5)
  expect(held.filter((one, wave) => wave > 0 && one < held[wave - 1]!).length).toBeGreaterThanOrEqual(2)
})

test.each([number, histogram, summary, exponential])(
  'a %o that comes back after its series are gone has new ones',
  (of) => {
    let now_ms = START_MS
    const store = new Store({ limits: { retention_ms: DAY_MS }, analysis_ms: () => now_ms, meter: silentMeter })
    const decoder = createDecoder({ meter: silentMeter })
    const send = (...list: object[]): string[] => {
      const { samples } = atOnce(decoder.decode(request('metrics', metrics(...list)), store))
      const lines = linesOf(samples, store)
      store.append(samples)
      return lines
    }
    const first = send(of(now_ms))
    const { length } = send(of((now_ms += 1000)))
    expect(first).toHaveLength(length)
    const ids = (): number => store.labelSets([]).length
    const before = ids()
    now_ms += 2 * DAY_MS
    for (let i = 0; i <= IN_FLIGHT * 2; i++)
      send({ name: 'other', gauge: { dataPoints: [{ timeUnixNano: nanos(now_ms + i), asInt: '1' }] } })
    const again = send(of((now_ms += 1000)))
    expect(again.map((line) => line.replace(` ${now_ms} `, ` ${START_MS} `))).toEqual(first)
    expect(send(of((now_ms += 1000)))).toHaveLength(length)
    expect(ids()).toBe(before + 1)
  },
)
