import { type HistogramShape, shapeOf } from '../exponential.ts'
import type { HistogramSlice, SeriesSlice, TimeRange } from '../ports/series-reader.ts'
import { type Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '../series.ts'
import { allColumns } from './chunk-lists.ts'
import { BUCKET_COLUMN, COUNT_COLUMN, formatBound, LE, partNames, SUM_COLUMN } from './histogram-row.ts'
import { withoutGaps } from './histogram-slices.ts'
import type { Test } from './matching.ts'
import { type Match, nameMatches } from './row-matches.ts'
import { SampleBuffer } from './sample-buffer.ts'
import type { SampleTable } from './sample-table.ts'

/** Rows of one label set: native histograms whose shape has changed in time. */
export interface ExponentialRows {
  readonly labels: Labels
  readonly rows: readonly { readonly row: SeriesId; readonly definition: Pick<SeriesDefinition, 'kind' | 'bounds'> }[]
}

/** Samples of all rows of a label set, in order of time. */
export type NativeSlice = SeriesSlice & { readonly histograms: HistogramSlice }

interface RowSamples {
  readonly buffer: SampleBuffer
  readonly from: number
  readonly to: number
}

/** Reads the rows of a label set as one series of histograms; of two samples of one time the first stays that is no end. Undefined where there is none. */
export function nativeSlice(
  { labels, rows }: ExponentialRows,
  range: TimeRange,
  samples: SampleTable,
): NativeSlice | undefined {
  const read = rows.map(({ row }): RowSamples => {
    const buffer = new SampleBuffer()
    return { buffer, ...samples.read(row, range, allColumns(samples.columns(row)), buffer) }
  })
  const order = inOrder(read)
  if (order.length === 0) return undefined
  const length = order.length
  const start = new Uint32Array(length + 1)
  for (const [i, { source }] of order.entries()) {
    start[i + 1] = start[i]! + read[source]!.buffer.columns.length - BUCKET_COLUMN
  }
  const time_ms = new Float64Array(length)
  const stale = new Uint8Array(length)
  const sum = new Float64Array(length)
  const count = new Float64Array(length)
  const shape = new Uint32Array(length)
  const buckets = new Float64Array(start[length]!)
  for (const [i, { source, at }] of order.entries()) {
    const { buffer } = read[source]!
    time_ms[i] = buffer.time_ms[at]!
    stale[i] = buffer.stale[at]!
    sum[i] = buffer.columns[SUM_COLUMN]![at]!
    count[i] = buffer.columns[COUNT_COLUMN]![at]!
    shape[i] = source
    for (let b = start[i]!; b < start[i + 1]!; b++) {
      buckets[b] = buffer.columns[BUCKET_COLUMN + b - start[i]!]![at]!
    }
  }
  const shapes = rows.map(({ definition }) => shapeOf(definition))
  const histograms = { sum, count, shapes, shape, start, buckets }
  return { labels, time_ms, value: new Float64Array(length).fill(Number.NaN), stale, histograms }
}

function inOrder(read: readonly RowSamples[]): { source: number; at: number }[] {
  const all = read.flatMap(({ from, to }, source) => {
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => ({ source, at: from + i }))
  })
  const timeOf = ({ source, at }: { source: number; at: number }): number => read[source]!.buffer.time_ms[at]!
  const endAt = ({ source, at }: { source: number; at: number }): number => read[source]!.buffer.stale[at]!
  if (read.length > 1) all.sort((a, b) => timeOf(a) - timeOf(b) || endAt(a) - endAt(b) || a.source - b.source)
  return all.filter((one, i) => i === 0 || timeOf(one) !== timeOf(all[i - 1]!))
}

/** 2^(index · 2^-schema): where bucket `index` begins. Exactly the same number for the same bound at every schema. */
function boundAt(schema: number, index: number): number {
  return 2 ** (index * 2 ** -schema)
}

/** Upper bounds of a shape's buckets, ascending: those below zero, zero, those above. Where bounds are listed nothing is in a zero bucket: it is put below them all. */
function uppersOf(shape: HistogramShape): Float64Array {
  if (shape.custom_bounds !== undefined) return Float64Array.of(-Infinity, ...shape.custom_bounds, Infinity)
  const { schema, negative_offset, negative_count, positive_offset, positive_count } = shape
  const uppers = new Float64Array(negative_count + 1 + positive_count)
  for (let i = 0; i < negative_count; i++) {
    uppers[i] = -boundAt(schema, negative_offset + negative_count - 1 - i)
  }
  uppers[negative_count] = shape.zero_threshold
  for (let i = 0; i < positive_count; i++) uppers[negative_count + 1 + i] = boundAt(schema, positive_offset + i + 1)
  return uppers
}

/** Where the lowest bucket begins. */
function floorOf({ schema, negative_offset, negative_count, zero_threshold, custom_bounds }: HistogramShape): number {
  if (custom_bounds !== undefined) return -Infinity
  return negative_count === 0 ? -zero_threshold : -boundAt(schema, negative_offset + negative_count)
}

