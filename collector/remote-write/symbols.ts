import { grown } from '#core/store/grow.ts'

import type { SeriesBook } from './book.ts'

/** The symbol table of one request, each symbol with its number in the process-wide table. */
export class Symbols {
  readonly #book: SeriesBook
  #view: DataView = new DataView(new ArrayBuffer(0))
  #length = 0
  #start = new Uint32Array(1024)
  #end = new Uint32Array(1024)
  #alias = new Int32Array(1024)

  constructor(book: SeriesBook) {
    this.#book = book
  }

  get length(): number {
    return this.#length
  }

  begin(view: DataView): void {
    this.#view = view
    this.#length = 0
  }

  add(start: number, end: number): void {
    const at = this.#length++
    if (at === this.#start.length) {
      this.#start = grown(this.#start, at + 1)
      this.#end = grown(this.#end, at + 1)
      this.#alias = grown(this.#alias, at + 1)
    }
    this.#start[at] = start
    this.#end[at] = end
    const { symbols } = this.#book
    const known = symbols.find(this.#view, start, end, 0)
    this.#alias[at] = known >= 0 ? known : symbols.add(this.#view, start, end, 0)
  }

  /** The process-wide number by reference, -1 where the symbol is too long to be kept; more of them than `length`. */
  get numbers(): Int32Array {
    return this.#alias
  }

  bytes(reference: number): Uint8Array {
    const { buffer, byteOffset } = this.#view
    const start = this.#start[reference]!
    return new Uint8Array(buffer, byteOffset + start, this.#end[reference]! - start)
  }
}
