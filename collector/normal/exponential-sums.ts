import { MAX_SCHEMA, shapeOfBounds } from '#core/exponential.ts'
import type { NewestExponential } from '#core/ports/series-writer.ts'

import type { ExponentialPoint } from '../wire/points.ts'
import type { ExponentialSample, Run } from './exponential.ts'

/** What an exponential histogram has counted so far. */
export interface ExponentialTotal extends ExponentialSample {
  readonly time_ms: number
  readonly count: number
  readonly sum: number
}

/** What a stored sample says was counted. The counts are a view. */
export function totalOfStored({ time_ms, values, bounds }: NewestExponential): ExponentialTotal {
  const { schema, zero_threshold, positive_offset, positive_count, negative_offset } = shapeOfBounds(bounds)
  const [sum, count, zero_count] = values
  const below = 3 + positive_count
  return {
    time_ms,
    sum: sum!,
    count: count!,
    scale: schema,
    zero_threshold,
    zero_count: zero_count!,
    positive: { offset: positive_offset, counts: values.subarray(3, below) },
    negative: { offset: negative_offset, counts: values.subarray(below) },
  }
}

/** Each bucket `shift` times merged with its neighbour. */
function merged({ offset, counts }: Run, shift: number): Run {
  if (shift === 0 || counts.length === 0) return { offset, counts }
  const first = Math.floor(offset / 2 ** shift)
  const last = Math.floor((offset + counts.length - 1) / 2 ** shift)
  const sums = Array.from({ length: last - first + 1 }, () => 0)
  for (let i = 0; i < counts.length; i++) sums[Math.floor((offset + i) / 2 ** shift) - first]! += counts[i]!
  return { offset: first, counts: sums }
}

/** Without the empty buckets at both ends: they say nothing, and a sum over them would be as wide as the widest offset. */
function trimmed({ offset, counts }: Run): Run {
  let from = 0
  let to = counts.length
  while (from < to && counts[from] === 0) from++
  while (to > from && counts[to - 1] === 0) to--
  return { offset: offset + from, counts: Array.from({ length: to - from }, (_, i) => counts[from + i]!) }
}

function added(a: Run, b: Run): Run {
  if (a.counts.length === 0) return b
  if (b.counts.length === 0) return a
  const offset = Math.min(a.offset, b.offset)
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length)
  const counts = Array.from({ length: end - offset }, () => 0)
  for (const run of [a, b])
    for (let i = 0; i < run.counts.length; i++) counts[run.offset - offset + i]! += run.counts[i]!
  return { offset, counts }
}

/** How many schemas down until a run has at most so many buckets. */
function excess(a: Run, b: Run, limit: number): number {
  const runs = [a, b].filter(({ counts }) => counts.length > 0)
  if (runs.length === 0) return 0
  const from = Math.min(...runs.map(({ offset }) => offset))
  const to = Math.max(...runs.map(({ offset, counts }) => offset + counts.length - 1))
  let shift = 0
  while (Math.floor(to / 2 ** shift) - Math.floor(from / 2 ** shift) >= limit) shift++
  return shift
}

/** Buckets on a side, as SDKs keep them. */
const SIDE = 160

/** What is counted after an interval; undefined where that overlaps the last, as with other deltas. */
export function totalAfter(
  before: ExponentialTotal | undefined,
  point: ExponentialPoint,
): ExponentialTotal | undefined {
  if (before === undefined) return point
  const { start_ms, time_ms } = point
  if (time_ms <= before.time_ms || (start_ms > 0 && start_ms < before.time_ms)) return undefined
  return addExponential(before, point)
}

/** Adds an interval to what was counted before it, at the finer schema that both can be brought to. */
function addExponential(before: ExponentialTotal, point: ExponentialPoint): ExponentialTotal {
  const common = Math.min(before.scale, point.scale, MAX_SCHEMA)
  const down = (run: Run, scale: number): Run => merged(trimmed(run), scale - common)
  const pairs = [
    [down(before.positive, before.scale), down(point.positive, point.scale)],
    [down(before.negative, before.scale), down(point.negative, point.scale)],
  ] as const
  const shift = Math.max(...pairs.map(([a, b]) => excess(a, b, SIDE)))
  const [positive, negative] = pairs.map(([a, b]) => added(merged(a, shift), merged(b, shift)))
  return {
    time_ms: point.time_ms,
    count: before.count + point.count,
    sum: before.sum + point.sum,
    scale: common - shift,
    zero_count: before.zero_count + point.zero_count,
    zero_threshold: Math.max(before.zero_threshold, point.zero_threshold),
    positive: positive!,
    negative: negative!,
  }
}
