import { assert } from '../assert.ts'
import { Arena, SLAB_WORDS, slabOf, wordOf } from './arena.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

/** Blocks up to so many words have every size; larger ones grow by an eighth. */
const EXACT_WORDS = 64
/** A block is not cut where less than this is left over. */
const LEAST_REST = 5
/** The largest block. */
export const BLOCK_WORDS = SLAB_WORDS / 2

const SIZES: readonly number[] = sizes()

function sizes(): number[] {
  const all = Array.from({ length: EXACT_WORDS }, (_, i) => i + 1)
  while (all.at(-1)! < BLOCK_WORDS) all.push(Math.min(BLOCK_WORDS, Math.ceil((all.at(-1)! * 9) / 8)))
  return all
}

function classOf(words: number): number {
  if (words <= EXACT_WORDS) return Math.max(0, words - 1)
  let low = EXACT_WORDS
  let high = SIZES.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (SIZES[middle]! < words) low = middle + 1
    else high = middle
  }
  return low
}

/** The words that a block for so many has. */
export function roomFor(words: number): number {
  return SIZES[classOf(words)]!
}

/** Gives out blocks of an arena's memory by size; what is given back is used again for its size. */
export class Blocks {
  readonly arena = new Arena()
  /** By class, the first free block; its first half word is the next one. 0 for none. */
  readonly #free = new Uint32Array(SIZES.length)
  #slab = -1
  #used = SLAB_WORDS
  #words = 0

  /** Of blocks in use. */
  get bytes(): number {
    return this.#words * 8
  }

  /** The address of a block of at least so many words, its content unknown; never 0. */
  allocate(words: number): number {
    const kind = classOf(words)
    const size = SIZES[kind]!
    assert(words <= size, `a block of ${words} words is too large`)
    this.#words += size
    if (this.#free[kind] !== 0) return this.#take(kind)
    const larger = kind < EXACT_WORDS ? this.#largerThan(kind) : undefined
    if (larger !== undefined) {
      const address = this.#take(larger)
      this.#put(address + size, larger - kind - 1)
      return address
    }
    if (this.#used + size > SLAB_WORDS) {
      this.#slab = this.arena.add()
      // Word 0 stays empty, so that no address is 0.
      this.#used = 1
    }
    const address = this.#slab * SLAB_WORDS + this.#used
    this.#used += size
    return address
  }

  /** Takes back a block that was asked for with so many words. */
  release(address: number, words: number): void {
    const kind = classOf(words)
    this.#words -= SIZES[kind]!
    this.#put(address, kind)
  }

  #take(kind: number): number {
    const address = this.#free[kind]!
    this.#free[kind] = this.arena.u32[slabOf(address)]![wordOf(address) * 2]!
    return address
  }

  #put(address: number, kind: number): void {
    this.arena.u32[slabOf(address)]![wordOf(address) * 2] = this.#free[kind]!
    this.#free[kind] = address
  }

  /** The smallest class with a free block whose rest is worth something. */
  #largerThan(kind: number): number | undefined {
    for (let larger = kind + LEAST_REST; larger < EXACT_WORDS; larger++) if (this.#free[larger] !== 0) return larger
    return undefined
  }

  save(writer: ByteWriter): void {
    writer.u32(this.arena.slabs)
    writer.u32(this.#used)
    writer.f64(this.#words)
    writer.column(this.#free)
    for (const [i, slab] of this.arena.u8.entries()) {
      writer.column(i === this.#slab ? slab.subarray(0, this.#used * 8) : slab)
    }
  }

  /** Into a fresh one. */
  load(reader: ByteReader): void {
    const slabs = reader.u32()
    this.#used = reader.u32()
    this.#words = reader.f64()
    this.#free.set(reader.integers(SIZES.length))
    this.#slab = slabs - 1
    for (let i = 0; i < slabs; i++) {
      const bytes = reader.raw((i === slabs - 1 ? this.#used : SLAB_WORDS) * 8)
      this.arena.u8[this.arena.add()]!.set(bytes)
    }
    if (slabs === 0) this.#used = SLAB_WORDS
  }
}
