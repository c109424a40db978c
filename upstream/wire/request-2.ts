import type { SampleBatch } from '#core/sample.ts'

import { type NativeSample, writeNativeHistogram } from './native-histogram.ts'
import type { Outgoing, OutgoingSeries } from './outgoing.ts'
import { BYTES, FIXED64, ProtoWriter, VARINT } from './proto-writer.ts'
import { METRIC_TYPES } from './request-1.ts'
import { eachSample, type EncodedRequest, type RequestEncoder, type RequestSink } from './request.ts'

const SYMBOLS = 4
const TIME_SERIES = 5

/** The strings of one request; the first is always empty. */
class Symbols {
  readonly #refs = new Map<string, number>([['', 0]])

  ref(text: string): number {
    const known = this.#refs.get(text)
    if (known !== undefined) return known
    const ref = this.#refs.size
    this.#refs.set(text, ref)
    return ref
  }

  /** In order of their references. */
  [Symbol.iterator](): Iterator<string> {
    return this.#refs.keys()
  }
}

/**
 * Remote write 2.0: `io.prometheus.write.v2.Request`, strings once a request, metadata with each series.
 * Source: Prometheus Remote-Write 2.0 specification, io/prometheus/write/v2/types.proto.
 */
export class RequestEncoder2 implements RequestEncoder, RequestSink {
  readonly version = 2
  readonly #series = new ProtoWriter()
  readonly #part = new ProtoWriter()
  readonly #value = new ProtoWriter()
  readonly #refs = new ProtoWriter()
  #symbols = new Symbols()
  #samples = 0
  #histograms = 0

  encode(batch: SampleBatch, series: OutgoingSeries): EncodedRequest {
    this.#series.clear()
    this.#symbols = new Symbols()
    this.#samples = 0
    this.#histograms = 0
    eachSample(batch, series, this)
    const out = new ProtoWriter()
    for (const symbol of this.#symbols) out.text(SYMBOLS, symbol)
    out.raw(this.#series.view())
    return { bytes: out.copy(), samples: this.#samples, histograms: this.#histograms }
  }

  float(series: Outgoing, time_ms: number, value: number, stale: boolean): void {
    const sample = this.#value
    sample.clear()
    sample.tag(1, FIXED64)
    if (stale) sample.staleNaN()
    else sample.double(value)
    sample.tag(2, VARINT)
    sample.int64(time_ms)
    this.#add(series, 2)
    this.#samples++
  }

  native(series: Outgoing, sample: NativeSample): void {
    this.#value.clear()
    writeNativeHistogram(this.#value, sample)
    this.#add(series, 3)
    this.#histograms++
  }

  #add({ labels, definition }: Outgoing, field: number): void {
    const [symbols, refs, part] = [this.#symbols, this.#refs, this.#part]
    refs.clear()
    for (const [name, value] of labels) {
      refs.varint(symbols.ref(name))
      refs.varint(symbols.ref(value))
    }
    part.clear()
    part.bytes(1, refs.view())
    part.bytes(field, this.#value.view())
    refs.clear()
    refs.tag(1, VARINT)
    refs.varint(METRIC_TYPES[definition.type])
    refs.tag(3, VARINT)
    refs.varint(symbols.ref(definition.help))
    refs.tag(4, VARINT)
    refs.varint(symbols.ref(definition.unit))
    part.bytes(5, refs.view())
    const bytes = part.view()
    this.#series.tag(TIME_SERIES, BYTES)
    this.#series.varint(bytes.length)
    this.#series.raw(bytes)
  }
}
