import { assert } from '#core/assert.ts'
import { ServiceError } from '#core/errors.ts'
import { joined } from '#core/store/part-writer.ts'

type Numbers = Float64Array | Float32Array | Uint32Array | Uint16Array | Uint8Array

/** A column of state: row `r` owns `data[r * width] … data[(r + 1) * width - 1]`. `data` is replaced when it grows. */
export interface Column<T extends Numbers> {
  data: T
  readonly width: number
}

/** A column that state from before has beside those of now, and where in it. */
export interface Gone {
  readonly at: number
  readonly type: Type
  readonly width: number
}

interface Type {
  readonly BYTES_PER_ELEMENT: number
  new (length: number): Numbers
  new (buffer: ArrayBufferLike, offset: number, length: number): Numbers
}

const VERSION = 1
const HEADER_WORDS = 4
/** Up to so many rows room is made for half as many again, of all columns at once; then for an eighth, a column at a time. */
const FAST_GROWTH = 256
const LEAST_CAPACITY = 16

const larger = (rows: number): number => Math.max(LEAST_CAPACITY, Math.ceil(rows * (rows < FAST_GROWTH ? 1.5 : 1.125)))
const padded = (bytes: number): number => (bytes + 7) & ~7

/**
 * State as a structure of arrays that grows by rows. A removed row is zeroed and used again. Parts declare their
 * columns when they are made, always in the same order: the bytes of `save` know no names.
 */
export class Rows {
  readonly #columns: Column<Numbers>[] = []
  #free: number[] = []
  #used = 0
  /** Rows that every column has room for. */
  #capacity = 0
  /** So many columns have room for more already. */
  #grown = 0

