import { assert } from '#core/assert.ts'
import type { Part } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'

import type { RowBatch } from '../kind.ts'
import * as layout from './page.ts'
import { Page, type Shape } from './page.ts'

const { COUNTS, FIRST_ROWS, LATEST, MARKS, PAGE_BITS, PAGE_ROWS, STATE } = layout

/** Version 1 has no values that wait. */
const VERSION = 2
const HEADER_WORDS = 6

type Numbers = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array | Int16Array

/** A copy: `slice` of a Buffer is none, and its bytes may begin anywhere. */
const wordsOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(new Uint8Array(bytes).buffer)
const bytesOf = (data: Numbers): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/**
 * Rows in pages: growth copies nothing once the first page is whole, and what no row has touched stays memory that the
 * system never gave. A removed row is zeroed and used again.
 */
export class Pages {
  readonly list: Page[] = []
  readonly #shape: Shape
  #free: number[] = []
  #used = 0
  #order = new Int32Array(1)
  /** Where the samples of a page end in `#order`, while they are put there. */
  #ends = new Int32Array(1)

  constructor(shape: Shape) {
    this.#shape = shape
  }

  get live(): number {
    return this.#used - this.#free.length
  }

  get bytesPerRow(): number {
    const { window, slots } = this.#shape
    return 4 * STATE + 4 * COUNTS + 8 + MARKS + 4 * window + 4 * LATEST + 2 * slots
  }

  /** Of rows that are or were in use; what a page has beyond them was never touched. */
  get bytes(): number {
    return this.#used * this.bytesPerRow
  }

  of(row: number): Page {
    const page = this.list[row >> PAGE_BITS]
    assert(page !== undefined, `row ${row} does not exist`)
    return page
  }

  /** A row of zeros. */
  add(): number {
    const again = this.#free.pop()
    if (again !== undefined) return again
    if ((this.#used & (PAGE_ROWS - 1)) >= (this.list[this.#used >> PAGE_BITS]?.rows ?? 0)) this.#grow()
    this.list[this.#used >> PAGE_BITS]!.versions.touchAll()
    return this.#used++
  }

  remove(row: number): void {
    const page = this.of(row)
    const at = row & (PAGE_ROWS - 1)
    for (const [data, width] of this.#columns(page)) data.fill(0, at * width, (at + 1) * width)
    for (let slot = 0; slot < this.#shape.slots; slot++) page.season[slot * page.rows + at] = 0
    page.versions.touchAll()
    this.#free.push(row)
  }

  /** In which order to take a batch: page by page, the samples of a page as they come. Valid until the next call. */
  order({ length, row }: RowBatch): Int32Array {
    if (length > this.#order.length) this.#order = new Int32Array(length * 2)
    const order = this.#order
    if (this.list.length === 1) {
      for (let i = 0; i < length; i++) order[i] = i
      return order
    }
    const ends = this.#ends.length === this.list.length + 1 ? this.#ends : new Int32Array(this.list.length + 1)
    this.#ends = ends
    ends.fill(0)
    for (let i = 0; i < length; i++) ends[(row[i]! >> PAGE_BITS) + 1]!++
    for (let page = 1; page < ends.length; page++) ends[page]! += ends[page - 1]!
    for (let i = 0; i < length; i++) order[ends[row[i]! >> PAGE_BITS]!++] = i
    return order
  }

  /**
   * What a snapshot keeps, as views to be copied before the next sample: version, rows, free rows, window, slots, 0 (u32
   * each), the free rows, then page by page `state`, `counts`, `last_ms`, `marks`, `sorted`, `latest`, `season` of its rows in use. Of the season few
   * slots are written to from one snapshot to the next.
   */
  views(): Part[] {
    const { window, slots } = this.#shape
    const head = Uint32Array.of(VERSION, this.#used, this.#free.length, window, slots, 0, ...this.#free)
    const parts = (page: Page, i: number): Part[] => [
      ...this.#columnViews(page, i),
      ...this.#seasonViews(page, i).map((steady, slot) => ({
        steady,
        version: page.versions.of(slot),
        length: steady.length,
      })),
    ]
    return [bytesOf(head), ...this.list.flatMap(parts)]
  }

  /** Takes what `views` gave; throws `ServiceError('bad_data')` for another version or other sizes. */
  load(bytes: Uint8Array): void {
    if (bytes.length < HEADER_WORDS * 4) throw new ServiceError('bad_data', 'rolling state is cut short')
    const [version, used = 0, free = 0, window, slots] = wordsOf(bytes.subarray(0, HEADER_WORDS * 4))
    if ((version !== VERSION && version !== 1) || window !== this.#shape.window || slots !== this.#shape.slots) {
      throw new ServiceError(
        'bad_data',
        `rolling state has version ${version}, ${window} values, ${slots} slots: not known`,
      )
    }
    let at = (HEADER_WORDS + free) * 4
    const perRow = version === 1 ? this.bytesPerRow - 4 * LATEST : this.bytesPerRow
    if (bytes.length !== at + used * perRow) {
      throw new ServiceError('bad_data', 'rolling state has another length than its rows')
    }
    this.#free = [...wordsOf(bytes.subarray(HEADER_WORDS * 4, at))]
    this.list.length = 0
    for (this.#used = 0; this.#used < used; this.#used = Math.min(used, this.list.length * PAGE_ROWS)) this.#grow(used)
    for (const [i, page] of this.list.entries()) {
      const columns = this.#columnViews(page, i)
      if (version === 1) columns.pop()
      for (const part of [...columns, ...this.#seasonViews(page, i)]) {
        part.set(bytes.subarray(at, at + part.length))
        at += part.length
      }
    }
  }

  #columns(page: Page): readonly (readonly [Numbers, number])[] {
    const { window } = this.#shape
    return [
      [page.state, STATE],
      [page.counts, COUNTS],
      [page.last_ms, 1],
      [page.marks, MARKS],
      [page.sorted, window],
      [page.latest, LATEST],
    ]
  }

  /** Rows in use. */
  #rows(index: number): number {
    return Math.min(this.#used - index * PAGE_ROWS, PAGE_ROWS)
  }

  #columnViews(page: Page, index: number): Uint8Array[] {
    const rows = this.#rows(index)
    return this.#columns(page).map(([data, width]) => bytesOf(data.subarray(0, rows * width)))
  }

  #seasonViews(page: Page, index: number): Uint8Array[] {
    const rows = this.#rows(index)
    return Array.from({ length: this.#shape.slots }, (_, slot) =>
      bytesOf(page.season.subarray(slot * page.rows, slot * page.rows + rows)),
    )
  }

  /** Room for one row more, or for `wanted` rows in all; the first page grows until it is whole. */
  #grow(wanted = this.#used + 1): void {
    const first = this.list[0]
    if (first !== undefined && first.rows === PAGE_ROWS) {
      this.list.push(new Page(PAGE_ROWS, this.#shape))
      return
    }
    let rows = first === undefined ? FIRST_ROWS : first.rows * 4
    while (rows < wanted && rows < PAGE_ROWS) rows *= 4
    const page = new Page(rows, this.#shape)
    this.list[0] = page
    if (first === undefined) return
    for (const [i, [data]] of this.#columns(first).entries()) this.#columns(page)[i]![0].set(data)
    for (let slot = 0; slot < this.#shape.slots; slot++) {
      page.season.set(first.season.subarray(slot * first.rows, (slot + 1) * first.rows), slot * rows)
    }
  }
}
