import type { SampleBatch } from '#core/sample.ts'
import type { MetricType, SeriesDefinition } from '#core/series.ts'

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

  float(series: Outgoing, time_ms: number, value: number, stale: boolean): void {
    const length = sampleLength(time_ms)
    this.#begin(series, 2, length)
    this.#out.sample(time_ms, value, stale)
    this.#samples++
  }

  native(series: Outgoing, sample: NativeSample): void {
    this.#value.clear()
    writeNativeHistogram(this.#value, sample)
    this.#begin(series, 4, this.#value.length)
    this.#out.raw(this.#value.view())
    this.#histograms++
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

  #labelsOf(series: Outgoing): Uint8Array {
    if (series.encoded instanceof Uint8Array) return series.encoded
    const [pair, all] = [new ProtoWriter(), new ProtoWriter()]
    for (const [name, value] of series.labels) {
      pair.clear()
      pair.text(1, name)
      pair.text(2, value)
      all.bytes(1, pair.view())
    }
    const bytes = all.copy()
    series.encoded = bytes
    return bytes
  }
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
