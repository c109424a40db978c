// A sample of 0 says when a series began to count, where its values alone would not: after a restart, and before the first.
import { describe, expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'
import { atOnce } from '#core/steps.ts'

import { createDecoder } from './decoder.ts'
import { linesOf, metrics, nanos, request, storeWith } from './testing/decoding.fixture.ts'
import { encode } from './testing/otlp.fixture.ts'

const T = 1_795_192_692_702
const MINUTE = 60_000
const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } })

interface Point {
  readonly start: number
  readonly at: number
  readonly value: number
  readonly attributes?: readonly object[]
}

const times = ({ start, at, attributes }: Point): object => ({
  attributes,
  ...(start !== 0 && { startTimeUnixNano: nanos(T + start) }),
  timeUnixNano: nanos(T + at),
})
const cumulative = { aggregationTemporality: 2 }
const number = (point: Point): object => ({ ...times(point), asDouble: point.value })
const counter = (...points: Point[]): object => {
  return { name: 'c', sum: { ...cumulative, isMonotonic: true, dataPoints: points.map(number) } }
}
const histogram = (...points: Point[]): object => {
  const dataPoints = points.map((point) => {
    const { value } = point
    return { ...times(point), count: value, sum: value, bucketCounts: [value, 0], explicitBounds: [1] }
  })
  return { name: 'h', histogram: { ...cumulative, dataPoints } }
}
const exponential = (...points: (Point & { readonly offset?: number })[]): object => {
  const dataPoints = points.map((point) => {
    const { value, offset = 0 } = point
    return { ...times(point), count: value, sum: value, scale: 0, positive: { offset, bucketCounts: [value] } }
  })
  return { name: 'e', exponentialHistogram: { ...cumulative, dataPoints } }
}
const summary = (...points: Point[]): object => {
  const dataPoints = points.map((point) => ({ ...times(point), count: point.value, sum: point.value }))
  return { name: 's', summary: { dataPoints } }
}

const WAYS: Record<string, (message: object) => Parameters<typeof request>[1]> = {
  protobuf: (message) => encode('metrics', JSON.parse(JSON.stringify(message)) as object),
  JSON: (message) => message,
  'JSON that is parsed': (message) => `{"unknown":1,${JSON.stringify(message).slice(1)}`,
}

/** A store that hears something at first, so that it knows of what began later that it began. */
function listening({ way = 'JSON', store = storeWith(), on = true } = {}) {
  const decoder = createDecoder({ meter: silentMeter, start_timestamp_zero_ingestion: on })
  const sent = (message: object): string[] => {
    const { samples, rejected } = atOnce(decoder.decode(request('metrics', WAYS[way]!(message)), store))
    const lines = linesOf(samples, store)
    expect(store.append(samples).counts).toMatchObject({ too_old: 0, late_refused: 0, stored_late: 0 })
    expect(rejected).toBe(0)
    return lines
  }
  /** `time value` of each sample, times from T on. */
  const take = (...list: object[]): string[] => {
    return sent(metrics(...list)).map((line) => {
      const [, time, value] = / (\d{13}) .*?([\d.]+|NaN|\d+ \S+ \S+)$/.exec(line) ?? []
      return `${Number(time) - T} ${value}`
    })
  }
  take({ name: 'up', gauge: { dataPoints: [number({ start: 0, at: 1, value: 1 })] } })
  return { take, sent, store }
}

