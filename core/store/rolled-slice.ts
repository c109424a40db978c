import type { RollupChoice, RollupResolution, RollupValue, SeriesSlice, TimeRange } from '../ports/series-reader.ts'
import type { SeriesId } from '../series.ts'
import { COUNT, LAST, LAST_AT, MAX, MIN, SUM } from './rollup.ts'
import { lowerBound, type SampleBuffer } from './sample-buffer.ts'
import type { Tables } from './tables.ts'

const COLUMN_OF: Readonly<Record<RollupValue, number>> = { last: LAST, min: MIN, max: MAX, sum: SUM }

/** Samples of a row that were read. */
export interface ReadSamples {
  readonly buffer: SampleBuffer
  readonly from: number
  readonly to: number
}

/** From here on a row has samples for whole buckets; before, only rollups tell of it. */
function samplesBegin({ samples }: Tables, row: SeriesId, resolution_ms: RollupResolution): number {
  return Math.ceil(samples.oldest_ms(row) / resolution_ms) * resolution_ms
}

/**
 * Whether so many samples of a bucket, from `from_ms` on, are all that it ever had: the first bucket of a row that is younger than what is kept. Its
 * samples tell more than the bucket does: NaN, ends, and what was not rolled up yet.
 */
function isWhole({ buffer, from, to }: ReadSamples, from_ms: number, end_ms: number, count: number): boolean {
  const [values] = buffer.columns
  let seen = 0
  for (let i = Math.max(from, lowerBound(buffer.time_ms, to, from_ms)); i < to && buffer.time_ms[i]! < end_ms; i++) {
    if (buffer.stale[i] === 0 && !Number.isNaN(values![i])) seen++
  }
  return seen >= count
}

/** How many buckets of a row lie before its samples in the range, at most. */
export function countRolled(tables: Tables, row: SeriesId, range: TimeRange, { resolution_ms }: RollupChoice): number {
  const from_ms = Math.max(range.from_ms, tables.rollups.oldest_ms(row))
  const to_ms = Math.min(range.to_ms, samplesBegin(tables, row, resolution_ms))
  return to_ms > from_ms ? Math.ceil((to_ms - from_ms) / resolution_ms) + 1 : 0
}

/**
 * The rollups of a row before its samples, then those. A bucket stands at the time of its last sample, and counts whole. Undefined
 * where there are none before, or samples for all of the range.
 */
export function rolledSlice(
  tables: Tables,
  row: SeriesId,
  range: TimeRange,
  choice: RollupChoice,
  read: ReadSamples,
): Omit<SeriesSlice, 'labels'> | undefined {
  const { resolution_ms, value } = choice
  let begin_ms = samplesBegin(tables, row, resolution_ms)
  const first_ms = Math.floor(range.from_ms / resolution_ms) * resolution_ms
  if (range.from_ms >= tables.samples.oldest_ms(row) || tables.rollups.oldest_ms(row) >= begin_ms) return undefined
  const to_ms = Math.min(range.to_ms, begin_ms - 1)
  const rolled = tables.rollups.read(row, { from_ms: first_ms, to_ms }, resolution_ms)
  const [lastAt, values, counts] = [rolled.columns[LAST_AT]!, rolled.columns[COLUMN_OF[value]]!, rolled.columns[COUNT]!]
  let from = lowerBound(rolled.time_ms, rolled.length, first_ms)
  let to = lowerBound(rolled.time_ms, rolled.length, begin_ms)
  const timeOf = (i: number): number => rolled.time_ms[i]! + lastAt[i]!
  while (from < to && timeOf(from) < range.from_ms) from++
  while (to > from && timeOf(to - 1) > range.to_ms) to--
  const last_ms = begin_ms - resolution_ms
  if (to > from && rolled.time_ms[to - 1] === last_ms && isWhole(read, last_ms, begin_ms, counts[to - 1]!)) {
    to--
    begin_ms = last_ms
  }
  if (from === to) return undefined
  const { buffer } = read
  const kept = Math.min(read.to, Math.max(read.from, lowerBound(buffer.time_ms, read.to, begin_ms)))
  const before = to - from
  const length = before + read.to - kept
  const slice = {
    time_ms: new Float64Array(length),
    value: new Float64Array(length),
    weight: new Float64Array(length).fill(1),
    stale: new Uint8Array(length),
  }
  for (let i = from; i < to; i++) slice.time_ms[i - from] = timeOf(i)
  slice.value.set(values.subarray(from, to))
  slice.weight.set(counts.subarray(from, to))
  slice.time_ms.set(buffer.time_ms.subarray(kept, read.to), before)
  slice.value.set(buffer.columns[0]!.subarray(kept, read.to), before)
  slice.stale.set(buffer.stale.subarray(kept, read.to), before)
  return slice
}
