import type { ByteReader, ByteWriter } from './bytes.ts'
import { loadPages, savePages } from './page-list.ts'

/** Rows of a page: so many that few pages are looked up, so few that a series which stays where all around it went holds little. Part of the snapshot. */
export const ROW_SHIFT = 10
export const PAGE_ROWS = 2 ** ROW_SHIFT
export const ROW_MASK = PAGE_ROWS - 1

type Numbers = Int32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>

/** A number by row. Rows count up for ever: a page whose rows are all gone is given back, and has the number of a row that is gone. */
export class RowColumn<T extends Numbers> {
  readonly #type: new (length: number) => T
  readonly #gone: T
  readonly #pages: T[] = []
  #held = 0
  #length = 0

  /** `gone`: what rows have that are gone. */
  constructor(type: new (length: number) => T, gone: number) {
    this.#type = type
    this.#gone = new type(PAGE_ROWS)
    this.#gone.fill(gone)
  }

  get bytes(): number {
    return this.#held * this.#gone.byteLength
  }

  get(row: number): number {
    return this.#pages[row >>> ROW_SHIFT]![row & ROW_MASK]!
  }

  /** Of a row that is not gone. */
  set(row: number, value: number): void {
    this.#pages[row >>> ROW_SHIFT]![row & ROW_MASK] = value
  }

  /** The next row. */
  push(value: number): void {
    const row = this.#length++
    if (row >>> ROW_SHIFT === this.#pages.length) this.#add()
    this.set(row, value)
  }

  /** All rows of a page are gone. */
  drop(page: number): void {
    if (this.#pages[page] === this.#gone) return
    this.#pages[page] = this.#gone
    this.#held--
  }

  /** Pages that are not gone, as they lie in memory. */
  save(writer: ByteWriter): void {
    const pages = this.#pages
    for (const page of savePages(writer, pages.length, (at) => pages[at] !== this.#gone)) {
      writer.column(pages[page]!.subarray(0, this.#length - page * PAGE_ROWS))
    }
  }

  /** Into a fresh one. `whole`: no page was left out, see `loadPages`. */
  load(reader: ByteReader, length: number, whole: boolean): void {
    const pages = Math.ceil(length / PAGE_ROWS)
    for (const page of loadPages(reader, pages, whole)) {
      while (this.#pages.length < page) this.#pages.push(this.#gone)
      const bytes = reader.raw(Math.min(PAGE_ROWS, length - page * PAGE_ROWS) * this.#gone.BYTES_PER_ELEMENT)
      new Uint8Array(this.#add().buffer).set(bytes)
    }
    while (this.#pages.length < pages) this.#pages.push(this.#gone)
    this.#length = length
  }

  #add(): T {
    const page = new this.#type(PAGE_ROWS)
    this.#pages.push(page)
    this.#held++
    return page
  }
}