  column<T extends Numbers>(type: new (length: number) => T, width = 1): Column<T> {
    assert(this.#used === 0, 'columns are declared before the first row')
    const column: Column<T> = { data: new type(0), width }
    this.#columns.push(column)
    return column
  }

  /** Rows in use. */
  get live(): number {
    return this.#used - this.#free.length
  }

  get bytesPerRow(): number {
    return this.#columns.reduce((sum, { data, width }) => sum + data.BYTES_PER_ELEMENT * width, 0)
  }

  /** What is held, room for growth included. */
  get bytes(): number {
    return this.#columns.reduce((sum, { data }) => sum + data.byteLength, 0)
  }

  /** A row of zeros. */
  add(): number {
    const again = this.#free.pop()
    if (again !== undefined) return again
    if (this.#capacity >= FAST_GROWTH) this.#growAhead()
    if (this.#used === this.#capacity) this.#resize(larger(this.#capacity))
    return this.#used++
  }

  /**
   * A column with each of the last rows that there is room for: to copy all of a million rows in one turn would hold the event loop for long.
   */
  #growAhead(): void {
    const left = this.#columns.length - this.#grown
    if (left < this.#capacity - this.#used) return
    const capacity = larger(this.#capacity)
    this.#resizeColumn(this.#columns[this.#grown++]!, capacity)
    if (left > 1) return
    this.#capacity = capacity
    this.#grown = 0
  }

  remove(row: number): void {
    for (const { data, width } of this.#columns) data.fill(0, row * width, (row + 1) * width)
    this.#free.push(row)
  }

  /** The last row is gone, of rows none of which was removed; room for many more is given back. */
  pop(): void {
    assert(this.#free.length === 0 && this.#used > 0, 'the last row is in use')
    this.#used--
    for (const { data, width } of this.#columns) data.fill(0, this.#used * width, (this.#used + 1) * width)
    const enough = Math.max(LEAST_CAPACITY, 2 * this.#used)
    if (this.#capacity > 2 * enough) this.#resize(enough)
  }

  /** A row becomes what another is, of these rows or of others with the same columns. */
  copy(row: number, from: Rows, other: number): void {
    for (const [i, { data, width }] of this.#columns.entries())
      data.set(from.#columns[i]!.data.subarray(other * width, (other + 1) * width), row * width)
  }

  #resize(capacity: number): void {
    for (const column of this.#columns) this.#resizeColumn(column, capacity)
    this.#capacity = capacity
    this.#grown = 0
  }

  /** So many rows of zeros. */
  #begin(used: number): void {
    this.#used = 0
    // With them comes what the columns need to grow one by one.
    this.#resize(used < FAST_GROWTH ? used : used + this.#columns.length)
    this.#used = used
  }

  #resizeColumn(column: Column<Numbers>, capacity: number): void {
    const other = new (typeOf(column))(capacity * column.width)
    const { data } = column
    other.set(data.subarray(0, this.#used * column.width))
    column.data = other
    // Given back now: all of them at once, when they are collected, takes as long as to copy them did.
    ;(data.buffer as ArrayBuffer).transfer(0)
  }

  save(): Uint8Array {
    return joined(this.views())
  }

  /**
   * Version, rows, free rows, columns (u32 each), the free rows, then column by column; each part padded to 8 bytes. Columns are views
   * of the state.
   */
  views(): Uint8Array[] {
    const used = this.#used
    const head = Uint32Array.of(VERSION, used, this.#free.length, this.#columns.length, ...this.#free)
    const columns = this.#columns.map(({ data, width }) => data.subarray(0, used * width))
    return [head, ...columns].flatMap((data) => [
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      new Uint8Array(padded(data.byteLength) - data.byteLength),
    ])
  }

  /** Takes from what `save` gave, of whatever columns, only which rows are in use; they are rows of zeros. */
  loadPlaces(bytes: Uint8Array): void {
    const own = new Uint8Array(bytes)
    const [version, used = 0, free = 0] = new Uint32Array(own.buffer, 0, Math.min(own.length >> 2, HEADER_WORDS))
    if (version !== VERSION || own.length < (HEADER_WORDS + free) * 4) {
      throw new ServiceError('bad_data', 'detector state is cut short')
    }
    this.#begin(used)
    this.#free = [...new Uint32Array(own.buffer, HEADER_WORDS * 4, free)]
  }

  /**
   * Takes what `save` gave; throws `ServiceError('bad_data')` for another version or other columns. Any of the last `added` columns may
   * not be in it: they are zeros then. Of columns in it that are `gone`, given in ascending order, the data comes back.
   */
  load(bytes: Uint8Array, added = 0, gone: readonly Gone[] = []): Numbers[] {
    // A copy that starts at a multiple of 8, whatever the bytes were cut from (`slice` of a Buffer is none).
    const own = new Uint8Array(bytes)
    if (own.length < HEADER_WORDS * 4) throw new ServiceError('bad_data', 'detector state is cut short')
    const [version, used = 0, free = 0, columns] = new Uint32Array(own.buffer, 0, HEADER_WORDS)
    const missing = Math.min(added, Math.max(0, this.#columns.length + gone.length - columns!))
    const kept = this.#columns.slice(0, this.#columns.length - missing)
    const layout: Stored[] = kept.map((column) => ({ type: typeOf(column), width: column.width, column }))
    for (const column of gone) layout.splice(column.at, 0, column)
    if (version !== VERSION || columns !== layout.length) {
      throw new ServiceError('bad_data', `detector state has version ${version}, ${columns} columns: not known`)
    }
    const sizes = layout.map(({ type, width }) => used * width * type.BYTES_PER_ELEMENT)
    const head = padded((HEADER_WORDS + free) * 4)
    if (own.length !== head + sizes.reduce((sum, size) => sum + padded(size), 0)) {
      throw new ServiceError('bad_data', 'detector state has another length than its rows')
    }
    this.#begin(used)
    this.#free = [...new Uint32Array(own.buffer, HEADER_WORDS * 4, free)]
    const left: Numbers[] = []
    let at = head
    for (const [i, { type, width, column }] of layout.entries()) {
      const data = new type(own.buffer, at, used * width)
      if (column) column.data.set(data)
      else left.push(data)
      at += padded(sizes[i]!)
    }
    return left
  }
}

interface Stored extends Pick<Gone, 'type' | 'width'> {
  readonly column?: Column<Numbers>
}

const typeOf = ({ data }: Column<Numbers>): Type => data.constructor as unknown as Type
