import { assert } from '../assert.ts'

/** Words of 8 bytes in a slab: 1 MiB. */
const SLAB_WORDS = 2 ** 17
const SLAB_SHIFT = 17
/** Up to here blocks have as many words as are asked for; above, a power of two. */
const EXACT_WORDS = 64

/** Longest block, in bytes: a slab. */
export const BLOCK_BYTES_MAX = SLAB_WORDS * 8

/** One SharedArrayBuffer seen as what its blocks hold. */
export interface Slab {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly u8: Uint8Array
}

/**
 * Small blocks out of slabs of shared memory, given back by those who took them, and given out again to the next that needs
 * as much. An address counts words over all slabs; 0 is none.
 */
export class WordBlocks {
  readonly #slabs: Slab[] = [newSlab()]
  /** First free block by its words; each holds the address of the next. */
  readonly #free = new Map<number, number>()
  /** Words of the last slab that were given out; word 0 of the first never is. */
  #used = 1
  #held = 0

  /** Bytes that are out. */
  get held(): number {
    return this.#held * 8
  }

  /** Bytes there are. */
  get bytes(): number {
    return this.#slabs.length * BLOCK_BYTES_MAX
  }

  slab(address: number): Slab {
    return this.#slabs[address >>> SLAB_SHIFT]!
  }

  /** A block of at least so many words, of unknown content. */
  take(words: number): number {
    const size = blockWords(words)
    assert(size <= SLAB_WORDS, `a block of ${words} words`)
    this.#held += size
    const free = this.#free.get(size)
    if (free !== undefined && free !== 0) {
      this.#free.set(size, this.slab(free).f64[wordOf(free)]!)
      return free
    }
    if (this.#used + size > SLAB_WORDS) {
      this.#cutRest()
      this.#slabs.push(newSlab())
      this.#used = 0
    }
    const address = (this.#slabs.length - 1) * SLAB_WORDS + this.#used
    this.#used += size
    return address
  }

  /** `words`: as it was taken. */
  give(address: number, words: number): void {
    const size = blockWords(words)
    this.#held -= size
    this.#put(address, size)
  }

  #put(address: number, size: number): void {
    this.slab(address).f64[wordOf(address)] = this.#free.get(size) ?? 0
    this.#free.set(size, address)
  }

  /** What is left of the last slab becomes free blocks. */
  #cutRest(): void {
    while (this.#used < SLAB_WORDS) {
      const left = SLAB_WORDS - this.#used
      const size = left <= EXACT_WORDS ? left : 2 ** (31 - Math.clz32(left))
      this.#put((this.#slabs.length - 1) * SLAB_WORDS + this.#used, size)
      this.#used += size
    }
  }
}

/** The slab of an address, and the word in it. */
export function slabOf(address: number): number {
  return address >>> SLAB_SHIFT
}

export function wordOf(address: number): number {
  return address & (SLAB_WORDS - 1)
}

function newSlab(): Slab {
  const buffer = new SharedArrayBuffer(SLAB_WORDS * 8)
  return { i32: new Int32Array(buffer), f64: new Float64Array(buffer), u8: new Uint8Array(buffer) }
}

function blockWords(words: number): number {
  return words <= EXACT_WORDS ? words : 2 ** (32 - Math.clz32(words - 1))
}
