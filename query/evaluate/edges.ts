import { ServiceError } from '#core/errors.ts'

import type { Edges } from '../language/ast.ts'
import type { QueryArrays } from './arrays.ts'
import type { Budget } from './budget.ts'
import { type Column, emptyColumn, isEmpty, type Samples } from './values.ts'

/** How a range vector knows its values at both ends of a window: from samples up to `lookback_ms` outside. */
export interface EdgeOptions {
  readonly kind: Edges
  readonly lookback_ms: number
}

/** What a window holds: a value at its start, the samples `from … to - 1` inside, a value at its end. */
export interface Stretch {
  readonly left: number
  readonly right: number
  readonly from: number
  readonly to: number
}

interface Range {
  readonly start_ms: number
  readonly end_ms: number
  /** A lower value is a reset: between two samples the counter went up from zero, or up to their sum. */
  readonly counter: boolean
}

/**
 * The window between two times. `anchored`: its ends have the last value before them; `smoothed`: that on the line between the samples
 * around them. Where there are none outside, the first and last sample inside stand for the ends. Undefined where no sample lies behind the
 * start, or all do behind the end.
 */
export function stretchOf(
  { time_ms, value }: Pick<Samples, 'time_ms' | 'value'>,
  { kind, lookback_ms }: EdgeOptions,
  { start_ms, end_ms, counter }: Range,
): Stretch | undefined {
  const smoothed = kind === 'smoothed'
  const lo = countUpTo(time_ms, start_ms - lookback_ms)
  const hi = countUpTo(time_ms, smoothed ? end_ms + lookback_ms : end_ms)
  if (lo >= hi) return undefined
  const first = Math.max(lo, Math.min(countUpTo(time_ms, start_ms), hi - 1) - 1)
  const last = smoothed ? Math.min(Math.max(countUpTo(time_ms, end_ms - 1), lo), hi - 1) : hi - 1
  if (time_ms[last]! <= start_ms || time_ms[first]! > end_ms) return undefined
  const between = (at: number, time: number, edge: 'left' | 'right'): number => {
    let [a, b] = [value[at]!, value[at + 1]!]
    if (counter && b < a) {
      if (edge === 'left') a = 0
      else b += a
    }
    return a + ((b - a) * (time - time_ms[at]!)) / (time_ms[at + 1]! - time_ms[at]!)
  }
  // With both ends between the same two samples, both are behind the reset.
  const side = last - 1 === first && time_ms[first]! < start_ms ? 'left' : 'right'
  return {
    left: smoothed && time_ms[first]! < start_ms ? between(first, start_ms, 'left') : value[first]!,
    right: smoothed && last > lo && time_ms[last]! > end_ms ? between(last - 1, end_ms, side) : value[last]!,
    from: time_ms[first]! <= start_ms ? first + 1 : first,
    to: time_ms[last]! >= end_ms ? last : last + 1,
  }
}

/** How many of ascending times are not after one. */
function countUpTo(time_ms: Float64Array, at_ms: number): number {
  let [lo, hi] = [0, time_ms.length]
  while (lo < hi) {
    const middle = (lo + hi) >>> 1
    if (time_ms[middle]! <= at_ms) lo = middle + 1
    else hi = middle
  }
  return lo
}

export interface SmoothedOptions {
  /** When each step looks; ascending. */
  readonly at_ms: Float64Array
  readonly lookback_ms: number
}

/** At each time the value on the line between the samples around it; without a next one in reach that of the last. */
function smoothedColumn(samples: Samples, arrays: QueryArrays, { at_ms, lookback_ms }: SmoothedOptions): Column {
  refuseHistograms(samples)
  const { labels, time_ms, value } = samples
  const column = emptyColumn(arrays, labels, at_ms.length)
  for (const [i, at] of at_ms.entries()) {
    const next = countUpTo(time_ms, at)
    const last = next - 1
    if (last < 0 || time_ms[last]! <= at - lookback_ms) continue
    const [t, v] = [time_ms[last]!, value[last]!]
    const ahead = t < at && next < time_ms.length && time_ms[next]! <= at + lookback_ms
    column.has[i] = 1
    column.value[i] = ahead ? v + ((value[next]! - v) * (at - t)) / (time_ms[next]! - t) : v
  }
  return column
}

export async function smoothedColumns(
  batches: AsyncIterable<readonly Samples[]>,
  budget: Budget,
  options: SmoothedOptions,
): Promise<Column[]> {
  const columns: Column[] = []
  for await (const batch of batches) {
    for (const samples of batch) {
      budget.spend(options.at_ms.length)
      if (budget.due) await budget.pause()
      const column = smoothedColumn(samples, budget.arrays, options)
      if (!isEmpty(column)) columns.push(column)
    }
  }
  return columns
}

export function refuseHistograms({ histograms }: Samples): void {
  if (histograms === undefined) return
  throw new ServiceError('execution', 'smoothed and anchored modifiers do not work with native histograms')
}

/** The functions that know what to do with such windows. */
const FUNCTIONS: Readonly<Record<Edges, readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
}

/** Throws `execution` for a function that takes no such range vector. */
export function refuseEdges(kind: Edges, name: string): void {
  const known = FUNCTIONS[kind]
  if (known.includes(name)) return
  throw new ServiceError('execution', `${kind} modifier can only be used with: ${known.join(', ')} - not with ${name}`)
}