describe.each(Object.keys(WAYS))('a counter in %s', (way) => {
  test('that began anew, and is beyond its last value, falls to 0 between', () => {
    const { take } = listening({ way })
    take(counter({ start: -9, at: 10, value: 5 }), counter({ start: -9, at: 20, value: 6 }))
    expect(take(counter({ start: 25, at: 30, value: 7 }))).toEqual(['25 0', '30 7'])
    expect(take(counter({ start: 25, at: 40, value: 8 }))).toEqual(['40 8'])
    expect(take(counter({ start: 45, at: 50, value: 9 }))).toEqual(['45 0', '50 9'])
  })

  test('that began while we listened begins with 0', () => {
    const { take } = listening({ way })
    expect(take(counter({ start: 5, at: 10, value: 3 }, { start: 5, at: 20, value: 4 }))).toEqual([
      '5 0',
      '10 3',
      '20 4',
    ])
  })

  test('is put in order where much of it comes at once', () => {
    const { take } = listening({ way })
    const other = (point: Point): Point => ({ ...point, attributes: [text('a', 'b')] })
    const points = [
      { start: 5, at: 10, value: 3 },
      other({ start: 7, at: 10, value: 1 }),
      { start: 5, at: 20, value: 4 },
      other({ start: 7, at: 20, value: 2 }),
      { start: 25, at: 30, value: 5 },
      { start: 25, at: 40, value: 6 },
    ]
    expect(take(counter(...points))).toEqual(['5 0', '10 3', '7 0', '10 1', '20 4', '20 2', '25 0', '30 5', '40 6'])
  })
})

describe('no 0 is there', () => {
  const points = (...list: (readonly [start: number, at: number])[]): object[] => {
    return list.map(([start, at]) => counter({ start, at, value: at }))
  }

  const CASES: Record<string, readonly (readonly [start: number, at: number])[]> = {
    'where the start is not known': [
      [0, 10],
      [0, 20],
      [0, 30],
    ],
    'where it is the time of each point': [
      [10, 10],
      [20, 20],
      [30, 30],
    ],
    'where it is the time of the first': [
      [10, 10],
      [10, 20],
      [10, 30],
    ],
    'where it is behind the time': [
      [12, 10],
      [22, 20],
      [32, 30],
    ],
    'where it moves with each point': [
      [-5, 10],
      [15, 20],
      [25, 30],
      [35, 40],
    ],
    'where it is the time of the point before': [
      [-5, 10],
      [10, 20],
      [20, 30],
      [30, 40],
    ],
    'where two write one series, each with his own': [
      [-5, 10],
      [-4, 20],
      [-5, 30],
      [-5, 40],
      [-4, 50],
      [-4, 60],
    ],
    'where it is corrected': [
      [-5, 10],
      [-5, 20],
      [-4, 30],
      [-4, 40],
    ],
    'where it began before we listened': [
      [-5, 10],
      [-5, 20],
    ],
    'where it began long ago': [[10, 10 * MINUTE]],
  }

  test.each(Object.keys(CASES))('%s', (name) => {
    const { take } = listening()
    const list = CASES[name]!
    const lines = points(...list).flatMap((one) => take(one))
    expect(lines).toEqual(list.map(([, at]) => `${at} ${at}`))
  })

  test('in what may fall anyway', () => {
    const { take } = listening()
    const gauge = (point: Point): object => ({ name: 'g', gauge: { dataPoints: [number(point)] } })
    const upDown = (point: Point): object => ({ name: 'u', sum: { ...cumulative, dataPoints: [number(point)] } })
    for (const [start, at] of [
      [5, 10],
      [5, 20],
      [25, 30],
    ] as const) {
      expect(take(gauge({ start, at, value: 9 }), upDown({ start, at, value: 9 }))).toEqual([`${at} 9`, `${at} 9`])
    }
  })

  test('where nobody wants it', () => {
    const { take } = listening({ on: false })
    const all = (at: number, start: number): object[] => {
      const point = { start, at, value: at }
      return [counter(point), histogram(point), exponential(point), summary(point)]
    }
    for (const [at, start] of [
      [10, 5],
      [20, 5],
      [30, 25],
    ] as const) {
      expect(take(...all(at, start))).toHaveLength(5)
    }
  })

  test('after a restart of ours, before which it was not heard', () => {
    const { take, store } = listening()
    take(counter({ start: 5, at: 10, value: 3 }))
    const { take: later } = listening({ store })
    expect(later(counter({ start: 5, at: 20, value: 4 }))).toEqual(['20 4'])
  })
})

