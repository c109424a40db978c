import { assert } from '../assert.ts'
import type { SeriesDefinition, SeriesId } from '../series.ts'
import { sharedColumn } from './grow.ts'
import type { Rows } from './postings.ts'

/** By the number that a row has of its kind. Order is part of the snapshot: only ever add at the end. */
export const KINDS: readonly SeriesDefinition['kind'][] = ['float', 'histogram', 'exponential', 'custom']
export const FLOAT = 0
export const HISTOGRAM = 1

const PAGE_SHIFT = 8
const PAGE_ROWS = 2 ** PAGE_SHIFT
const PAGE_MASK = PAGE_ROWS - 1

/** Columns of a page, one behind the other. */
const SET = 0
const SHAPE = PAGE_ROWS
const ABOUT = PAGE_ROWS * 2
const BOUNDS = PAGE_ROWS * 3
const COLUMNS = 4

/** `SHAPE`: labels in the low bits, then the kind, then what state the row is in. */
const SIZE_MASK = 0xffff
const KIND_SHIFT = 16
const KIND_MASK = 3
const KNOWN = 1 << 24
const ACTIVE = 1 << 25
const ASKED = 1 << 26

/** Most labels that a row can have. */
export const ROW_LABELS_MAX = SIZE_MASK

export interface Row {
  /** Address of the label set. */
  readonly set: number
  /** Labels in it. */
  readonly size: number
  /** Index into `KINDS`. */
  readonly kind: number
  readonly about: number
  readonly bounds: number
}

interface Page {
  readonly columns: Uint32Array
  known: number
}

/**
 * What is kept of each series by its id: 16 bytes. Ids count up for ever; a page of them whose series are all gone costs
 * nothing any more.
 */
export class SeriesRows implements Rows {
  readonly #pages: (Page | undefined)[] = []
  #length = 0
  #known = 0
  #active = 0

  /** Ids given so far. */
  get length(): number {
    return this.#length
  }

  /** Series there are. */
  get known(): number {
    return this.#known
  }

  get active(): number {
    return this.#active
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#pages.length * 8 + this.#pages.filter((page) => page !== undefined).length * PAGE_ROWS * COLUMNS * 4
  }

  /** The next id, not active. */
  add(row: Row): SeriesId {
    return this.put(this.#length, row)
  }

  /** An id behind all others, not active; those between are gone. */
  put(id: SeriesId, { set, size, kind, about, bounds }: Row): SeriesId {
    assert(id >= this.#length, `series ${id} was given before`)
    this.#length = id + 1
    this.#known++
    const index = id >>> PAGE_SHIFT
    const page = (this.#pages[index] ??= { columns: sharedColumn(PAGE_ROWS * COLUMNS), known: 0 })
    page.known++
    const at = id & PAGE_MASK
    page.columns[at + SET] = set
    page.columns[at + SHAPE] = size | (kind << KIND_SHIFT) | KNOWN
    page.columns[at + ABOUT] = about
    page.columns[at + BOUNDS] = bounds
    return id
  }

  /** Ids below `length` are given, even where they are gone. */
  skipTo(length: number): void {
    this.#length = Math.max(this.#length, length)
  }

  remove(id: SeriesId): void {
    const index = id >>> PAGE_SHIFT
    const page = this.#pages[index]!
    page.columns[(id & PAGE_MASK) + SHAPE] = 0
    this.#known--
    if (--page.known === 0) this.#pages[index] = undefined
  }

  /** Whether there is such a series. */
  has(id: SeriesId): boolean {
    return (this.#state(id) & KNOWN) !== 0
  }

  /** Whether there is any from `from` to before `to`, both at the beginning of a page. */
  hasAny(from: SeriesId, to: SeriesId): boolean {
    for (let page = from >>> PAGE_SHIFT; page < to >>> PAGE_SHIFT; page++)
      if (this.#pages[page] !== undefined) return true
    return false
  }

  isActive(id: SeriesId): boolean {
    return (this.#state(id) & ACTIVE) !== 0
  }

  setActive(id: SeriesId, active: boolean): void {
    this.#set(id, ACTIVE, active)
    this.#active += active ? 1 : -1
  }

  /** Whether it was asked for since it is not active any more. */
  wasAsked(id: SeriesId): boolean {
    return (this.#state(id) & ASKED) !== 0
  }

  setAsked(id: SeriesId, asked: boolean): void {
    this.#set(id, ASKED, asked)
  }

  set(id: SeriesId): number {
    return this.#columns(id)[(id & PAGE_MASK) + SET]!
  }

  size(id: SeriesId): number {
    return this.#columns(id)[(id & PAGE_MASK) + SHAPE]! & SIZE_MASK
  }

  kind(id: SeriesId): number {
    return (this.#columns(id)[(id & PAGE_MASK) + SHAPE]! >>> KIND_SHIFT) & KIND_MASK
  }

  about(id: SeriesId): number {
    return this.#columns(id)[(id & PAGE_MASK) + ABOUT]!
  }

  bounds(id: SeriesId): number {
    return this.#columns(id)[(id & PAGE_MASK) + BOUNDS]!
  }

  /** Those that are active, ascending. */
  allActive(): Uint32Array {
    const ids = new Uint32Array(this.#active)
    let length = 0
    for (const [index, page] of this.#pages.entries()) {
      if (page === undefined) continue
      for (let i = 0; i < PAGE_ROWS; i++) {
        if ((page.columns[i + SHAPE]! & ACTIVE) !== 0) ids[length++] = index * PAGE_ROWS + i
      }
    }
    return ids
  }

  /** Those that there are, ascending. */
  allKnown(): Uint32Array {
    const ids = new Uint32Array(this.#known)
    let length = 0
    for (const [index, page] of this.#pages.entries()) {
      if (page === undefined) continue
      for (let i = 0; i < PAGE_ROWS; i++) {
        if ((page.columns[i + SHAPE]! & KNOWN) !== 0) ids[length++] = index * PAGE_ROWS + i
      }
    }
    return ids
  }

  #columns(id: SeriesId): Uint32Array {
    return this.#pages[id >>> PAGE_SHIFT]!.columns
  }

  #state(id: SeriesId): number {
    return this.#pages[id >>> PAGE_SHIFT]?.columns[(id & PAGE_MASK) + SHAPE] ?? 0
  }

  #set(id: SeriesId, bit: number, on: boolean): void {
    const columns = this.#columns(id)
    const at = (id & PAGE_MASK) + SHAPE
    columns[at] = on ? columns[at]! | bit : columns[at]! & ~bit
  }
}
