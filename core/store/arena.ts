/** Words of 8 bytes in a slab: 1 MiB. */
export const SLAB_WORDS = 2 ** 17
export const SLAB_SHIFT = 17
const SLAB_BYTES = SLAB_WORDS * 8

/**
 * Memory in slabs of 1 MiB, each a SharedArrayBuffer that a worker can read in place. An address is a word (8 bytes) counted over all
 * slabs: `address >>> SLAB_SHIFT` is the slab, `address & (SLAB_WORDS - 1)` the word in it. Each slab is seen as what its blocks hold.
 */
export class Arena {
  readonly f64: Float64Array<SharedArrayBuffer>[] = []
  readonly u32: Uint32Array<SharedArrayBuffer>[] = []
  readonly u8: Uint8Array<SharedArrayBuffer>[] = []

  /** A new slab of zeros; its index. */
  add(): number {
    const buffer = new SharedArrayBuffer(SLAB_BYTES)
    this.f64.push(new Float64Array(buffer))
    this.u32.push(new Uint32Array(buffer))
    return this.u8.push(new Uint8Array(buffer)) - 1
  }

  get slabs(): number {
    return this.u8.length
  }

  /** What the process holds, used or not. */
  get bytes(): number {
    return this.u8.length * SLAB_BYTES
  }
}

export function slabOf(address: number): number {
  return address >>> SLAB_SHIFT
}

export function wordOf(address: number): number {
  return address & (SLAB_WORDS - 1)
}
