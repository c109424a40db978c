/** Words of 8 bytes in a slab: 1 MiB. */
export const SLAB_WORDS = 2 ** 17
export const SLAB_SHIFT = 17

interface Slab {
  readonly f64: Float64Array<SharedArrayBuffer>
  readonly u32: Uint32Array<SharedArrayBuffer>
  readonly u8: Uint8Array<SharedArrayBuffer>
}

function slabOn(buffer: SharedArrayBuffer): Slab {
  return { f64: new Float64Array(buffer), u32: new Uint32Array(buffer), u8: new Uint8Array(buffer) }
}

/**
 * Memory in slabs of 1 MiB, or of what it is made with, each a SharedArrayBuffer that a worker can read in place. An address is a word (8 bytes) counted over all
 * slabs: `address >>> SLAB_SHIFT` is the slab, `address & (SLAB_WORDS - 1)` the word in it. Each slab is seen as what its blocks hold.
 */
export class Arena {
  readonly f64: Float64Array<SharedArrayBuffer>[] = []
  readonly u32: Uint32Array<SharedArrayBuffer>[] = []
  readonly u8: Uint8Array<SharedArrayBuffer>[] = []
  readonly #slab_bytes: number
  /** What slabs are seen as that were given back. */
  readonly #none: Slab
  #given = 0

  /** `none`: what stands in the place of slabs that are given back. */
  constructor(slab_words = SLAB_WORDS, none = new SharedArrayBuffer(0)) {
    this.#slab_bytes = slab_words * 8
    this.#none = slabOn(none)
  }

  /** A new slab of zeros; its index. */
  add(): number {
    return this.#push(slabOn(new SharedArrayBuffer(this.#slab_bytes)))
  }

  /** So many slabs that were given back. */
  addGiven(count: number): void {
    for (let i = 0; i < count; i++) this.#push(this.#none)
    this.#given += count
  }

  /** A slab is given back, once and for all. */
  give(index: number): void {
    if (this.isGiven(index)) return
    const { f64, u32, u8 } = this.#none
    this.f64[index] = f64
    this.u32[index] = u32
    this.u8[index] = u8
    this.#given++
  }

  isGiven(index: number): boolean {
    return this.u8[index] === this.#none.u8
  }

  get slabs(): number {
    return this.u8.length
  }

  /** What the process holds, used or not. */
  get bytes(): number {
    return (this.u8.length - this.#given) * this.#slab_bytes
  }

  #push({ f64, u32, u8 }: Slab): number {
    this.f64.push(f64)
    this.u32.push(u32)
    return this.u8.push(u8) - 1
  }
}

export function slabOf(address: number): number {
  return address >>> SLAB_SHIFT
}

export function wordOf(address: number): number {
  return address & (SLAB_WORDS - 1)
}
