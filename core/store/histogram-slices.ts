import type { SeriesSlice, TimeRange } from '../ports/series-reader.ts'
import type { Labels, SeriesId } from '../series.ts'
import { BUCKET_COLUMN, COUNT_COLUMN, type Part, SUM_COLUMN } from './histogram-row.ts'
import type { SampleBuffer } from './sample-buffer.ts'
import type { SampleTable } from './sample-table.ts'

/** Some series of a histogram row, over a range of time. */
export interface PartSelection {
  readonly row: SeriesId
  readonly parts: readonly Part[]
  readonly range: TimeRange
}

/** Parts by the column that they come from; buckets ascend. */
interface Plan {
  readonly sum: Part | undefined
  /** `_count`, and the bucket above every bound: the count is what it holds, as Prometheus has it. */
  readonly counts: readonly Part[]
  readonly buckets: readonly Part[]
  readonly wanted: readonly number[]
}

function planOf(parts: readonly Part[], width: number): Plan {
  const sum = parts.find(({ kind }) => kind === 'sum')
  const counts = parts.filter(({ kind, bucket }) => kind === 'count' || bucket === width - 1)
  const buckets = parts.filter(({ kind, bucket }) => kind === 'bucket' && bucket < width - 1)
  const last = buckets.at(-1)?.bucket ?? -1
  return {
    sum,
    counts,
    buckets,
    wanted: [
      ...(sum === undefined ? [] : [SUM_COLUMN]),
      ...(counts.length === 0 ? [] : [COUNT_COLUMN]),
      ...Array.from({ length: last + 1 }, (_, i) => BUCKET_COLUMN + i),
    ],
  }
}

/** Reads a histogram row and expands it: buckets count all that is at or below their `le`. Empty series are left out. */
export function histogramSlices(
  { row, parts, range }: PartSelection,
  samples: SampleTable,
  buffer: SampleBuffer,
): SeriesSlice[] {
  const plan = planOf(parts, samples.columns(row) - BUCKET_COLUMN)
  const { from, to } = samples.read(row, range, plan.wanted, buffer)
  if (to <= from) return []
  const time_ms = buffer.time_ms.slice(from, to)
  const stale = buffer.stale.slice(from, to)
  const slice = (labels: Labels, value: Float64Array): SeriesSlice => {
    return { labels, time_ms: time_ms.slice(), value, stale: stale.slice() }
  }
  const slices: SeriesSlice[] = []
  let column = 0
  if (plan.sum !== undefined) {
    const sum = withoutGaps(slice(plan.sum.labels, buffer.columns[column++]!.slice(from, to)))
    if (sum.time_ms.length > 0) slices.push(sum)
  }
  if (plan.counts.length > 0) {
    const counts = buffer.columns[column++]!
    slices.push(...plan.counts.map(({ labels }) => slice(labels, counts.slice(from, to))))
  }
  const total = new Float64Array(to - from)
  let next = 0
  for (const { labels, bucket } of plan.buckets) {
    for (; next <= bucket; next++) {
      const counts = buffer.columns[column++]!
      for (let i = 0; i < total.length; i++) total[i] = total[i]! + counts[from + i]!
    }
    slices.push(slice(labels, total.slice()))
  }
  return slices
}

/** A histogram without a sum has no `_sum` sample at that time; that it has ended it says all the same. */
export function withoutGaps(slice: SeriesSlice): SeriesSlice {
  const { labels, time_ms, value, stale } = slice
  const kept = (_: number, i: number): boolean => stale[i] === 1 || !Number.isNaN(value[i])
  if (time_ms.every(kept)) return slice
  return { labels, time_ms: time_ms.filter(kept), value: value.filter(kept), stale: stale.filter(kept) }
}
