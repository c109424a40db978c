/** Elements of a block: an array of its own costs as much as filling some hundreds of them. */
const BLOCK = 16_384

/**
 * Many short arrays of zeros as parts of few long ones. What is handed out is never handed out again; a block goes when nothing of it is
 * used any more. So it is for what lives as long as its neighbours do, and is never sent to another thread (its buffer is the whole block).
 */
export class Slab<T extends Float64Array | Uint8Array> {
  readonly #make: (length: number) => T
  #block: T
  #used = 0

  constructor(make: (length: number) => T) {
    this.#make = make
    this.#block = make(0)
  }

  take(length: number): T {
    if (length > BLOCK / 8) return this.#make(length)
    if (this.#used + length > this.#block.length) {
      this.#block = this.#make(BLOCK)
      this.#used = 0
    }
    const part = this.#block.subarray(this.#used, this.#used + length) as T
    this.#used += length
    return part
  }
}
