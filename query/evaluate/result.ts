import type { QueryResult, ResultSeries } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import { NativeResult } from '../native/result.ts'
import type { Annotations } from './annotations.ts'
import { type EdgeOptions, refuseHistograms, stretchOf } from './edges.ts'
import { compareLabels, isAscending } from './label-order.ts'
import { withoutNames } from './merge.ts'
import { samplesOfColumn } from './select.ts'
import { type Column, type Grid, isEmpty, type MatrixValue, type Samples, timesOf, type Value } from './values.ts'

/** The result of an instant query: a vector keeps the order of an expression that sorts. */
export function instantResult(value: Value, grid: Grid, annotations: Annotations): QueryResult {
  const notes = { warnings: annotations.warnings, infos: annotations.infos }
  const time_ms = grid.start_ms
  switch (value.kind) {
    case 'scalar':
      return { type: 'scalar', time_ms, value: value.value[0]!, ...notes }
    case 'string':
      return { type: 'string', time_ms, value: value.value, ...notes }
    case 'vector': {
      const series = seriesOf(value.columns, grid)
      return { type: 'vector', series: value.ordered ? series : sorted(series), ...notes }
    }
    case 'matrix':
      break
  }
  return { type: 'matrix', series: sorted(windowsOf(value)), ...notes }
}

/** The result of a range query: always a matrix; a scalar is a series without labels. */
export function rangeResult(value: Value, grid: Grid, annotations: Annotations): QueryResult {
  const notes = { warnings: annotations.warnings, infos: annotations.infos }
  if (value.kind === 'scalar') {
    const series = [{ labels: Labels.empty, time_ms: timesOf(grid), value: value.value }]
    return { type: 'matrix', series, ...notes }
  }
  const columns = value.kind === 'vector' ? value.columns : []
  return { type: 'matrix', series: sorted(seriesOf(columns, grid)), ...notes }
}

function seriesOf(columns: readonly Column[], grid: Grid): ResultSeries[] {
  const times = timesOf(grid)
  const series: ResultSeries[] = []
  for (const column of withoutNames(columns)) {
    const { labels, value, has } = column
    if (isEmpty(column)) continue
    if (column.histograms === undefined && isFull(has)) series.push({ labels, time_ms: times, value })
    else series.push(resultOf(samplesOfColumn(column, times)))
  }
  return series
}

function isFull(has: Uint8Array): boolean {
  for (let i = 0; i < has.length; i++) if (has[i] === 0) return false
  return true
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
function windowsOf(matrix: MatrixValue): ResultSeries[] {
  const { series, end_ms, range_ms, edges } = matrix
  if (edges !== undefined) return series.flatMap((samples) => edgedWindow(samples, matrix, edges))
  const end = end_ms[0]!
  const windows: ResultSeries[] = []
  for (const samples of series) {
    const { labels, time_ms, nameless } = samples
    let from = 0
    let to = time_ms.length
    while (from < to && time_ms[from]! <= end - range_ms) from++
    while (to > from && time_ms[to - 1]! > end) to--
    if (from === to) continue
    const window = {
      ...samples,
      time_ms: time_ms.subarray(from, to),
      value: samples.value.subarray(from, to),
      histograms: samples.histograms?.slice(from, to),
    }
    windows.push({ ...resultOf(window), labels: nameless ? labels.drop('__name__') : labels })
  }
  return windows
}

/** With the values at both ends as samples. */
function edgedWindow(samples: Samples, { end_ms, range_ms }: MatrixValue, edges: EdgeOptions): ResultSeries[] {
  refuseHistograms(samples)
  const end = end_ms[0]!
  const start = end - range_ms
  const stretch = stretchOf(samples, edges, { start_ms: start, end_ms: end, counter: false })
  if (stretch === undefined) return []
  const { left, right, from, to } = stretch
  return [
    {
      labels: samples.labels,
      time_ms: Float64Array.of(start, ...samples.time_ms.subarray(from, to), end),
      value: Float64Array.of(left, ...samples.value.subarray(from, to), right),
    },
  ]
}

function sorted(series: ResultSeries[]): ResultSeries[] {
  return isAscending(series) ? series : series.toSorted((a, b) => compareLabels(a.labels, b.labels))
}
