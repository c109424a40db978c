import type { ByteReader, ByteWriter } from './bytes.ts'

/** Rows of a page. */
export const ROW_SHIFT = 12
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

  /** As it lies in memory, row after row. */
  save(writer: ByteWriter): void {
    for (let row = 0; row < this.#length; row += PAGE_ROWS) {
      writer.column(this.#pages[row >>> ROW_SHIFT]!.subarray(0, this.#length - row))
    }
  }

  /** Into a fresh one. */
  load(reader: ByteReader, length: number): void {
    for (let row = 0; row < length; row += PAGE_ROWS) {
      const bytes = reader.raw(Math.min(PAGE_ROWS, length - row) * this.#gone.BYTES_PER_ELEMENT)
      new Uint8Array(this.#add().buffer).set(bytes)
    }
    this.#length = length
  }

  #add(): T {
    const page = new this.#type(PAGE_ROWS)
    this.#pages.push(page)
    this.#held++
    return page
  }
}
