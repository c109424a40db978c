import { expect, test } from 'vitest'

import {
  align,
  bandData,
  forecastData,
  lineData,
  newest,
  quantileBands,
  shownRange,
  shownValues,
} from './chart-data.js'

const NAMES = { value: 'value', expected: 'expected', lower: 'lower', upper: 'upper' }

test('series meet on common times, with gaps where one has no sample', () => {
  const { x, columns } = align([
    {
      metric: {},
      values: [
        [10, '1'],
        [30, 'NaN'],
      ],
    },
    undefined,
    {
      metric: {},
      values: [
        [20, '2'],
        [30, '+Inf'],
      ],
    },
  ])
  expect(x).toEqual([10, 20, 30])
  expect(columns).toEqual([
    [1, null, null],
    [null, null, null],
    [null, 2, null],
  ])
})

test('what begins late is shown from its beginning', () => {
  expect(shownRange([950], 0, 1000)).toEqual([950, 1000])
  expect(shownRange([100], 0, 1000)).toEqual([0, 1000])
  expect(shownRange([], 0, 1000)).toEqual([0, 1000])
})

test('of a band far wider than what was measured as much is shown as leaves the value to be seen', () => {
  const shown = (value: (number | null)[], low: number, high: number): [number, number] => {
    const bound = { name: 'upper', kind: 'bound' as const, column: [high] }
    return shownValues([{ name: 'value', kind: 'value', column: value }, bound], low, high)
  }
  expect(shown([100, 104, null], -50_000, 50_000)).toEqual([100 - 3 * 52, 104 + 3 * 52])
  expect(shown([100, 104], 90, 115)).toEqual([90, 115])
  expect(shown([0, 10], -20, 900)).toEqual([-20, 40])
  expect(shown([0, 0], 0, 5)).toEqual([0, 5])
  expect(shown([null], 0, 5)).toEqual([0, 5])
})

test('a band is drawn from upper to lower, the value last and so on top', () => {
  const band = (name: string, level: string) => ({
    metric: { __name__: `barograph_${name}` },
    values: [[10, level]] as [number, string][],
  })
  const { traces, bands } = bandData({
    value: {
      metric: {},
      values: [
        [10, '7'],
        [20, '8'],
      ],
    },
    bands: [band('lower', '5'), band('upper', '9'), band('expected', '6')],
    names: NAMES,
  })
  expect(traces.map(({ kind, column }) => [kind, column])).toEqual([
    ['bound', [9, null]],
    ['bound', [5, null]],
    ['expected', [6, null]],
    ['value', [7, 8]],
  ])
  expect(bands).toEqual([{ upper: 0, lower: 1, tone: 'band' }])
})

test('without a band of its own a value gets the flat one of its finding', () => {
  const { traces } = bandData({
    value: {
      metric: {},
      values: [
        [10, '7'],
        [20, '8'],
      ],
    },
    bands: [],
    flat: { lower: 1, upper: 2 },
    names: NAMES,
  })
  expect(traces.map(({ column }) => column)).toEqual([
    [2, 2],
    [1, 1],
    [null, null],
    [7, 8],
  ])
})

test('of quantiles the pair 0.1 to 0.9 and the widest are bands', () => {
  expect(quantileBands([0.05, 0.1, 0.5, 0.9, 0.99])).toEqual([
    { lower: 0.05, upper: 0.99, tone: 'outer' },
    { lower: 0.1, upper: 0.9, tone: 'inner' },
  ])
  expect(quantileBands([0.1, 0.5, 0.9])).toEqual([{ lower: 0.1, upper: 0.9, tone: 'inner' }])
  // As the default of a forecast rule has them: only the upper end is further out.
  expect(quantileBands([0.1, 0.5, 0.9, 0.95, 0.99])).toEqual([
    { lower: 0.1, upper: 0.99, tone: 'outer' },
    { lower: 0.1, upper: 0.9, tone: 'inner' },
  ])
  expect(quantileBands([0.2, 0.4, 0.6, 0.8])).toEqual([
    { lower: 0.2, upper: 0.8, tone: 'outer' },
    { lower: 0.4, upper: 0.6, tone: 'inner' },
  ])
  expect(quantileBands([0.5])).toEqual([])
  expect(quantileBands([0.5, 0.95])).toEqual([])
})

test('history and future share an axis; where only the other has a time, a line goes on', () => {
  const at = (seconds: number): string => new Date(seconds * 1000).toISOString()
  const { x, traces, bands } = forecastData(
    {
      metric: {},
      values: [
        [0, '1'],
        [60, '2'],
      ],
    },
    {
      labels: {},
      made_at: at(60),
      model: 'm',
      trust: 1,
      points: [
        { at: at(120), quantiles: { '0.1': 1, '0.5': 2, '0.9': 3 } },
        { at: at(180), quantiles: { '0.1': 2, '0.5': 3, '0.9': 4 } },
      ],
    },
    { value: 'history', quantile: (q: number) => `q${q}` },
  )
  expect(x).toEqual([0, 60, 120, 180])
  expect(traces.map(({ name, kind }) => [name, kind])).toEqual([
    ['q0.9', 'bound'],
    ['q0.5', 'median'],
    ['q0.1', 'bound'],
    ['history', 'value'],
  ])
  expect(traces[1]?.column).toEqual([undefined, undefined, 2, 3])
  expect(traces[3]?.column).toEqual([1, 2, undefined, undefined])
  expect(bands).toEqual([{ lower: 2, upper: 0, tone: 'inner' }])
})

test('many series are lines of their own hue, and the newest value is the last one there is', () => {
  const { traces } = lineData(
    [
      { metric: {}, values: [[1, '5']] },
      { metric: {}, values: [[2, '6']] },
    ],
    ['a', 'b'],
  )
  expect(traces.map(({ name, hue, column }) => [name, hue, newest(column)])).toEqual([
    ['a', 0, 5],
    ['b', 1, 6],
  ])
  expect(newest([null, undefined])).toBeUndefined()
})
