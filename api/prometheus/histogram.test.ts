import { expect, test } from 'vitest'

import type { QueryResult, ResultHistogram } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import { JsonBytes } from './json-bytes.ts'
import { resultPieces, shownOf } from './result.ts'

const HISTOGRAM: ResultHistogram = {
  count: 3,
  sum: 4.5,
  buckets: [
    { bounds: 3, lower: -0.001, upper: 0.001, count: 1 },
    { bounds: 0, lower: 1, upper: 2, count: 2 },
  ],
}

const LIMITS = { series: Infinity, points: 100 }

function written(result: QueryResult): unknown {
  const json = new JsonBytes()
  const pieces = resultPieces(json, result, shownOf(result, LIMITS))
  while (pieces.next().done !== true);
  return JSON.parse(Buffer.from(json.bytes).toString())
}

function resultOf(type: 'vector' | 'matrix', float: readonly number[]): QueryResult {
  const series = {
    labels: Labels.of({ a: 'b' }),
    time_ms: Float64Array.from(float, (_, i) => i * 1000),
    value: Float64Array.from(float),
    histograms: [{ time_ms: 5000, value: HISTOGRAM }],
  }
  return { type, series: [series], warnings: [], infos: [] }
}

const POINT = [
  5,
  {
    count: '3',
    sum: '4.5',
    buckets: [
      [3, '-0.001', '0.001', '1'],
      [0, '1', '2', '2'],
    ],
  },
]

test('an element of a vector is a histogram in place of a value', () => {
  expect(written(resultOf('vector', []))).toEqual({
    resultType: 'vector',
    result: [{ metric: { a: 'b' }, histogram: POINT }],
  })
})

test('a series of a matrix has its histograms beside its values, and neither key where there is none', () => {
  const one = (float: readonly number[]): unknown =>
    (written(resultOf('matrix', float)) as { result: unknown[] }).result
  expect(one([7])).toEqual([{ metric: { a: 'b' }, values: [[0, '7']], histograms: [POINT] }])
  expect(one([])).toEqual([{ metric: { a: 'b' }, histograms: [POINT] }])
})

test('a histogram weighs as much as its buckets when points are counted', () => {
  expect(() => shownOf(resultOf('vector', []), { series: 1, points: 2 })).toThrow('3 points')
})
