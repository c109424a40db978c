/** Elements to begin with. */
const FIRST = 1024

/** Short arrays as parts of a long one, all of which are used again after `rewind`: their elements are what was last there. */
export class Strip {
  #numbers = new Float64Array(FIRST)
  #used = 0

  get length(): number {
    return this.#numbers.length
  }

  take(length: number): Float64Array {
    // What was handed out before keeps the array that it is part of.
    if (this.#used + length > this.#numbers.length) {
      this.#numbers = new Float64Array(Math.max(this.#numbers.length * 2, length))
      this.#used = 0
    }
    const from = this.#used
    this.#used += length
    return this.#numbers.subarray(from, this.#used)
  }

  rewind(): void {
    this.#used = 0
  }
}
