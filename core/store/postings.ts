import { grownShared, sharedColumn } from './grow.ts'
import { wordOf, type WordBlocks } from './word-blocks.ts'

/** Lists longer than this have memory of their own, which grows by a quarter; shorter ones lie in blocks of powers of two. */
const BLOCK_ROWS_MAX = 2 ** 14
const PAGE_ROWS = 2 ** 14
/** A list is written anew when this part of it is gone. */
const GONE = 1 / 4

const NO_ROWS = new Uint32Array(0)

/** Rows, and which of them are still there. */
export interface Rows {
  has(row: number): boolean
}

/**
 * For each label pair the rows that have it, ascending. Rows are only ever added behind; those that are gone stay in the
 * list until they are many.
 */
export class Postings {
  readonly #blocks: WordBlocks
  readonly #large = new Map<number, Uint32Array>()
  /** Of a list of one the row itself; else the address of its block. */
  #start = sharedColumn(64)
  #rows = sharedColumn(64)
  #gone = sharedColumn(64)

  constructor(blocks: WordBlocks) {
    this.#blocks = blocks
  }

  /** Bytes held, without those of the blocks. */
  get bytes(): number {
    let large = 0
    for (const rows of this.#large.values()) large += rows.byteLength
    return large + this.#start.byteLength * 3
  }

  reserve(pairs: number): void {
    if (pairs <= this.#start.length) return
    this.#start = grownShared(this.#start, pairs)
    this.#rows = grownShared(this.#rows, pairs)
    this.#gone = grownShared(this.#gone, pairs)
  }

  /** Rows of the pair, those that are gone included. */
  size(pair: number): number {
    return pair < this.#rows.length ? this.#rows[pair]! : 0
  }

  /** A view, valid until the next change. It may hold rows that are gone. */
  rows(pair: number): Uint32Array {
    const length = this.size(pair)
    if (length === 0) return NO_ROWS
    if (length === 1) return this.#start.subarray(pair, pair + 1)
    return this.#view(pair, length)
  }

  /** `row` is higher than every row of the pair. */
  add(pair: number, row: number): void {
    this.reserve(pair + 1)
    const length = this.#rows[pair]!
    if (length === 0) this.#start[pair] = row
    else if (length > BLOCK_ROWS_MAX) this.#large.set(pair, withRow(this.#large.get(pair)!, length, row))
    else {
      if (isPowerOfTwo(length)) this.#grow(pair, length)
      if (length === BLOCK_ROWS_MAX) this.#large.get(pair)![length] = row
      else if (length > 0) this.#put(this.#start[pair]!, length, row)
    }
    this.#rows[pair] = length + 1
  }

  /** One row of the pair is gone. Returns how many are in the list now. */
  remove(pair: number, there: Rows): number {
    const length = this.#rows[pair]!
    const gone = ++this.#gone[pair]!
    if (gone < length * GONE) return length
    const rows = this.rows(pair)
    const kept = rows.filter((row) => there.has(row))
    this.#free(pair, length)
    this.#gone[pair] = 0
    this.#rows[pair] = 0
    this.set(pair, kept)
    return kept.length
  }

  /** All rows of a pair that has none, ascending. */
  set(pair: number, rows: Uint32Array): void {
    const { length } = rows
    this.reserve(pair + 1)
    this.#rows[pair] = length
    if (length === 1) this.#start[pair] = rows[0]!
    else if (length > BLOCK_ROWS_MAX) this.#large.set(pair, withRoom(rows, length))
    else if (length > 1) {
      this.#start[pair] = this.#blocks.take(wordsFor(length))
      this.#view(pair, length).set(rows)
    }
  }

  #view(pair: number, length: number): Uint32Array {
    if (length > BLOCK_ROWS_MAX) return this.#large.get(pair)!.subarray(0, length)
    const address = this.#start[pair]!
    const { u8 } = this.#blocks.slab(address)
    return new Uint32Array(u8.buffer, wordOf(address) * 8, length)
  }

  #put(address: number, index: number, row: number): void {
    this.#blocks.slab(address).i32[wordOf(address) * 2 + index] = row
  }

  /** A list of so many, a power of two, gets the room of twice as many. */
  #grow(pair: number, length: number): void {
    const before = this.rows(pair)
    if (length === BLOCK_ROWS_MAX) {
      this.#large.set(pair, withRoom(before, length + 1))
      this.#blocks.give(this.#start[pair]!, wordsFor(length))
      return
    }
    const address = this.#blocks.take(wordsFor(length + 1))
    for (let i = 0; i < length; i++) this.#put(address, i, before[i]!)
    if (length > 1) this.#blocks.give(this.#start[pair]!, wordsFor(length))
    this.#start[pair] = address
  }

  #free(pair: number, length: number): void {
    if (length > BLOCK_ROWS_MAX) this.#large.delete(pair)
    else if (length > 1) this.#blocks.give(this.#start[pair]!, wordsFor(length))
  }
}

/** Two rows a word. */
function wordsFor(length: number): number {
  return Math.max(1, 2 ** (31 - Math.clz32(length - 1)))
}

function isPowerOfTwo(length: number): boolean {
  return (length & (length - 1)) === 0
}

function withRoom(rows: Uint32Array, length: number): Uint32Array {
  const larger = sharedColumn(Math.ceil((length * 1.25) / PAGE_ROWS) * PAGE_ROWS)
  larger.set(rows)
  return larger
}

function withRow(rows: Uint32Array, length: number, row: number): Uint32Array {
  const roomy = length < rows.length ? rows : withRoom(rows, length + 1)
  roomy[length] = row
  return roomy
}
