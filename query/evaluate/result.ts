import type { QueryResult, ResultSeries } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import type { Annotations } from './annotations.ts'
import { compareLabels } from './label-order.ts'
import { withoutNames } from './merge.ts'
import { type Column, type Grid, type MatrixValue, timesOf, type Value } from './values.ts'

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
  for (const { labels, value, has } of withoutNames(columns)) {
    if (!has.includes(1)) continue
    const kept = (_: number, i: number): boolean => has[i] === 1
    const full = !has.includes(0)
    series.push({ labels, time_ms: full ? times : times.filter(kept), value: full ? value : value.filter(kept) })
  }
  return series
}

/** The samples of a range vector at the only step of an instant query. */
function windowsOf({ series, end_ms, range_ms }: MatrixValue): ResultSeries[] {
  const end = end_ms[0]!
  const windows: ResultSeries[] = []
  for (const { labels, time_ms, value, nameless } of series) {
    const inside = (_: number, i: number): boolean => time_ms[i]! <= end && time_ms[i]! > end - range_ms
    const times = time_ms.filter(inside)
    if (times.length === 0) continue
    windows.push({
      labels: nameless ? labels.drop('__name__') : labels,
      time_ms: times,
      value: value.filter(inside),
    })
  }
  return windows
}

function sorted(series: ResultSeries[]): ResultSeries[] {
  return series.toSorted((a, b) => compareLabels(a.labels, b.labels))
}
