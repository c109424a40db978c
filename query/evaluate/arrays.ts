/** An array of its own costs as much as filling some hundreds of elements: many are parts of a block. */
const BLOCK_BYTES = 1 << 17
/** A longer array is no part of a block: too much of it would stay unused. */
const LONGEST_BYTES = BLOCK_BYTES / 4
/** What is kept between queries, at most 32 MiB. */
const KEPT_BLOCKS = 256

/** Blocks of zeros that queries have done with, for the next ones: V8 looks through the whole heap when much was allocated outside it. */
export class BlockPool {
  readonly #free: ArrayBuffer[] = []

  take(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(BLOCK_BYTES)
  }

  /** So much of it may be other than zero. */
  give(block: ArrayBuffer, used: number): void {
    if (this.#free.length >= KEPT_BLOCKS) return
    new Uint8Array(block, 0, used).fill(0)
    this.#free.push(block)
  }
}

/** The arrays of one query: columns that its operators make of each other, and that are gone with it. */
export class QueryArrays {
  readonly #pool: BlockPool
  readonly #full: ArrayBuffer[] = []
  #block: ArrayBuffer | undefined
  #used = 0

  constructor(pool: BlockPool) {
    this.#pool = pool
  }

  /** Zeros. */
  numbers(length: number): Float64Array {
    const bytes = length * 8
    if (bytes > LONGEST_BYTES) return new Float64Array(length)
    const at = this.#reserve(bytes)
    return new Float64Array(this.#block!, at, length)
  }

  /** Zeros. */
  flags(length: number): Uint8Array {
    if (length > LONGEST_BYTES) return new Uint8Array(length)
    const at = this.#reserve((length + 7) & ~7)
    return new Uint8Array(this.#block!, at, length)
  }

  /** No array that was taken may be used any more. */
  release(): void {
    for (const block of this.#full) this.#pool.give(block, BLOCK_BYTES)
    this.#full.length = 0
    if (this.#block !== undefined) this.#pool.give(this.#block, this.#used)
    this.#block = undefined
  }

  #reserve(bytes: number): number {
    if (this.#block === undefined || this.#used + bytes > BLOCK_BYTES) {
      if (this.#block !== undefined) this.#full.push(this.#block)
      this.#block = this.#pool.take()
      this.#used = 0
    }
    const at = this.#used
    this.#used += bytes
    return at
  }
}
