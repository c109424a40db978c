import { expect, test } from 'vitest'

import type { QueryResult, ResultHistogram } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import { JsonBytes } from './json-bytes.ts'
import { writeResult } from './result.ts'

const HISTOGRAM: ResultHistogram = {
  count: 3,
  sum: 4.5,
  buckets: [
    { bounds: 3, lower: -0.001, upper: 0.001, count: 1 },
    { bounds: 0, lower: 1, upper: 2, count: 2 },
  ],
}

const LIMITS = { series: Infinity, points: 100 }

async function written(result: QueryResult): Promise<unknown> {
  const json = new JsonBytes()
  await writeResult(json, result, LIMITS)
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

test('an element of a vector is a histogram in place of a value', async () => {
  expect(await written(resultOf('vector', []))).toEqual({
    resultType: 'vector',
    result: [{ metric: { a: 'b' }, histogram: POINT }],
  })
})

test('a series of a matrix has its histograms beside its values, and neither key where there is none', async () => {
  const one = async (float: readonly number[]): Promise<unknown> =>
    ((await written(resultOf('matrix', float))) as { result: unknown[] }).result
  expect(await one([7])).toEqual([{ metric: { a: 'b' }, values: [[0, '7']], histograms: [POINT] }])
  expect(await one([])).toEqual([{ metric: { a: 'b' }, histograms: [POINT] }])
})

test('a histogram weighs as much as its buckets when points are counted', async () => {
  const json = new JsonBytes()
  await expect(writeResult(json, resultOf('vector', []), { series: 1, points: 2 })).rejects.toThrow('3 points')
})
