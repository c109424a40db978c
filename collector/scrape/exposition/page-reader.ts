import { ServiceError } from '#core/errors.ts'
import type { Steps } from '#core/steps.ts'

import { CLOSE, HASH, LF, lineEnd, nameEnd, OPEN, skipBlanks } from './characters.ts'
import { Families, type Family, type Metadata } from './family.ts'
import { headEnd, isBlank, readHead, utf8Text } from './head.ts'
import { hashOf, type Line, Lines } from './lines.ts'

/** An exemplar as a page shows it. `time_ms` is NaN where it has none. */
export interface PageExemplar {
  readonly pairs: readonly (readonly [string, string])[]
  readonly value: number
  readonly time_ms: number
}

export interface SampleSink<Known> {
  /** `time_ms` is NaN where the page gives none. */
  sample(line: Line<Known>, value: number, time_ms: number): void
  /** Of the sample just given. */
  exemplar(line: Line<Known>, exemplar: PageExemplar): void
}

const BRACE_LENGTH = 1
/** Lines that are read in one step. */
const STEP = 512
const NOTHING = Buffer.alloc(0)
/** Families of earlier pages that are remembered whatever the page has. */
const SPARE_FAMILIES = 1000

/**
 * Reads the pages of one target. A page is much like the one before: each line is first compared with the one that stood there
 * last time, then looked up by its bytes, and only a new one is taken apart. Throws `ServiceError('bad_data')` naming the line
 * where a page cannot be read; samples before it have been given already.
 */
export abstract class PageReader<Known> {
  protected readonly sink: SampleSink<Known>
  protected bytes: Buffer = NOTHING
  protected at = 0
  protected end = 0
  /** The family that metadata spoke of last. */
  protected family: Family | undefined
  /** Whether blanks may stand between words, and be tabs. */
  readonly #blanks: boolean
  readonly #lines: Lines<Known>
  readonly #families = new Families()
  readonly #first: { next: Line<Known> | undefined } = { next: undefined }
  #page = 0
  #onPage = 0
  #forgetting = false

  constructor(sink: SampleSink<Known>, { blanks }: { readonly blanks: boolean }) {
    this.sink = sink
    this.#blanks = blanks
    this.#lines = new Lines(blanks)
  }

  /** The metadata of the line `[from, to)`, which begins with `#`. */
  protected abstract metadata(from: number, to: number): Metadata
  /** Reads on from behind a head to the next line, and gives the sample. */
  protected abstract tail(line: Line<Known>): void
  /** A line that begins with a blank or is empty: moves on, or refuses. */
  protected abstract blank(): void
  protected abstract finish(): void
  protected abstract declared(metadata: Metadata, family: Family): void

  /** Lines that are remembered. */
  get remembered(): number {
    return this.#lines.size
  }

  *read(page: Uint8Array): Steps<void> {
    const bytes = Buffer.from(page.buffer, page.byteOffset, page.length)
    this.bytes = bytes
    this.at = 0
    this.end = bytes.length
    this.family = undefined
    this.#page++
    this.#onPage = 0
    try {
      yield* this.#walk()
      this.finish()
    } catch (error) {
      throw error instanceof ServiceError ? this.#placed(error) : error
    } finally {
      this.bytes = NOTHING
    }
    if (this.#families.size > 2 * this.#onPage + SPARE_FAMILIES) {
      this.#families.clear()
      this.#forgetting = true
    }
    if (this.#forgetting) this.#lines.clear()
    if (this.#forgetting || (yield* this.#lines.trim(this.#page, this.#onPage))) this.#first.next = undefined
    this.#forgetting = false
  }

  *#walk(): Steps<void> {
    let previous: { next: Line<Known> | undefined } = this.#first
    while (this.at < this.end) {
      let line = previous.next
      if (line !== undefined && this.#lines.matches(line, this.bytes, this.at) && this.#ends(line)) {
        this.at += line.length
      } else {
        const byte = this.bytes[this.at]
        if (byte === LF || isBlank(byte)) {
          this.blank()
          continue
        }
        line = byte === HASH ? this.#metadataLine() : this.#sampleLine()
        previous.next = line
      }
      line.page = this.#page
      if (++this.#onPage % STEP === 0) yield
      if (line.metadata === undefined) this.tail(line)
      else this.#declare(line.metadata)
      previous = line
    }
  }

  /** Whether a line that matches ends where it did: `a` is not the beginning of `ab 1`, nor of `a {b="c"} 1`. */
  #ends({ length, metadata }: Line<Known>): boolean {
    const { bytes, end } = this
    const to = this.at + length
    if (metadata !== undefined) return to === end || bytes[to] === LF
    if (bytes[to - BRACE_LENGTH] === CLOSE) return true
    return isBlank(bytes[to]) && (!this.#blanks || bytes[skipBlanks(bytes, to, end)] !== OPEN)
  }

  #metadataLine(): Line<Known> {
    const { bytes, at } = this
    const to = lineEnd(bytes, at, this.end)
    const hash = hashOf(bytes, at, to)
    const place = { from: at, to, hash }
    const line =
      this.#lines.find(bytes, at, to, hash) ??
      this.#lines.add(bytes, place, { metadata: this.metadata(at, to), family: this.#families.none })
    this.at = to
    return line
  }

  #sampleLine(): Line<Known> {
    const { bytes, at } = this
    const to = headEnd(bytes, at, this.end, this.#blanks)
    const hash = hashOf(bytes, at, to)
    let line = this.#lines.find(bytes, at, to, hash)
    if (line === undefined) {
      // The rest of it is read by whoever asks for it.
      const name = nameEnd(bytes, at, to)
      const { name: text } = name > at ? { name: utf8Text(bytes, at, name) } : readHead(bytes, at, to, this.#blanks)
      const family = this.#families.of(text, this.family)
      line = this.#lines.add(bytes, { from: at, to, hash }, { metadata: undefined, family })
    }
    this.at = to
    return line
  }

  #declare(metadata: Metadata): void {
    // Behind the line feed.
    this.at = Math.min(this.at + 1, this.end)
    if (metadata.kind === 'none') return
    if (metadata.kind !== 'end') {
      const { family, changed } = this.#families.declare(metadata)
      this.family = family
      this.#forgetting ||= changed
    }
    this.declared(metadata, this.family ?? this.#families.none)
  }

  #placed(error: ServiceError): ServiceError {
    let line = 1
    for (let i = 0; i < Math.min(this.at, this.end); i++) if (this.bytes[i] === LF) line++
    return new ServiceError('bad_data', `line ${line}: ${error.message}`, { cause: error.cause })
  }
}
