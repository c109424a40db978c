import type { Exemplar, SampleBatch } from '#core/sample.ts'

import { type NativeSample, writeNativeHistogram } from './native-histogram.ts'
import type { Outgoing, OutgoingSeries } from './outgoing.ts'
import { BYTES, ProtoWriter, sampleLength, VARINT, varintLength } from './proto-writer.ts'
import { METRIC_TYPES } from './request-1.ts'
import { eachSample, type EncodedRequest, type RequestEncoder, type RequestSink } from './request.ts'

const SYMBOLS = 4
const TIME_SERIES = 5
/** Of a `TimeSeries`. */
const EXEMPLARS = 4

/** So many different strings, and their numbers are given anew. */
const STRINGS = 1_000_000

/** Strings by number for all requests, and the references that they have in the current one; the first is always empty. */
class Symbols {
  readonly #numbers = new Map<string, number>()
  readonly #strings: string[] = []
  #ref = new Uint32Array(1024)
  /** The request in which `#ref` was given. */
  #request = new Uint32Array(1024)
  #current = 0
  /** Numbers in order of their references; of a string of this request alone −1, −2, … */
  readonly #used: number[] = []
  readonly #alone: string[] = []
  /** Changes when numbers mean other strings than before. */
  generation = 0

  /** A request begins. */
  begin(): void {
    if (this.#strings.length > STRINGS) this.#forget()
    this.#current++
    this.#used.length = 0
    this.#alone.length = 0
    this.ref(this.number(''))
  }

  number(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#strings.push(text) - 1
    this.#numbers.set(text, number)
    if (number >= this.#ref.length) {
      this.#ref = doubled(this.#ref)
      this.#request = doubled(this.#request)
    }
    return number
  }

  ref(number: number): number {
    if (this.#request[number] === this.#current) return this.#ref[number]!
    this.#request[number] = this.#current
    this.#ref[number] = this.#used.length
    this.#used.push(number)
    return this.#used.length - 1
  }

  /** The reference of a string that will hardly come again, as an id is: it gets no number. */
  alone(text: string): number {
    return this.#used.push(-this.#alone.push(text)) - 1
  }

  /** Of the current request, in order of their references. */
  *[Symbol.iterator](): Iterator<string> {
    for (const number of this.#used) yield number < 0 ? this.#alone[-number - 1]! : this.#strings[number]!
  }

  #forget(): void {
    this.#numbers.clear()
    this.#strings.length = 0
    this.#request.fill(0)
    this.generation++
  }
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2)
  larger.set(column)
  return larger
}

/** Where the numbers of a series stand behind the generation of the symbols: type, help, unit, then names and values of labels. */
const TYPE = 1
const HELP = 2
const UNIT = 3
const LABELS = 4

/**
 * Remote write 2.0: `io.prometheus.write.v2.Request`, strings once a request, metadata with each series.
 * Source: Prometheus Remote-Write 2.0 specification, io/prometheus/write/v2/types.proto.
 */
export class RequestEncoder2 implements RequestEncoder, RequestSink {
  readonly version = 2
  readonly #out = new ProtoWriter()
  readonly #series = new ProtoWriter()
  readonly #refs = new ProtoWriter()
  readonly #metadata = new ProtoWriter()
  readonly #value = new ProtoWriter()
  readonly #labels = new ProtoWriter()
  readonly #exemplar = new ProtoWriter()
  readonly #exemplars = new ProtoWriter()
  readonly #symbols = new Symbols()
  #samples = 0
  #histograms = 0

  encode(batch: SampleBatch, series: OutgoingSeries): EncodedRequest {
    this.#series.clear()
    this.#symbols.begin()
    this.#samples = 0
    this.#histograms = 0
    eachSample(batch, series, this)
    const out = this.#out
    out.clear()
    for (const symbol of this.#symbols) out.text(SYMBOLS, symbol)
    out.raw(this.#series.view())
    return { bytes: out.view(), samples: this.#samples, histograms: this.#histograms }
  }

  float(series: Outgoing, time_ms: number, value: number, stale: boolean, exemplars: readonly Exemplar[]): void {
    const length = sampleLength(time_ms)
    this.#begin(series, exemplars, { field: 2, length })
    this.#series.sample(time_ms, value, stale)
    this.#end()
    this.#samples++
  }

  native(series: Outgoing, sample: NativeSample, exemplars: readonly Exemplar[]): void {
    this.#value.clear()
    writeNativeHistogram(this.#value, sample)
    this.#begin(series, exemplars, { field: 3, length: this.#value.length })
    this.#series.raw(this.#value.view())
    this.#end()
    this.#histograms++
  }

  /** A series up to its only sample, which is field `field` and takes `length` bytes. */
  #begin(
    series: Outgoing,
    exemplars: readonly Exemplar[],
    { field, length }: { readonly field: number; readonly length: number },
  ): void {
    const numbers = this.#numbersOf(series)
    const [symbols, refs, metadata, out] = [this.#symbols, this.#refs, this.#metadata, this.#series]
    refs.clear()
    for (let i = LABELS; i < numbers.length; i++) refs.varint(symbols.ref(numbers[i]!))
    metadata.clear()
    metadata.tag(1, VARINT)
    metadata.varint(numbers[TYPE]!)
    metadata.tag(3, VARINT)
    metadata.varint(symbols.ref(numbers[HELP]!))
    metadata.tag(4, VARINT)
    metadata.varint(symbols.ref(numbers[UNIT]!))
    const along = this.#exemplars
    along.clear()
    for (const exemplar of exemplars) this.#addExemplar(exemplar)
    out.tag(TIME_SERIES, BYTES)
    out.varint(fieldLength(refs.length) + fieldLength(length) + along.length + fieldLength(metadata.length))
    out.bytes(1, refs.view())
    out.tag(field, BYTES)
    out.varint(length)
  }

  #end(): void {
    if (this.#exemplars.length > 0) this.#series.raw(this.#exemplars.view())
    this.#series.bytes(5, this.#metadata.view())
  }

  #addExemplar({ labels, value, time_ms }: Exemplar): void {
    const [symbols, refs, one] = [this.#symbols, this.#labels, this.#exemplar]
    refs.clear()
    for (const [name, text] of labels) {
      refs.varint(symbols.ref(symbols.number(name)))
      refs.varint(symbols.alone(text))
    }
    one.clear()
    one.bytes(1, refs.view())
    one.measured(value, time_ms)
    this.#exemplars.bytes(EXEMPLARS, one.view())
  }

  #numbersOf(series: Outgoing): Uint32Array {
    const symbols = this.#symbols
    const { encoded, labels, definition } = series
    if (encoded instanceof Uint32Array && encoded[0] === symbols.generation) return encoded
    const strings = [...labels].flat()
    const numbers = Uint32Array.of(
      symbols.generation,
      METRIC_TYPES[definition.type],
      symbols.number(definition.help),
      symbols.number(definition.unit),
      ...strings.map((text) => symbols.number(text)),
    )
    series.encoded = numbers
    return numbers
  }
}

/** Of a field with a length and a number below 16. */
const fieldLength = (length: number): number => 1 + varintLength(length) + length
