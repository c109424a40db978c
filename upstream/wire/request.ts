import { shapeOf } from '#core/exponential.ts'
import type { Exemplar, HistogramColumns, SampleBatch } from '#core/sample.ts'
import type { SeriesId } from '#core/series.ts'

import type { NativeSample } from './native-histogram.ts'
import type { Outgoing, OutgoingSeries } from './outgoing.ts'

/** An encoded request before compression, and what is in it. */
export interface EncodedRequest {
  /** A view, valid until the next `encode`. */
  readonly bytes: Uint8Array
  readonly samples: number
  readonly histograms: number
}

/** One version of the remote write message. */
export interface RequestEncoder {
  readonly version: 1 | 2
  encode(batch: SampleBatch, series: OutgoingSeries): EncodedRequest
}

/** Takes the samples of a batch one by one, in their order, with the exemplars that go along. */
export interface RequestSink {
  float(series: Outgoing, time_ms: number, value: number, stale: boolean, exemplars: readonly Exemplar[]): void
  native(series: Outgoing, sample: NativeSample, exemplars: readonly Exemplar[]): void
}

const NONE: readonly Exemplar[] = []

/** Gives each sample of a batch to the sink: classic histogram rows as the series that they are. Exemplars go with the first sample of their series. */
export function eachSample(batch: SampleBatch, series: OutgoingSeries, sink: RequestSink): void {
  const { floats, histograms } = batch
  const exemplars = bySeries(batch.exemplars)
  for (let i = 0; i < floats.length; i++) {
    const id = floats.series[i]!
    const along = taken(exemplars, id)
    sink.float(series.of(id)[0]!, floats.time_ms[i]!, floats.value[i]!, floats.stale[i] === 1, along)
  }
  for (let i = 0; i < histograms.length; i++) {
    const id = histograms.series[i]!
    const parts = series.of(id)
    const along = taken(exemplars, id)
    if (parts[0]!.part === 'whole') sink.native(parts[0]!, nativeOf(parts[0]!, histograms, i), along)
    else classic(parts, { rows: histograms, i, exemplars: along }, sink)
  }
}

type BySeries = Map<SeriesId, readonly Exemplar[]>

function bySeries(exemplars: readonly Exemplar[]): BySeries | undefined {
  return exemplars.length === 0 ? undefined : Map.groupBy(exemplars, ({ series }) => series)
}

function taken(exemplars: BySeries | undefined, id: SeriesId): readonly Exemplar[] {
  const found = exemplars?.get(id)
  if (found === undefined) return NONE
  exemplars!.delete(id)
  return found
}

function nativeOf({ definition }: Outgoing, rows: HistogramColumns, i: number): NativeSample {
  return {
    shape: shapeOf(definition),
    gauge: definition.type === 'gaugehistogram',
    time_ms: rows.time_ms[i]!,
    sum: rows.sum[i]!,
    count: rows.count[i]!,
    buckets: rows.buckets.subarray(rows.start[i], rows.start[i + 1]),
    stale: rows.stale[i] === 1,
  }
}

interface ClassicSample {
  readonly rows: HistogramColumns
  readonly i: number
  readonly exemplars: readonly Exemplar[]
}

/** Counts per bucket become cumulative ones. A sum that the sender did not give is no series. Exemplars are of the bucket that they fell into. */
function classic(parts: readonly Outgoing[], { rows, i, exemplars }: ClassicSample, sink: RequestSink): void {
  const time_ms = rows.time_ms[i]!
  const stale = rows.stale[i] === 1
  const start = rows.start[i]!
  const { bounds } = parts[0]!.definition
  let cumulative = 0
  for (const series of parts) {
    if (series.part === 'bucket') cumulative += rows.buckets[start + series.bucket]!
    const value = series.part === 'bucket' ? cumulative : series.part === 'sum' ? rows.sum[i]! : rows.count[i]!
    const along =
      exemplars.length === 0 ? NONE : exemplars.filter(({ value: at }) => bucketOf(bounds, at) === series.bucket)
    if (stale || value === value) sink.float(series, time_ms, value, stale, along)
  }
}

/** The bucket that a value falls into. */
function bucketOf(bounds: Float64Array, value: number): number {
  const found = bounds.findIndex((bound) => value <= bound)
  return found < 0 ? bounds.length : found
}