/** The buckets of every sample counted from below, in order of `uppersOf`. */
function cumulative({ shapes, shape, start, buckets }: HistogramSlice): Float64Array {
  const all = new Float64Array(buckets.length)
  for (let i = 0; i < shape.length; i++) {
    const { negative_count, positive_count } = shapes[shape[i]!]!
    const first = start[i]!
    let total = 0
    let at = first
    for (let b = negative_count - 1; b >= 0; b--) all[at++] = total += buckets[first + 1 + positive_count + b]!
    all[at++] = total += buckets[first]!
    for (let b = 0; b < positive_count; b++) all[at++] = total += buckets[first + 1 + b]!
  }
  return all
}

/** Every upper bound from the lowest bucket that any sample fills to the highest, ascending; of those that are listed every one. */
function filledBounds(slice: NativeSlice, uppers: readonly Float64Array[], counts: Float64Array): number[] {
  const { shapes, shape, start } = slice.histograms
  let lowest = Infinity
  let highest = -Infinity
  for (let i = 0; i < shape.length; i++) {
    const [first, end] = [start[i]!, start[i + 1]!]
    const total = counts[end - 1]!
    if (slice.stale[i] === 1 || total === 0) continue
    const own = uppers[shape[i]!]!
    if (shapes[shape[i]!]!.custom_bounds !== undefined) {
      lowest = Math.min(lowest, own[1]!)
      highest = Math.max(highest, own.at(-2)!)
      continue
    }
    let at = first
    while (counts[at] === 0) at++
    lowest = Math.min(lowest, own[at - first]!)
    while (counts[at] !== total) at++
    highest = Math.max(highest, own[at - first]!)
  }
  const bounds = new Set(
    uppers.flatMap((own) => [...own]).filter((bound) => bound >= lowest && bound <= highest && bound < Infinity),
  )
  return [...bounds].toSorted((a, b) => a - b)
}

/** For a bound, the number of a shape's buckets at or below it; -1 where it cuts one in two. */
function bucketsBelow(bound: number, own: Float64Array, floor: number): number {
  let below = 0
  while (below < own.length && own[below]! <= bound) below++
  if (below === own.length || (below > 0 && own[below - 1] === bound)) return below
  return below === 0 && bound <= floor ? 0 : -1
}

/**
 * The classic form of native histograms: `_bucket{le}` from the lowest filled bucket to the highest and `+Inf`, cumulative; `_sum`,
 * `_count`. Samples of another shape take part in every `le` that is a bound of theirs as well, or lies beyond their buckets.
 */
export function expansion(slice: NativeSlice): SeriesSlice[] {
  const { labels, time_ms, stale, histograms } = slice
  const { shapes, shape, start, sum, count } = histograms
  const [bucket, sumName, countName] = partNames(labels.name)
  const uppers = shapes.map(uppersOf)
  const floors = shapes.map(floorOf)
  const counts = cumulative(histograms)
  const buckets = labels.with(METRIC_NAME, bucket)
  const slices = filledBounds(slice, uppers, counts).map((bound): SeriesSlice => {
    const below = shapes.map((_, i) => bucketsBelow(bound, uppers[i]!, floors[i]!))
    const kept = Array.from(shape.keys()).filter((i) => below[shape[i]!]! >= 0)
    return {
      labels: buckets.with(LE, formatBound(bound)),
      time_ms: Float64Array.from(kept, (i) => time_ms[i]!),
      value: Float64Array.from(kept, (i) => {
        const index = below[shape[i]!]!
        return index === 0 ? 0 : counts[start[i]! + index - 1]!
      }),
      stale: Uint8Array.from(kept, (i) => stale[i]!),
    }
  })
  const whole = (of: Labels, value: Float64Array): SeriesSlice => {
    return { labels: of, time_ms: time_ms.slice(), value: value.slice(), stale: stale.slice() }
  }
  return [
    ...slices,
    whole(buckets.with(LE, formatBound(Infinity)), count),
    withoutGaps(whole(labels.with(METRIC_NAME, sumName), sum)),
    whole(labels.with(METRIC_NAME, countName), count),
  ].filter((one) => one.time_ms.length > 0)
}

/** The upper bound, as text, of the bucket that a value falls into. */
export function boundFor(value: number, shape: HistogramShape): string {
  return formatBound(uppersOf(shape).find((upper) => value <= upper) ?? Infinity)
}

/** What matches of the rows of one label set: the histograms themselves, and series of their classic form. `own`: tests on names and `le`. */
export function exponentialSlices(
  matches: readonly Match[],
  range: TimeRange,
  { own, samples }: { readonly own: readonly Test[]; readonly samples: SampleTable },
): SeriesSlice[] {
  const { labels } = matches[0]!.definition
  const native = nativeSlice({ labels, rows: matches }, range, samples)
  if (native === undefined) return []
  const isOwn = nameMatches(labels.name, own)
  const isOnlyOwn = own.some(({ name, values }) => name === METRIC_NAME && values?.length === 1) && isOwn
  const parts = isOnlyOwn ? [] : expansion(native)
  const found = parts.filter((part) => own.every((test) => test.matches(part.labels.get(test.name))))
  return isOwn ? [native, ...found] : found
}
