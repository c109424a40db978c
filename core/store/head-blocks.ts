import { addressOf, type Arena, SLAB_WORDS, type Slab, slabOf, wordOf } from './arena.ts'
import type { Samples } from './chunk-codec.ts'

/** Samples of a full head, and so of a sealed chunk. */
export const CHUNK_SAMPLES = 120
/** A series begins small: many never get far. */
const FIRST_SAMPLES = 8
const SECOND_SAMPLES = 32
/** Wide histogram rows have shorter heads, so that a block and a sealed chunk always fit into a slab. */
const BLOCK_WORDS = SLAB_WORDS / 2

/** The largest head of a series of so many value columns. */
export function fullCapacity(columns: number): number {
  return Math.max(FIRST_SAMPLES, Math.min(CHUNK_SAMPLES, Math.floor(BLOCK_WORDS / (columns + 2))))
}

/** The size after `capacity`; 0 stands for no head. */
export function nextCapacity(capacity: number, columns: number): number {
  const wanted = capacity < FIRST_SAMPLES ? FIRST_SAMPLES : capacity < SECOND_SAMPLES ? SECOND_SAMPLES : CHUNK_SAMPLES
  return Math.min(wanted, fullCapacity(columns))
}

function wordsOf(capacity: number, columns: number): number {
  return 1 + capacity * (columns + 1) + Math.ceil(capacity / 8)
}

/**
 * Blocks of raw samples. A block is a word whose first half is the number of samples (stored last, with `Atomics.store`:
 * a reader sees whole samples only), then the times, then each value column, then a byte of stale flag a sample.
 */
export class HeadBlocks {
  readonly #arena: Arena
  readonly #free = new Map<number, number[]>()
  #slab = -1
  #used = SLAB_WORDS
  #bytes = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The address of an empty block; never 0. */
  allocate(capacity: number, columns: number): number {
    const words = wordsOf(capacity, columns)
    this.#bytes += words * 8
    const address = this.#free.get(words)?.pop() ?? this.#bump(words)
    Atomics.store(this.slab(address).i32, wordOf(address) * 2, 0)
    return address
  }

  release(address: number, capacity: number, columns: number): void {
    const words = wordsOf(capacity, columns)
    this.#bytes -= words * 8
    const free = this.#free.get(words)
    if (free === undefined) this.#free.set(words, [address])
    else free.push(address)
  }

  slab(address: number): Slab {
    return this.#arena.slab(slabOf(address))
  }

  length(address: number): number {
    return this.slab(address).i32[wordOf(address) * 2]!
  }

  publish(address: number, length: number): void {
    Atomics.store(this.slab(address).i32, wordOf(address) * 2, length)
  }

  /** The block as columns: views of its whole capacity. */
  view(address: number, capacity: number, columns: number): Samples {
    const { f64, u8 } = this.slab(address)
    const start = wordOf(address) + 1
    const end = start + capacity * (columns + 1)
    return {
      time_ms: f64.subarray(start, start + capacity),
      columns: Array.from({ length: columns }, (_, i) => {
        return f64.subarray(start + capacity * (i + 1), start + capacity * (i + 2))
      }),
      stale: u8.subarray(end * 8, end * 8 + capacity),
    }
  }

  #bump(words: number): number {
    if (this.#used + words > SLAB_WORDS) {
      this.#slab = this.#arena.take()
      // Word 0 stays empty, so that no address is 0.
      this.#used = 1
    }
    const address = addressOf(this.#slab, this.#used)
    this.#used += words
    return address
  }
}
