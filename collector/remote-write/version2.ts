import { ServiceError } from '#core/errors.ts'
import type { Labels } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'

import { BYTES, Cursor, VARINT } from '../wire/cursor.ts'
import { type Described, described } from './families.ts'
import { readHistogram } from './histogram.ts'
import { type LabelBytes, labelsOfPairs, textOf } from './labels.ts'
import { repeated } from './numbers.ts'
import { readExemplar, readSample } from './sample.ts'
import { type SeriesSource, STEP, type WriteSink } from './sink.ts'
import type { Symbols } from './symbols.ts'

const PACKED_REFERENCES = 0x0a
/** More than any label set has, twice. */
const REFERENCES = 2 ** 11

/** References of one series into the symbol table, and the key that they make: the process-wide numbers of their symbols. */
class References {
  readonly #symbols: Symbols
  readonly #list = new Uint32Array(REFERENCES)
  readonly #key = new Int32Array(REFERENCES)
  readonly view = new DataView(this.#key.buffer)
  #length = 0
  /** The largest of them. */
  #most = -1
  /** A symbol is too long to be in a key. */
  #long = false

  constructor(symbols: Symbols) {
    this.#symbols = symbols
  }

  clear(): void {
    this.#length = 0
    this.#most = -1
    this.#long = false
  }

  /** Counts all, keeps as many as it can hold. */
  add(reference: number): void {
    const at = this.#length++
    if (at >= REFERENCES) return
    const number = this.#symbols.numbers[reference] ?? -1
    this.#list[at] = reference
    this.#key[at] = number
    if (reference > this.#most) this.#most = reference
    if (number < 0) this.#long = true
  }

  /** Why they name no series; '' where they do. */
  problem(): string {
    const length = this.#length
    if (length > REFERENCES) return `a series has ${length} references to symbols`
    if (length % 2 === 1) return `a series has ${length} references to symbols: they come in pairs`
    const known = this.#symbols.length
    return this.#most < known ? '' : `reference ${this.#most} is outside of a symbol table of ${known}`
  }

  /** Bytes of the key in `view`; -1 where there is none. */
  get key(): number {
    return this.#long ? -1 : this.#length * 4
  }

  pairs(): LabelBytes[] {
    const bytes = (i: number): Uint8Array => this.#symbols.bytes(this.#list[i]!)
    return Array.from({ length: this.#length / 2 }, (_, i): LabelBytes => [bytes(2 * i), bytes(2 * i + 1)])
  }
}

/** Type by its number, help and unit by reference. */
interface Metadata {
  readonly type: number
  readonly help: number
  readonly unit: number
}

function readMetadata(cursor: Cursor): Metadata {
  let [type, help, unit] = [0, 0, 0]
  while (cursor.tag()) {
    const { field, wire } = cursor
    if (field === 1 && wire === VARINT) type = cursor.varint()
    else if (field === 3 && wire === VARINT) help = cursor.varint()
    else if (field === 4 && wire === VARINT) unit = cursor.varint()
    else cursor.skip()
  }
  return { type, help, unit }
}

/** `io.prometheus.write.v2.Request`. */
export class Version2 implements SeriesSource {
  readonly #cursor: Cursor
  readonly #sink: WriteSink
  readonly #symbols: Symbols
  readonly #references: References
  /** Of the series: its range. */
  #from = 0
  #to = 0

  constructor(cursor: Cursor, sink: WriteSink, symbols: Symbols) {
    this.#cursor = cursor
    this.#sink = sink
    this.#symbols = symbols
    this.#references = new References(symbols)
  }

  /** Throws `ServiceError`: `bad_data`, `too_large`. */
  *read(): Steps<void> {
    const cursor = this.#cursor
    let count = 0
    const symbols = this.#symbols
    symbols.begin(cursor.view)
    while (cursor.tag()) {
      if (cursor.field !== 4 || cursor.wire !== BYTES) {
        cursor.skip()
        continue
      }
      cursor.allowance.take()
      symbols.add(cursor.range(), cursor.at)
      if (++count % STEP === 0) yield
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
      if (++count % STEP === 0) yield
    }
  }

  labels(): Labels | string {
    return labelsOfPairs(this.#references.pairs())
  }

  described(): Described {
    const cursor = new Cursor(this.#cursor.bytes.subarray(this.#from, this.#to))
    let read: Metadata = { type: 0, help: 0, unit: 0 }
    while (cursor.tag()) {
      if (cursor.field === 5 && cursor.wire === BYTES) {
        const outer = cursor.enter()
        read = readMetadata(cursor)
        cursor.leave(outer)
      } else cursor.skip()
    }
    const text = (reference: number): string =>
      reference < this.#symbols.length ? (textOf(this.#symbols.bytes(reference)) ?? '') : ''
    return described(read.type, text(read.unit), text(read.help))
  }

  #series(): void {
    const cursor = this.#cursor
    this.#from = cursor.at
    this.#to = cursor.end
    this.#references.clear()
    const first = this.#leading()
    if (!first) this.#gather()
    const references = this.#references
    const problem = references.problem()
    if (problem !== '') this.#sink.unreadable(problem)
    else this.#sink.series(references.view, 0, references.key, this)
    let holds = false
    while (cursor.tag()) {
      const { field, wire } = cursor
      if (field === 1) {
        if (first) throw new ServiceError('bad_data', 'the references of a series stand apart')
        cursor.skip()
      } else if (wire !== BYTES) cursor.skip()
      else if (field === 2) {
        readSample(cursor, this.#sink)
        holds = true
      } else if (field === 3) {
        this.#histogram()
        holds = true
      } else if (field === 4) {
        this.#exemplar()
        // The specification wants a sample beside it; Prometheus 3.15 sends each exemplar in a series of its own.
        holds = true
      } else cursor.skip()
    }
    if (!holds && problem === '') this.#sink.unreadable('a series must hold a sample or a histogram')
    this.#sink.end()
  }

  /** References as everybody writes them: first, and packed. False where they are not. */
  #leading(): boolean {
    const cursor = this.#cursor
    if (cursor.at >= cursor.end || cursor.bytes[cursor.at] !== PACKED_REFERENCES) return false
    cursor.at++
    this.#packed()
    return true
  }

  #packed(): void {
    const cursor = this.#cursor
    const { bytes } = cursor
    const references = this.#references
    const start = cursor.range()
    const end = cursor.at
    const outer = cursor.end
    cursor.end = end
    for (let at = start; at < end;) {
      const byte = bytes[at]!
      if (byte < 128) {
        references.add(byte)
        at++
      } else {
        cursor.at = at
        references.add(cursor.varint())
        at = cursor.at
      }
    }
    cursor.at = end
    cursor.end = outer
  }

  /** A pass for references that stand anywhere. */
  #gather(): void {
    const cursor = this.#cursor
    while (cursor.tag()) {
      const { field, wire } = cursor
      if (field === 1 && wire === BYTES) this.#packed()
      else if (field === 1 && wire === VARINT) this.#references.add(cursor.varint())
      else cursor.skip()
    }
    cursor.at = this.#from
  }

  #histogram(): void {
    const cursor = this.#cursor
    const outer = cursor.enter()
    const histogram = readHistogram(cursor)
    cursor.leave(outer)
    this.#sink.histogram(histogram)
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
