import type { QueryResult, ResultSeries } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'
import { Slab } from '#core/slab.ts'

import { NativeResult } from '../native/result.ts'
import type { Annotations } from './annotations.ts'
import type { Budget } from './budget.ts'
import { type EdgeOptions, refuseHistograms, stretchOf } from './edges.ts'
import { compareLabels, isAscending } from './label-order.ts'
import { withoutNames } from './merge.ts'
import { samplesOfColumn } from './select.ts'
import {
  type Column,
  type Grid,
  isEmpty,
  isFull,
  type MatrixValue,
  type Samples,
  timesOf,
  type Value,
} from './values.ts'

/** What a series of a result costs beside its values, counted in values: its label set is compared with the one before. */
const SERIES_VALUES = 20

/** Of an evaluation: its grid, its notes, and what it may still use. */
export interface ResultOptions {
  readonly grid: Grid
  readonly annotations: Annotations
  readonly budget: Budget
}

/** The result of an instant query: a vector keeps the order of an expression that sorts. */
export async function instantResult(value: Value, { grid, annotations, budget }: ResultOptions): Promise<QueryResult> {
  const notes = { warnings: annotations.warnings, infos: annotations.infos }
  const time_ms = grid.start_ms
  switch (value.kind) {
    case 'scalar':
      return { type: 'scalar', time_ms, value: value.value[0]!, ...notes }
    case 'string':
      return { type: 'string', time_ms, value: value.value, ...notes }
    case 'vector': {
      const series = await seriesOf(value.columns, { grid, budget, ordered: value.ordered })
      return { type: 'vector', series, ...notes }
    }
    case 'matrix':
      break
  }
  const windows = await windowsOf(value)
  return { type: 'matrix', series: isAscending(windows) ? windows : sorted(windows), ...notes }
}

/** The result of a range query: always a matrix; a scalar is a series without labels. */
export async function rangeResult(value: Value, { grid, annotations, budget }: ResultOptions): Promise<QueryResult> {
  const notes = { warnings: annotations.warnings, infos: annotations.infos }
  if (value.kind === 'scalar') {
    const series = [{ labels: Labels.empty, time_ms: timesOf(grid), value: value.value }]
    return { type: 'matrix', series, ...notes }
  }
  const columns = value.kind === 'vector' ? value.columns : []
  return { type: 'matrix', series: await seriesOf(columns, { grid, budget }), ...notes }
}

/** In order of their label sets, unless they are `ordered`. There may be many: others have their turns meanwhile. */
async function seriesOf(
  columns: readonly Column[],
  {
    grid,
    budget,
    ordered = false,
  }: Pick<ResultOptions, 'grid' | 'budget'> & { readonly ordered?: boolean | undefined },
): Promise<ResultSeries[]> {
  const times = timesOf(grid)
  const numbers = new Slab((length) => new Float64Array(length))
  const series: ResultSeries[] = []
  let ascending = true
  for (const column of withoutNames(columns)) {
    if (isEmpty(column)) continue
    const { labels, value, has, histograms } = column
    if (histograms === undefined && isFull(has)) {
      // The arrays of a column go with the query.
      const kept = numbers.take(value.length)
      kept.set(value)
      series.push({ labels, time_ms: times, value: kept })
    } else series.push(resultOf(samplesOfColumn(column, times)))
    if (series.length > 1) ascending &&= compareLabels(series.at(-2)!.labels, labels) < 0
    budget.worked(value.length + SERIES_VALUES)
    if (budget.due) await budget.pause()
  }
  return ordered || ascending ? series : sorted(series)
}

/** Floats and histograms of a series apart. */
function resultOf({ labels, time_ms, value, histograms }: Samples): ResultSeries {
  if (histograms === undefined) return { labels, time_ms, value }
  const float = (_: number, i: number): boolean => histograms[i] === undefined
  const native = histograms.flatMap((one, i) =>
    one === undefined ? [] : [{ time_ms: time_ms[i]!, value: new NativeResult(one) }],
  )
  return { labels, time_ms: time_ms.filter(float), value: value.filter(float), histograms: native }
}

/** The samples of a range vector at the only step of an instant query. */
async function windowsOf(matrix: MatrixValue): Promise<ResultSeries[]> {
  const { batches, edges } = matrix
  const windows: ResultSeries[] = []
  for await (const batch of batches) {
    for (const samples of batch) {
      const window = edges === undefined ? windowOf(samples, matrix) : edgedWindow(samples, matrix, edges)
      if (window !== undefined) windows.push(window)
    }
  }
  return windows
}

function windowOf(samples: Samples, { end_ms, range_ms }: MatrixValue): ResultSeries | undefined {
  const { labels, time_ms, nameless } = samples
  const end = end_ms[0]!
  let from = 0
  let to = time_ms.length
  while (from < to && time_ms[from]! <= end - range_ms) from++
  while (to > from && time_ms[to - 1]! > end) to--
  if (from === to) return undefined
  const window = {
    ...samples,
    time_ms: time_ms.slice(from, to),
    value: samples.value.slice(from, to),
    histograms: samples.histograms?.slice(from, to),
  }
  return { ...resultOf(window), labels: nameless ? labels.drop('__name__') : labels }
}

/** With the values at both ends as samples. */
function edgedWindow(
  samples: Samples,
  { end_ms, range_ms }: MatrixValue,
  edges: EdgeOptions,
): ResultSeries | undefined {
  refuseHistograms(samples)
  const end = end_ms[0]!
  const start = end - range_ms
  const stretch = stretchOf(samples, edges, { start_ms: start, end_ms: end, counter: false })
  if (stretch === undefined) return undefined
  const { left, right, from, to } = stretch
  return {
    labels: samples.labels,
    time_ms: Float64Array.of(start, ...samples.time_ms.subarray(from, to), end),
    value: Float64Array.of(left, ...samples.value.subarray(from, to), right),
  }
}

function sorted(series: ResultSeries[]): ResultSeries[] {
  return series.toSorted((a, b) => compareLabels(a.labels, b.labels))
}
