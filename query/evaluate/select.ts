import type { SeriesSlice } from '#core/ports/series-reader.ts'

import { decodeHistograms } from '../native/decode.ts'
import type { Budget } from './budget.ts'
import { HISTOGRAM_BYTES } from './memory.ts'
import {
  type Column,
  emptyColumn,
  emptyMixed,
  isEmpty,
  isFull,
  isMarked,
  type MixedColumn,
  oneStep,
  type Samples,
} from './values.ts'

export interface InstantOptions {
  /** When each step looks; ascending. */
  readonly at_ms: Float64Array
  readonly lookback_ms: number
  /** Give the time (s) of the sample in place of its value. */
  readonly times: boolean
}

/** The newest sample in `(at - lookback, at]` at each step; none where that is a stale marker. */
export async function instantColumns(
  batches: AsyncIterable<readonly SeriesSlice[]>,
  budget: Budget,
  options: InstantOptions,
): Promise<Column[]> {
  const steps = options.at_ms.length
  const columns: Column[] = []
  for await (const slices of batches) {
    for (const slice of slices) {
      budget.spend(steps)
      if (budget.due) await budget.pause()
      const column = instantColumn(slice, budget, options)
      if (column !== undefined) columns.push(column)
    }
  }
  return columns
}

function instantColumn(slice: SeriesSlice, budget: Budget, options: InstantOptions): Column | undefined {
  const { at_ms, times } = options
  if (at_ms.length === 1 && slice.histograms === undefined) {
    const value = newestAt(at_ms[0]!, slice, options)
    if (value !== undefined) budget.look(1)
    return value === undefined ? undefined : oneStep(budget.arrays, slice.labels, value, times)
  }
  const native = times ? undefined : slice.histograms
  const column = (native === undefined ? emptyColumn : emptyMixed)(budget.arrays, slice.labels, at_ms.length, times)
  budget.look(fill(column, slice, options))
  if (native !== undefined) {
    budget.hold(native.sum.length * HISTOGRAM_BYTES + native.buckets.length * 8)
    fillHistograms(column as MixedColumn, slice, at_ms)
  }
  return isEmpty(column) ? undefined : column
}

/** What one step sees. */
function newestAt(
  at: number,
  { time_ms, value, stale }: SeriesSlice,
  { lookback_ms, times }: InstantOptions,
): number | undefined {
  let newest = time_ms.length - 1
  while (newest >= 0 && time_ms[newest]! > at) newest--
  if (newest < 0 || time_ms[newest]! <= at - lookback_ms || stale[newest] === 1) return undefined
  return times ? time_ms[newest]! / 1000 : value[newest]!
}

/** Returns at how many steps there is a value. */
function fill({ value, has }: Column, slice: SeriesSlice, { at_ms, lookback_ms, times }: InstantOptions): number {
  const { time_ms, stale } = slice
  let filled = 0
  const source = slice.value
  let next = 0
  for (let i = 0; i < at_ms.length; i++) {
    const at = at_ms[i]!
    while (next < time_ms.length && time_ms[next]! <= at) next++
    const newest = next - 1
    if (newest < 0 || time_ms[newest]! <= at - lookback_ms || stale[newest] === 1) continue
    has[i] = 1
    filled++
    value[i] = times ? time_ms[newest]! / 1000 : source[newest]!
  }
  return filled
}

/** Where a step has a value, the histogram of its newest sample. */
function fillHistograms(
  { has, histograms }: MixedColumn,
  { time_ms, histograms: native }: SeriesSlice,
  at_ms: Float64Array,
): void {
  const decoded = decodeHistograms(native!)
  let next = 0
  for (let i = 0; i < at_ms.length; i++) {
    while (next < time_ms.length && time_ms[next]! <= at_ms[i]!) next++
    if (has[i] === 1) histograms[i] = decoded[next - 1]
  }
}

/** What a range vector sees of batches of series. */
export async function* samplesOfBatches(
  batches: AsyncIterable<readonly SeriesSlice[]>,
): AsyncGenerator<readonly Samples[], void> {
  for await (const slices of batches) yield slices.map(samplesOf)
}

/** The samples of a series without stale markers. */
function samplesOf({ labels, time_ms, value, weight, stale, histograms: native }: SeriesSlice): Samples {
  const histograms = native === undefined ? undefined : decodeHistograms(native)
  const samples = { labels, time_ms, value, weight, histograms, nameless: false }
  return isMarked(stale) ? thinned(samples, (i) => stale[i] !== 1) : samples
}

/** So many columns at a time are samples too. */
const AT_ONCE = 64

/** What a range vector sees of the columns of a subquery. */
export async function* samplesOfColumns(
  columns: readonly Column[],
  time_ms: Float64Array,
  budget: Budget,
): AsyncGenerator<readonly Samples[], void> {
  for (let i = 0; i < columns.length; i += AT_ONCE) {
    const some = columns.slice(i, i + AT_ONCE)
    budget.worked(some.length * time_ms.length)
    if (budget.due) await budget.pause()
    yield some.map((column) => samplesOfColumn(column, time_ms))
  }
}

/** The values that a column has, as samples at the times of its steps. */
export function samplesOfColumn({ labels, value, has, histograms, nameless }: Column, time_ms: Float64Array): Samples {
  if (isFull(has)) return { labels, nameless, time_ms, value, histograms }
  return thinned({ labels, nameless, time_ms, value, histograms }, (i) => has[i] === 1)
}

/** Only some of the samples. */
export function thinned(samples: Samples, keeps: (i: number) => boolean): Samples {
  const kept = (_: unknown, i: number): boolean => keeps(i)
  return {
    ...samples,
    time_ms: samples.time_ms.filter(kept),
    value: samples.value.filter(kept),
    weight: samples.weight?.filter(kept),
    histograms: samples.histograms?.filter(kept),
  }
}
