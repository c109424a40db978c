import { createRequire } from 'node:module'

import protobuf from 'protobufjs'

/** It comes without types. */
const { compress } = createRequire(import.meta.url)('snappyjs') as { compress: (bytes: Uint8Array) => Uint8Array }

/** The messages of remote write as their specifications have them: another's encoder for the same wire. */
const { root } = protobuf.parse(`syntax = "proto3";
  package prometheus;
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
  message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3; sint32 schema = 4; double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
    int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16; int64 start_timestamp = 17;
  }
  message Request { repeated string symbols = 4; repeated TimeSeries2 timeseries = 5; }
  message TimeSeries2 { repeated uint32 labels_refs = 1; repeated Sample2 samples = 2; repeated Histogram histograms = 3; repeated Exemplar2 exemplars = 4; Metadata metadata = 5; }
  message Sample2 { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message Exemplar2 { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
  message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }`)

const request1 = root.lookupType('prometheus.WriteRequest')
const request2 = root.lookupType('prometheus.Request')

export interface WrittenHistogram {
  readonly [field: string]: unknown
  readonly timestamp: number
}

export interface WrittenSeries {
  /** In the order in which they are written. */
  readonly labels: readonly (readonly [string, string])[]
  readonly samples?: readonly { readonly value: number; readonly timestamp: number; readonly startTimestamp?: number }[]
  readonly histograms?: readonly WrittenHistogram[]
  readonly exemplars?: readonly {
    readonly labels: readonly (readonly [string, string])[]
    readonly value: number
    readonly timestamp: number
  }[]
  /** Beside the series in version 2; in version 1 of its family. */
  readonly metadata?: { readonly type: number; readonly help: string; readonly unit: string }
}

const pairs = (labels: WrittenSeries['labels']) => labels.map(([name, value]) => ({ name, value }))

/** A `WriteRequest`. Numbers are rounded to what protobufjs can write. */
export function version1(series: readonly WrittenSeries[]): Uint8Array {
  const metadata = series.flatMap(({ labels, metadata: told }) => {
    const family = labels.find(([name]) => name === '__name__')?.[1] ?? ''
    return told === undefined ? [] : [{ ...told, metricFamilyName: family }]
  })
  const timeseries = series.map(({ labels, samples, histograms, exemplars }) => ({
    labels: pairs(labels),
    samples,
    histograms,
    exemplars: exemplars?.map((one) => ({ ...one, labels: pairs(one.labels) })),
  }))
  return request1.encode(request1.fromObject({ timeseries, metadata })).finish()
}

/** A `Request` of version 2. */
export function version2(series: readonly WrittenSeries[]): Uint8Array {
  const symbols = ['']
  const at = new Map([['', 0]])
  const ref = (text: string): number => {
    const known = at.get(text)
    if (known !== undefined) return known
    at.set(text, symbols.length)
    return symbols.push(text) - 1
  }
  const refs = (labels: WrittenSeries['labels']) => labels.flatMap(([name, value]) => [ref(name), ref(value)])
  const timeseries = series.map(({ labels, samples, histograms, exemplars, metadata }) => ({
    labelsRefs: refs(labels),
    samples,
    histograms,
    exemplars: exemplars?.map(({ labels: own, ...one }) => ({ ...one, labelsRefs: refs(own) })),
    ...(metadata !== undefined && {
      metadata: { type: metadata.type, helpRef: ref(metadata.help), unitRef: ref(metadata.unit) },
    }),
  }))
  return request2.encode(request2.fromObject({ symbols, timeseries })).finish()
}

export function snappy(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(compress(body))
}
