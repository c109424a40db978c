import { assert } from '#core/assert.ts'
import { ServiceError } from '#core/errors.ts'
import { joined } from '#core/store/part-writer.ts'

type Numbers = Float64Array | Float32Array | Uint32Array | Uint16Array | Uint8Array

/** A column of state: row `r` owns `data[r * width] … data[(r + 1) * width - 1]`. `data` is replaced when it grows. */
export interface Column<T extends Numbers> {
  data: T
  readonly width: number
}

const VERSION = 1
const HEADER_WORDS = 4
/** Up to so many rows room is made for half as many again, then for an eighth. */
const FAST_GROWTH = 256

const padded = (bytes: number): number => (bytes + 7) & ~7

/**
 * State as a structure of arrays that grows by rows. A removed row is zeroed and used again. Parts declare their
 * columns when they are made, always in the same order: the bytes of `save` know no names.
 */
export class Rows {
  readonly #columns: Column<Numbers>[] = []
  #free: number[] = []
  #used = 0
  #capacity = 0

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
    return this.bytesPerRow * this.#capacity
  }

  /** A row of zeros. */
  add(): number {
    const again = this.#free.pop()
    if (again !== undefined) return again
    if (this.#used === this.#capacity)
      this.#grow(Math.max(16, Math.ceil(this.#capacity * (this.#capacity < FAST_GROWTH ? 1.5 : 1.125))))
    return this.#used++
  }

  remove(row: number): void {
    for (const { data, width } of this.#columns) data.fill(0, row * width, (row + 1) * width)
    this.#free.push(row)
  }

  /** A row becomes what another is, of these rows or of others with the same columns. */
  copy(row: number, from: Rows, other: number): void {
    for (const [i, { data, width }] of this.#columns.entries())
      data.set(from.#columns[i]!.data.subarray(other * width, (other + 1) * width), row * width)
  }

  #grow(capacity: number): void {
    for (const column of this.#columns) {
      const larger = new (column.data.constructor as new (length: number) => Numbers)(capacity * column.width)
      larger.set(column.data)
      column.data = larger
    }
    this.#capacity = capacity
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
    this.#used = 0
    this.#grow(used)
    for (const { data } of this.#columns) data.fill(0)
    this.#used = used
    this.#free = [...new Uint32Array(own.buffer, HEADER_WORDS * 4, free)]
  }

  /**
   * Takes what `save` gave; throws `ServiceError('bad_data')` for another version or other columns. The last `added` columns may not
   * be in it: they are zeros then.
   */
  load(bytes: Uint8Array, added = 0): void {
    // A copy that starts at a multiple of 8, whatever the bytes were cut from (`slice` of a Buffer is none).
    const own = new Uint8Array(bytes)
    if (own.length < HEADER_WORDS * 4) throw new ServiceError('bad_data', 'detector state is cut short')
    const [version, used = 0, free = 0, columns] = new Uint32Array(own.buffer, 0, HEADER_WORDS)
    const missing = this.#columns.length - (columns ?? 0)
    if (version !== VERSION || (missing !== 0 && missing !== added)) {
      throw new ServiceError('bad_data', `detector state has version ${version}, ${columns} columns: not known`)
    }
    const sizes = this.#columns.slice(0, columns).map(({ data, width }) => used * width * data.BYTES_PER_ELEMENT)
    const head = padded((HEADER_WORDS + free) * 4)
    if (own.length !== head + sizes.reduce((sum, size) => sum + padded(size), 0)) {
      throw new ServiceError('bad_data', 'detector state has another length than its rows')
    }
    this.#free = [...new Uint32Array(own.buffer, HEADER_WORDS * 4, free)]
    this.#used = used
    this.#capacity = used
    let at = head
    for (const [i, column] of this.#columns.entries()) {
      const type = column.data.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => Numbers
      const size = sizes[i]
      column.data =
        size === undefined
          ? new type(new ArrayBuffer(used * column.width * column.data.BYTES_PER_ELEMENT), 0, used * column.width)
          : new type(own.buffer, at, used * column.width).slice()
      at += padded(size ?? 0)
    }
  }
}
