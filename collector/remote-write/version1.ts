import type { Labels } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'

import { BYTES, Cursor, VARINT } from '../wire/cursor.ts'
import { type Described, described } from './families.ts'
import { readHistogram } from './histogram.ts'
import { type LabelBytes, labelsOfPairs } from './labels.ts'
import { messageRange, readExemplar, readSample } from './sample.ts'
import { type SeriesSource, STEP, type WriteSink } from './sink.ts'

const NOTHING: Uint8Array = new Uint8Array(0)

/** A `Label`: name and value. */
function label(cursor: Cursor): LabelBytes {
  let [name, value] = [NOTHING, NOTHING]
  const outer = cursor.enter()
  while (cursor.tag()) {
    if (cursor.wire !== BYTES || cursor.field > 2) {
      cursor.skip()
      continue
    }
    const start = cursor.range()
    const bytes = cursor.bytes.subarray(start, cursor.at)
    if (cursor.field === 1) name = bytes
    else value = bytes
  }
  cursor.leave(outer)
  return [name, value]
}

/** `prometheus.WriteRequest`. The labels of a series, as they stand, are its key. */
export class Version1 implements SeriesSource {
  readonly #cursor: Cursor
  readonly #sink: WriteSink
  /** Of the series: its range. */
  #from = 0
  #to = 0

  constructor(cursor: Cursor, sink: WriteSink) {
    this.#cursor = cursor
    this.#sink = sink
  }

  /** Throws `ServiceError`: `bad_data`, `too_large`. */
  *read(): Steps<void> {
    // Metadata stands behind the series, which are to have it.
    yield* this.#each(3, () => this.#metadata())
    this.#cursor.at = 0
    yield* this.#each(1, () => this.#series())
  }

  *#each(field: number, read: () => void): Steps<void> {
    const cursor = this.#cursor
    let count = 0
    while (cursor.tag()) {
      if (cursor.field !== field || cursor.wire !== BYTES) {
        cursor.skip()
        continue
      }
      const outer = cursor.enter()
      read()
      cursor.leave(outer)
      if (++count % STEP === 0) yield
    }
  }

  labels(): Labels | string {
    return labelsOfPairs(this.#pairs(this.#from, this.#to))
  }

  described(): undefined {
    return undefined
  }

  /** Labels come first, one behind the other; where they do not, the series goes without a key. */
  #series(): void {
    const cursor = this.#cursor
    this.#from = cursor.at
    this.#to = cursor.end
    const start = cursor.at
    let [end, broken] = [start, false]
    for (let at = cursor.at; cursor.tag(); at = cursor.at) {
      cursor.skip()
      if (cursor.field !== 1) continue
      if (at === end) end = cursor.at
      else broken = true
    }
    this.#sink.series(cursor.view, start, broken ? -1 : end, this)
    cursor.at = broken ? start : end
    while (cursor.tag()) {
      if (cursor.field === 1 || cursor.wire !== BYTES) cursor.skip()
      else this.#item()
    }
    this.#sink.end()
  }

  #item(): void {
    const cursor = this.#cursor
    if (cursor.field === 2) readSample(cursor, this.#sink)
    else if (cursor.field === 3) this.#exemplar()
    else if (cursor.field === 4) {
      const outer = cursor.enter()
      const histogram = readHistogram(cursor)
      cursor.leave(outer)
      this.#sink.histogram(histogram)
    } else cursor.skip()
  }

  #exemplar(): void {
    const cursor = this.#cursor
    const pairs: LabelBytes[] = []
    const outer = cursor.enter()
    const { time_ms, value } = readExemplar(cursor, () => {
      if (cursor.wire === BYTES) pairs.push(label(cursor))
      else cursor.skip()
    })
    cursor.leave(outer)
    this.#sink.exemplar(time_ms, value, labelsOfPairs(pairs, false))
  }

  #metadata(): void {
    const cursor = this.#cursor
    let [type, family, help, unit] = [0, '', '', '']
    while (cursor.tag()) {
      const { field, wire } = cursor
      if (field === 1 && wire === VARINT) type = cursor.varint()
      else if (field === 2 && wire === BYTES) family = cursor.text()
      else if (field === 4 && wire === BYTES) help = cursor.text()
      else if (field === 5 && wire === BYTES) unit = cursor.text()
      else cursor.skip()
    }
    const what: Described = described(type, unit, help)
    this.#sink.family(family, what)
  }

  #pairs(from: number, to: number): LabelBytes[] {
    const cursor = new Cursor(this.#cursor.bytes.subarray(from, to))
    const pairs: LabelBytes[] = []
    while (cursor.tag()) {
      if (cursor.field === 1 && cursor.wire === BYTES) pairs.push(label(cursor))
      else messageRange(cursor)
    }
    return pairs
  }
}