test('a process that is another has other attributes of its resource, and the same series', () => {
  const { sent } = listening()
  const of = (pid: number, point: Point): object => {
    const attributes = [text('service.name', 'checkout'), { key: 'process.pid', value: { intValue: pid } }]
    return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics: [counter(point)] }] }] }
  }
  const values = (lines: string[]): string[] => {
    return lines.filter((line) => line.startsWith('c_total')).map((line) => line.split(' ').slice(-2).join(' '))
  }
  sent(of(1, { start: -5, at: 10, value: 3 }))
  sent(of(1, { start: -5, at: 20, value: 3 }))
  expect(values(sent(of(2, { start: 25, at: 30, value: 4 })))).toEqual([`${T + 25} 0`, `${T + 30} 4`])
})

describe('histograms and summaries begin with nothing', () => {
  test('classic ones, among others', () => {
    const { take } = listening()
    const other = { start: 0, at: 10, value: 2, attributes: [text('a', 'b')] }
    expect(take(histogram(other, { start: 5, at: 10, value: 3 }, { ...other, at: 11 }))).toEqual([
      '10 2 2 [2,0]',
      '5 0 0 [0,0]',
      '10 3 3 [3,0]',
      '11 2 2 [2,0]',
    ])
    take(histogram({ start: 5, at: 20, value: 3 }))
    expect(take(histogram({ start: 25, at: 30, value: 4 }))).toEqual(['25 0 0 [0,0]', '30 4 4 [4,0]'])
  })

  test('classic ones with other bounds than before', () => {
    const { take, sent } = listening()
    take(histogram({ start: -5, at: 10, value: 3 }), histogram({ start: -5, at: 20, value: 3 }))
    const bounds = { count: 1, sum: 1, bucketCounts: [1], explicitBounds: [] }
    const wider = (point: Point): object => {
      return metrics({ name: 'h', histogram: { ...cumulative, dataPoints: [{ ...times(point), ...bounds }] } })
    }
    expect(sent(wider({ start: -5, at: 30, value: 1 }))).toHaveLength(1)
    expect(sent(wider({ start: 35, at: 40, value: 1 }))).toHaveLength(2)
  })

  test('exponential ones once, whatever their shapes', () => {
    const { take } = listening()
    expect(take(exponential({ start: 5, at: 10, value: 3 }))).toEqual(['5 0 0 {}', '10 3 3 {1:3}'])
    expect(take(exponential({ start: 5, at: 20, value: 4, offset: 300 }))).toHaveLength(1)
    expect(take(exponential({ start: 5, at: 30, value: 5 }))).toHaveLength(1)
    expect(take(exponential({ start: 35, at: 40, value: 6 }))).toHaveLength(2)
    expect(take(exponential({ start: 35, at: 50, value: 7, offset: 300 }))).toHaveLength(1)
  })

  test('sum and count of summaries', () => {
    const { take } = listening()
    expect(take(summary({ start: 5, at: 10, value: 3 }))).toEqual(['5 0', '5 0', '10 3', '10 3'])
    expect(take(summary({ start: 5, at: 20, value: 4 }))).toEqual(['20 4', '20 4'])
  })
})

describe('deltas', () => {
  const delta = (start: number, at: number, value: number): object => {
    return {
      name: 'd',
      sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [number({ start, at, value })] },
    }
  }

  test('begin with 0, and go on after gaps: of what happens now and then nothing is said between', () => {
    const { take } = listening()
    const lines = [delta(2, 10, 1), delta(25, 30, 1), delta(30, 40, 1), delta(60, 60, 1)].flatMap((one) => take(one))
    expect(lines).toEqual(['2 0', '10 1', '30 2', '40 3', '60 4'])
  })

  test('over a long time begin without 0', () => {
    const { take } = listening()
    expect(take(delta(2, 10 * MINUTE, 1))).toEqual([`${10 * MINUTE} 1`])
  })

  test('of histograms do so too', () => {
    const { sent } = listening()
    const one = (start: number, at: number): number => {
      const [point] = (histogram({ start, at, value: 1 }) as { histogram: { dataPoints: object[] } }).histogram
        .dataPoints
      return sent(metrics({ name: 'h', histogram: { aggregationTemporality: 1, dataPoints: [point!] } })).length
    }
    expect([one(2, 10), one(25, 30), one(30, 40), one(55, 60)]).toEqual([2, 1, 1, 1])
  })
})
