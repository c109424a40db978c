/** Words of 8 bytes in a slab: 1 MiB. */
export const SLAB_WORDS = 2 ** 17
const SLAB_SHIFT = 17

/** One SharedArrayBuffer seen as what its blocks hold. */
export interface Slab {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly u8: Uint8Array
}

/**
 * Gives out memory in slabs of 1 MiB, each a SharedArrayBuffer that a worker can read in place. An address is a word (8
 * bytes) counted over all slabs: `slabOf` and `wordOf` split it. Slabs that are given back are used again, not freed.
 */
export class Arena {
  readonly #slabs: Slab[] = []
  readonly #free: number[] = []

  /** Index of a slab of unknown content. */
  take(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    const buffer = new SharedArrayBuffer(SLAB_WORDS * 8)
    this.#slabs.push({ i32: new Int32Array(buffer), f64: new Float64Array(buffer), u8: new Uint8Array(buffer) })
    return this.#slabs.length - 1
  }

  give(slab: number): void {
    this.#free.push(slab)
  }

  slab(index: number): Slab {
    return this.#slabs[index]!
  }

  /** What the process holds, used or not. */
  get bytes(): number {
    return this.#slabs.length * SLAB_WORDS * 8
  }
}

export function slabOf(address: number): number {
  return address >>> SLAB_SHIFT
}

export function wordOf(address: number): number {
  return address & (SLAB_WORDS - 1)
}

export function addressOf(slab: number, word: number): number {
  return slab * SLAB_WORDS + word
}
