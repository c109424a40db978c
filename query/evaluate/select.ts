import type { SeriesSlice } from '#core/ports/series-reader.ts'

import type { Budget } from './budget.ts'
import { type Column, emptyColumn, isEmpty, type Samples } from './values.ts'

export interface InstantOptions {
  /** When each step looks; ascending. */
  readonly at_ms: Float64Array
  readonly lookback_ms: number
  /** Give the time (s) of the sample in place of its value. */
  readonly times: boolean
}

/** The newest sample in `(at - lookback, at]` at each step; none where that is a stale marker. */
export function instantColumns(slices: readonly SeriesSlice[], budget: Budget, options: InstantOptions): Column[] {
  const steps = options.at_ms.length
  const columns: Column[] = []
  for (const slice of slices) {
    budget.spend(steps)
    const column = emptyColumn(slice.labels, steps, options.times)
    fill(column, slice, options)
    if (!isEmpty(column)) columns.push(column)
  }
  return columns
}

function fill({ value, has }: Column, slice: SeriesSlice, { at_ms, lookback_ms, times }: InstantOptions): void {
  const { time_ms, stale } = slice
  const source = slice.value
  let next = 0
  for (let i = 0; i < at_ms.length; i++) {
    const at = at_ms[i]!
    while (next < time_ms.length && time_ms[next]! <= at) next++
    const newest = next - 1
    if (newest < 0 || time_ms[newest]! <= at - lookback_ms || stale[newest] === 1) continue
    has[i] = 1
    value[i] = times ? time_ms[newest]! / 1000 : source[newest]!
  }
}

/** The samples of a series without stale markers. */
export function samplesOf({ labels, time_ms, value, stale }: SeriesSlice): Samples {
  if (!stale.includes(1)) return { labels, time_ms, value, nameless: false }
  const kept = (_: number, i: number): boolean => stale[i] !== 1
  return { labels, time_ms: time_ms.filter(kept), value: value.filter(kept), nameless: false }
}

/** The values that a column has, as samples at the times of its steps: what a subquery looks at. */
export function samplesOfColumn({ labels, value, has, nameless }: Column, times: Float64Array): Samples {
  const kept = (_: number, i: number): boolean => has[i] === 1
  return { labels, nameless, time_ms: times.filter(kept), value: value.filter(kept) }
}
