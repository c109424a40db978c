import { assert } from '../assert.ts'
import { addressOf, Arena, type Slab, SLAB_WORDS, slabOf, wordOf } from './arena.ts'

/** Up to here blocks have as many words as are asked for; above, a power of two. */
const EXACT_WORDS = 64

/** Longest block, in bytes: a slab. */
export const BLOCK_BYTES_MAX = SLAB_WORDS * 8

function blockWords(words: number): number {
  return words <= EXACT_WORDS ? words : 2 ** (32 - Math.clz32(words - 1))
}

/**
 * Small blocks of memory out of an arena, given back by those who took them, and given out again to the next that needs
 * as much. Address 0 is none.
 */
export class Blocks {
  readonly #arena: Arena
  /** First free block by its words; each holds the address of the next. */
  readonly #free = new Map<number, number>()
  #slab: number
  /** Word 0 of the first slab is never given out. */
  #used = 1
  #held = 0

  constructor(arena = new Arena()) {
    this.#arena = arena
    this.#slab = arena.take()
  }

  /** Bytes that are out. */
  get held(): number {
    return this.#held * 8
  }

  /** Bytes of the arena. */
  get bytes(): number {
    return this.#arena.bytes
  }

  slab(address: number): Slab {
    return this.#arena.slab(slabOf(address))
  }

  /** A block of at least so many words of 8 bytes, of unknown content. */
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
      this.#leave()
      this.#slab = this.#arena.take()
      this.#used = 0
    }
    const address = addressOf(this.#slab, this.#used)
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

  /** What is left of the slab becomes free blocks. */
  #leave(): void {
    while (this.#used < SLAB_WORDS) {
      const left = SLAB_WORDS - this.#used
      const size = left <= EXACT_WORDS ? left : 2 ** (31 - Math.clz32(left))
      this.#put(addressOf(this.#slab, this.#used), size)
      this.#used += size
    }
  }
}
