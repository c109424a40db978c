import { shapeOfBounds } from '#core/exponential.ts'
import type { HistogramColumns, SampleBatch } from '#core/sample.ts'

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

/** Takes the samples of a batch one by one, in their order. */
export interface RequestSink {
  float(series: Outgoing, time_ms: number, value: number, stale: boolean): void
  native(series: Outgoing, sample: NativeSample): void
}

/** Gives each sample of a batch to the sink: classic histogram rows as the series that they are. */
export function eachSample({ floats, histograms }: SampleBatch, series: OutgoingSeries, sink: RequestSink): void {
  for (let i = 0; i < floats.length; i++) {
    sink.float(series.of(floats.series[i]!)[0]!, floats.time_ms[i]!, floats.value[i]!, floats.stale[i] === 1)
  }
  for (let i = 0; i < histograms.length; i++) {
    const parts = series.of(histograms.series[i]!)
    if (parts[0]!.part === 'whole') sink.native(parts[0]!, nativeOf(parts[0]!, histograms, i))
    else classic(parts, histograms, i, sink)
  }
}

function nativeOf({ definition }: Outgoing, rows: HistogramColumns, i: number): NativeSample {
  return {
    shape: shapeOfBounds(definition.bounds),
    time_ms: rows.time_ms[i]!,
    sum: rows.sum[i]!,
    count: rows.count[i]!,
    buckets: rows.buckets.subarray(rows.start[i], rows.start[i + 1]),
    stale: rows.stale[i] === 1,
  }
}

/** Counts per bucket become cumulative ones. A sum that the sender did not give is no series. */
function classic(parts: readonly Outgoing[], rows: HistogramColumns, i: number, sink: RequestSink): void {
  const time_ms = rows.time_ms[i]!
  const stale = rows.stale[i] === 1
  const start = rows.start[i]!
  let cumulative = 0
  for (const series of parts) {
    if (series.part === 'bucket') cumulative += rows.buckets[start + series.bucket]!
    const value = series.part === 'bucket' ? cumulative : series.part === 'sum' ? rows.sum[i]! : rows.count[i]!
    if (stale || value === value) sink.float(series, time_ms, value, stale)
  }
}
