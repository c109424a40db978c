/** Words of 8 bytes in a slab: 1 MiB. */
export const SLAB_WORDS = 2 ** 17
export const SLAB_SHIFT = 17

/**
 * Memory in slabs of 1 MiB, or of what it is made with, each a SharedArrayBuffer that a worker can read in place. An address is a word (8 bytes) counted over all
 * slabs: `address >>> SLAB_SHIFT` is the slab, `address & (SLAB_WORDS - 1)` the word in it. Each slab is seen as what its blocks hold.
 */
export class Arena {
  readonly f64: Float64Array<SharedArrayBuffer>[] = []
  readonly u32: Uint32Array<SharedArrayBuffer>[] = []
  readonly u8: Uint8Array<SharedArrayBuffer>[] = []
  readonly #slab_bytes: number
  /** Slabs that stand for others. */
  #replaced = 0

  constructor(slab_words = SLAB_WORDS) {
    this.#slab_bytes = slab_words * 8
  }

  /** A new slab of zeros; its index. */
  add(): number {
    const buffer = new SharedArrayBuffer(this.#slab_bytes)
    this.f64.push(new Float64Array(buffer))
    this.u32.push(new Uint32Array(buffer))
    return this.u8.push(new Uint8Array(buffer)) - 1
  }

  /** A slab is given back; once and for all, what another holds stands in its place. */
  replace(index: number, by: SharedArrayBuffer): void {
    if (this.u8[index]!.buffer === by) return
    this.f64[index] = new Float64Array(by)
    this.u32[index] = new Uint32Array(by)
    this.u8[index] = new Uint8Array(by)
    this.#replaced++
  }

  get slabs(): number {
    return this.u8.length
  }

  /** What the process holds, used or not. */
  get bytes(): number {
    return (this.u8.length - this.#replaced) * this.#slab_bytes
  }
}

export function slabOf(address: number): number {
  return address >>> SLAB_SHIFT
}

export function wordOf(address: number): number {
  return address & (SLAB_WORDS - 1)
}
