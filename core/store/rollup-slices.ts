import type { Matcher, RollupResolution, TimeRange } from '../ports/series-reader.ts'
import type { Labels } from '../series.ts'
import { COUNT, LAST, MAX, MIN, SUM } from './rollup.ts'
import type { Rollups } from './rollups.ts'
import { byLabels, type RowMatches } from './row-matches.ts'
import { lowerBound } from './sample-buffer.ts'

/** Summaries of a float series by bucket of time, as columns in ascending order. Stale samples and NaN are left out. */
export interface RollupSlice {
  readonly labels: Labels
  /** Where the bucket begins; it ends before the next. */
  readonly time_ms: Float64Array
  readonly min: Float64Array
  readonly max: Float64Array
  readonly sum: Float64Array
  readonly count: Float64Array
  readonly last: Float64Array
}

/** Those whose buckets begin in the range, of matching float series, ordered by label set. */
export function rollupSlices(
  rollups: Rollups,
  rows: RowMatches,
  matchers: readonly Matcher[],
  { range, resolution_ms }: { readonly range: TimeRange; readonly resolution_ms: RollupResolution },
): RollupSlice[] {
  const slices: RollupSlice[] = []
  const tests = rows.tests(matchers)
  for (const { row, definition } of rows.matches(tests, rows.indexed(tests))) {
    if (definition.kind !== 'float') continue
    const { time_ms, columns, length } = rollups.read(row, range, resolution_ms)
    const from = lowerBound(time_ms, length, range.from_ms)
    let to = lowerBound(time_ms, length, range.to_ms)
    if (to < length && time_ms[to] === range.to_ms) to++
    if (to <= from) continue
    const column = (index: number): Float64Array => columns[index]!.slice(from, to)
    slices.push({
      labels: definition.labels,
      time_ms: time_ms.slice(from, to),
      min: column(MIN),
      max: column(MAX),
      sum: column(SUM),
      count: column(COUNT),
      last: column(LAST),
    })
  }
  return slices.toSorted(byLabels)
}
