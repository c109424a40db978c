// The messages of remote write as protobufjs reads them.
import protobuf from 'protobufjs'

const SHARED = `
  message Span { sint32 offset = 1; uint32 length = 2; }
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3;
    sint32 schema = 4;
    double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated Span negative_spans = 8;
    repeated sint64 negative_deltas = 9;
    repeated double negative_counts = 10;
    repeated Span positive_spans = 11;
    repeated sint64 positive_deltas = 12;
    repeated double positive_counts = 13;
    int32 reset_hint = 14;
    int64 timestamp = 15;
    repeated double custom_values = 16;
  }`

const V1 = `syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
  message TimeSeries {
    repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4;
  }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
  ${SHARED}`

const V2 = `syntax = "proto3";
  message Request { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
  message TimeSeries {
    repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3; repeated Exemplar exemplars = 4;
    Metadata metadata = 5;
  }
  message Exemplar { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
  message Sample { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
  ${SHARED}`

const OPTIONS = { keepCase: true }
const request1 = protobuf.parse(V1, OPTIONS).root.lookupType('WriteRequest')
const request2 = protobuf.parse(V2, OPTIONS).root.lookupType('Request')

export interface ReadHistogram {
  readonly count_int?: number
  readonly count_float?: number
  readonly sum: number
  readonly schema: number
  readonly zero_threshold: number
  readonly zero_count_int?: number
  readonly zero_count_float?: number
  readonly negative_spans: readonly { offset: number; length: number }[]
  readonly negative_deltas: readonly number[]
  readonly negative_counts: readonly number[]
  readonly positive_spans: readonly { offset: number; length: number }[]
  readonly positive_deltas: readonly number[]
  readonly positive_counts: readonly number[]
  readonly reset_hint?: number
  readonly timestamp: number
  readonly custom_values: readonly number[]
}

export interface ReadExemplar {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly timestamp: number
}

export interface ReadSeries {
  readonly labels: Readonly<Record<string, string>>
  /** What is zero is left out. */
  readonly samples: readonly { readonly value?: number; readonly timestamp?: number }[]
  readonly histograms: readonly ReadHistogram[]
  readonly exemplars: readonly ReadExemplar[]
  readonly metadata?: { readonly type: number; readonly help: string; readonly unit: string }
}

export interface ReadRequest {
  readonly series: readonly ReadSeries[]
  readonly metadata: readonly { type: number; metric_family_name: string; help: string; unit: string }[]
}

type Pairs = readonly { readonly name: string; readonly value: string }[]

const named = (labels: Pairs): Record<string, string> =>
  Object.fromEntries(labels.map(({ name, value }) => [name, value]))

const TO_OBJECT = { longs: Number, arrays: true, defaults: false }

/** A request of either version, before compression, in one form. */
export function readRequest(version: 1 | 2, bytes: Uint8Array): ReadRequest {
  if (version === 1) {
    const { timeseries, metadata } = request1.toObject(request1.decode(bytes), TO_OBJECT) as {
      timeseries: {
        labels: Pairs
        samples: ReadSeries['samples']
        histograms: ReadHistogram[]
        exemplars: { labels: Pairs; value: number; timestamp: number }[]
      }[]
      metadata: ReadRequest['metadata']
    }
    const series = timeseries.map(({ labels, samples, histograms, exemplars }) => ({
      labels: named(labels),
      samples,
      histograms,
      exemplars: exemplars.map((one) => ({ ...one, labels: named(one.labels) })),
    }))
    return { series, metadata }
  }
  const { symbols, timeseries } = request2.toObject(request2.decode(bytes), TO_OBJECT) as {
    symbols: string[]
    timeseries: {
      labels_refs: number[]
      samples: ReadSeries['samples']
      histograms: ReadHistogram[]
      exemplars: { labels_refs: number[]; value: number; timestamp: number }[]
      metadata: { type?: number; help_ref?: number; unit_ref?: number }
    }[]
  }
  if (symbols[0] !== '') throw new Error('the first symbol must be empty')
  const symbolic = (references: readonly number[]): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: references.length / 2 }, (_, i) => [
        symbols[references[i * 2]!]!,
        symbols[references[i * 2 + 1]!]!,
      ]),
    )
  const series = timeseries.map(({ labels_refs, samples, histograms, exemplars, metadata }) => ({
    labels: symbolic(labels_refs),
    samples,
    histograms,
    exemplars: exemplars.map(({ labels_refs: references, ...one }) => ({ labels: symbolic(references), ...one })),
    metadata: {
      type: metadata.type ?? 0,
      help: symbols[metadata.help_ref ?? 0]!,
      unit: symbols[metadata.unit_ref ?? 0]!,
    },
  }))
  return { series, metadata: [] }
}

/** The histogram's counts by Prometheus' bucket index. */
export function bucketsOf(histogram: ReadHistogram, side: 'positive' | 'negative'): Map<number, number> {
  const deltas = histogram[`${side}_deltas`]
  const counts = histogram[`${side}_counts`]
  const found = new Map<number, number>()
  let [index, at, count] = [0, 0, 0]
  for (const { offset = 0, length } of histogram[`${side}_spans`]) {
    index += offset
    for (let i = 0; i < length; i++, at++, index++) {
      count = deltas.length > 0 ? count + deltas[at]! : counts[at]!
      found.set(index, count)
    }
  }
  return found
}
