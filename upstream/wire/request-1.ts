import type { Exemplar, SampleBatch } from '#core/sample.ts'
import type { Labels, MetricType, SeriesDefinition } from '#core/series.ts'

import { type NativeSample, writeNativeHistogram } from './native-histogram.ts'
import { familyOf, type Outgoing, type OutgoingSeries } from './outgoing.ts'
import { BYTES, ProtoWriter, sampleLength, VARINT, varintLength } from './proto-writer.ts'
import { eachSample, type EncodedRequest, type RequestEncoder, type RequestSink } from './request.ts'

/** `MetricMetadata.MetricType`, the same in 1.0 and 2.0. */
export const METRIC_TYPES: Readonly<Record<MetricType, number>> = {
  unknown: 0,
  counter: 1,
  gauge: 2,
  histogram: 3,
  gaugehistogram: 4,
  summary: 5,
  info: 6,
  stateset: 7,
}

const TIME_SERIES = 1
const METADATA = 3

/**
 * Remote write 1.0: `prometheus.WriteRequest`, each sample a `TimeSeries` of its own, as Prometheus sends it.
 * Source: prompb/remote.proto and types.proto of Prometheus.
 */
export class RequestEncoder1 implements RequestEncoder, RequestSink {
  readonly version = 1
  readonly #out = new ProtoWriter()
  readonly #value = new ProtoWriter()
  #samples = 0
  #histograms = 0

  encode(batch: SampleBatch, series: OutgoingSeries): EncodedRequest {
    this.#out.clear()
    this.#samples = 0
    this.#histograms = 0
    eachSample(batch, series, this)
    return { bytes: this.#out.view(), samples: this.#samples, histograms: this.#histograms }
  }

  float(series: Outgoing, time_ms: number, value: number, stale: boolean, exemplars: readonly Exemplar[]): void {
    const length = sampleLength(time_ms)
    this.#begin(series, 2, length)
    this.#out.sample(time_ms, value, stale)
    this.#samples++
    this.#add(series, exemplars)
  }

  native(series: Outgoing, sample: NativeSample, exemplars: readonly Exemplar[]): void {
    this.#value.clear()
    writeNativeHistogram(this.#value, sample)
    this.#begin(series, 4, this.#value.length)
    this.#out.raw(this.#value.view())
    this.#histograms++
    this.#add(series, exemplars)
  }

  /** A series up to its only sample, which is field `field` and takes `length` bytes. */
  #begin(series: Outgoing, field: number, length: number): void {
    const labels = this.#labelsOf(series)
    const out = this.#out
    out.tag(TIME_SERIES, BYTES)
    out.varint(labels.length + 1 + varintLength(length) + length)
    out.raw(labels)
    out.tag(field, BYTES)
    out.varint(length)
  }

  /** The series once more, behind its sample: Prometheus looks at exemplars before histograms, and knows no exemplar of a new series. */
  #add(series: Outgoing, exemplars: readonly Exemplar[]): void {
    for (const { labels, value, time_ms } of exemplars) {
      const one = this.#value
      one.clear()
      one.raw(encodedLabels(labels))
      one.measured(value, time_ms)
      this.#begin(series, 3, one.length)
      this.#out.raw(one.view())
    }
  }

  #labelsOf(series: Outgoing): Uint8Array {
    if (series.encoded instanceof Uint8Array) return series.encoded
    const bytes = encodedLabels(series.labels)
    series.encoded = bytes
    return bytes
  }
}

/** Fields `Label`, of a series and of an exemplar the same. */
function encodedLabels(labels: Labels): Uint8Array {
  const [pair, all] = [new ProtoWriter(), new ProtoWriter()]
  for (const [name, value] of labels) {
    pair.clear()
    pair.text(1, name)
    pair.text(2, value)
    all.bytes(1, pair.view())
  }
  return all.copy()
}

/** A request of nothing but metadata: 1.0 has them apart from the samples. */
export function encodeMetadata(definitions: Iterable<SeriesDefinition>): Uint8Array {
  const [out, one] = [new ProtoWriter(), new ProtoWriter()]
  for (const definition of definitions) {
    one.clear()
    one.tag(1, VARINT)
    one.varint(METRIC_TYPES[definition.type])
    one.text(2, familyOf(definition))
    if (definition.help !== '') one.text(4, definition.help)
    if (definition.unit !== '') one.text(5, definition.unit)
    out.bytes(METADATA, one.view())
  }
  return out.copy()
}
