import type { Labels } from '#core/series.ts'

import { BYTES, Cursor, VARINT } from '../wire/cursor.ts'
import { type Described, described } from './families.ts'
import { readHistogram } from './histogram.ts'
import { type LabelBytes, labelsOfPairs, textOf } from './labels.ts'
import { repeated } from './numbers.ts'
import { readExemplar, readSample } from './sample.ts'
import type { SeriesSource, WriteSink } from './sink.ts'
import type { Symbols } from './symbols.ts'

const REFERENCES = 2 ** 14

/** References of one series into the symbol table, and the key that they make: the process-wide numbers of their symbols. */
class References {
  readonly #symbols: Symbols
  readonly #list = new Uint32Array(REFERENCES)
  readonly #key = new Uint32Array(REFERENCES)
  readonly view = new DataView(this.#key.buffer)
  length = 0

  constructor(symbols: Symbols) {
    this.#symbols = symbols
  }

  /** Counts all, keeps as many as it can hold. */
  add(reference: number): void {
    if (this.length < REFERENCES) this.#list[this.length] = Math.min(reference, 2 ** 32 - 1)
    this.length++
  }

  /** Why they name no series; '' where they do. */
  problem(): string {
    if (this.length > REFERENCES) return `a series has ${this.length} references to symbols`
    if (this.length % 2 === 1) return `a series has ${this.length} references to symbols: they come in pairs`
    const known = this.#symbols.length
    for (let i = 0; i < this.length; i++) {
      if (this.#list[i]! >= known) return `reference ${this.#list[i]} is outside of a symbol table of ${known}`
    }
    return ''
  }

  /** Bytes of the key in `view`; -1 where a symbol is too long for one. */
  key(): number {
    for (let i = 0; i < this.length; i++) {
      const number = this.#symbols.alias(this.#list[i]!)
      if (number < 0) return -1
      this.#key[i] = number
    }
    return this.length * 4
  }

  pairs(): LabelBytes[] {
    const bytes = (i: number): Uint8Array => this.#symbols.bytes(this.#list[i]!)
    return Array.from({ length: this.length / 2 }, (_, i): LabelBytes => [bytes(2 * i), bytes(2 * i + 1)])
  }
}

/** `io.prometheus.write.v2.Request`. */
export class Version2 implements SeriesSource {
  readonly #cursor: Cursor
  readonly #sink: WriteSink
  readonly #symbols: Symbols
  readonly #references: References
  /** Of the series: the range of its metadata. */
  #metadata = 0
  #metadataEnd = 0

  constructor(cursor: Cursor, sink: WriteSink, symbols: Symbols) {
    this.#cursor = cursor
    this.#sink = sink
    this.#symbols = symbols
    this.#references = new References(symbols)
  }

  /** Throws `ServiceError`: `bad_data`, `too_large`. */
  read(): void {
    const cursor = this.#cursor
    const symbols = this.#symbols
    symbols.begin(cursor.view)
    while (cursor.tag()) {
      if (cursor.field !== 4 || cursor.wire !== BYTES) {
        cursor.skip()
        continue
      }
      cursor.allowance.take()
      symbols.add(cursor.range(), cursor.at)
    }
    cursor.at = 0
    while (cursor.tag()) {
      if (cursor.field !== 5 || cursor.wire !== BYTES) {
        cursor.skip()
        continue
      }
      const outer = cursor.enter()
      this.#series()
      cursor.leave(outer)
    }
  }

  labels(): Labels | string {
    return labelsOfPairs(this.#references.pairs())
  }

  described(): Described {
    const cursor = new Cursor(this.#cursor.bytes.subarray(this.#metadata, this.#metadataEnd))
    const read = [0, 0, 0, 0, 0]
    while (cursor.tag()) {
      if (cursor.wire === VARINT && cursor.field < read.length) read[cursor.field] = cursor.varint()
      else cursor.skip()
    }
    const text = (reference: number): string =>
      reference < this.#symbols.length ? (textOf(this.#symbols.bytes(reference)) ?? '') : ''
    return described(read[1]!, text(read[4]!), text(read[3]!))
  }

  #series(): void {
    const cursor = this.#cursor
    const from = cursor.at
    const holds = this.#scan()
    const references = this.#references
    const problem = holds ? references.problem() : 'a series must hold a sample or a histogram'
    if (problem !== '') this.#sink.unreadable(problem)
    else this.#sink.series(references.view, 0, references.key(), this)
    cursor.at = from
    while (cursor.tag()) {
      if (cursor.wire !== BYTES) cursor.skip()
      else if (cursor.field === 2) readSample(cursor, this.#sink)
      else if (cursor.field === 3) {
        const outer = cursor.enter()
        const histogram = readHistogram(cursor)
        cursor.leave(outer)
        this.#sink.histogram(histogram)
      } else if (cursor.field === 4) this.#exemplar()
      else cursor.skip()
    }
    this.#sink.end()
  }

  /** A first pass: references and metadata may stand anywhere. True where there is something in the series. */
  #scan(): boolean {
    const cursor = this.#cursor
    const references = this.#references
    references.length = 0
    this.#metadata = 0
    this.#metadataEnd = 0
    let holds = false
    while (cursor.tag()) {
      const { field, wire } = cursor
      if (field === 1 && wire === BYTES) {
        const start = cursor.range()
        const end = cursor.at
        const outer = cursor.end
        cursor.end = end
        cursor.at = start
        while (cursor.at < end) references.add(cursor.varint())
        cursor.end = outer
      } else if (field === 1 && wire === VARINT) references.add(cursor.varint())
      else if (field === 5 && wire === BYTES) {
        this.#metadata = cursor.range()
        this.#metadataEnd = cursor.at
      } else {
        holds ||= wire === BYTES && (field === 2 || field === 3)
        cursor.skip()
      }
    }
    return holds
  }

  #exemplar(): void {
    const cursor = this.#cursor
    const references: number[] = []
    const outer = cursor.enter()
    const { time_ms, value } = readExemplar(cursor, () => {
      if (cursor.wire === BYTES || cursor.wire === VARINT) repeated(cursor, references, (one) => one.varint())
      else cursor.skip()
    })
    cursor.leave(outer)
    this.#sink.exemplar(time_ms, value, this.#exemplarLabels(references))
  }

  #exemplarLabels(references: readonly number[]): Labels | string {
    if (references.length % 2 === 1) return 'an exemplar has an odd number of references to symbols'
    const bytes = references.map((one) => (one < this.#symbols.length ? this.#symbols.bytes(one) : undefined))
    const pairs: LabelBytes[] = []
    for (let i = 0; i < bytes.length; i += 2) {
      const [name, value] = [bytes[i], bytes[i + 1]]
      if (name === undefined || value === undefined) return 'an exemplar refers to no symbol'
      pairs.push([name, value])
    }
    return labelsOfPairs(pairs, false)
  }
}
