import { quantileOfSorted } from '../evaluate/kahan.ts'
import type { Window } from './window.ts'

/** The values of a window in order, from one window to the next: those that leave are taken out, those that come are put in. */
export class SortedWindow {
  readonly #value: Float64Array
  /** In order but for NaN, of which there are `#nans` beside. */
  #sorted = new Float64Array(16)
  #length = 0
  #nans = 0
  #from = 0
  #to = 0

  /** `value`: of all samples of the series. */
  constructor(value: Float64Array) {
    this.#value = value
  }

  /** By linear interpolation between closest ranks; NaN sorts lowest. */
  quantile(q: number, { from, to }: Window): number {
    this.#move(from, to)
    return quantileOfSorted(q, this.#sorted.subarray(0, this.#length), this.#nans)
  }

  #move(from: number, to: number): void {
    const moved = from - this.#from + (to - this.#to)
    // Sorting all is quicker where most of them are new.
    if (from < this.#from || to < this.#to || moved * 2 > to - from) this.#fill(from, to)
    else {
      for (let i = this.#from; i < from; i++) this.#takeOut(this.#value[i]!)
      for (let i = this.#to; i < to; i++) this.#putIn(this.#value[i]!)
    }
    this.#from = from
    this.#to = to
  }

  #fill(from: number, to: number): void {
    if (to - from > this.#sorted.length) this.#sorted = new Float64Array(2 * (to - from))
    this.#length = 0
    for (let i = from; i < to; i++) if (!Number.isNaN(this.#value[i])) this.#sorted[this.#length++] = this.#value[i]!
    this.#nans = to - from - this.#length
    this.#sorted.subarray(0, this.#length).sort()
  }

  #takeOut(value: number): void {
    if (Number.isNaN(value)) this.#nans--
    else this.#sorted.copyWithin(this.#find(value), this.#find(value) + 1, this.#length--)
  }

  #putIn(value: number): void {
    if (Number.isNaN(value)) {
      this.#nans++
      return
    }
    if (this.#length === this.#sorted.length) {
      const wider = new Float64Array(2 * this.#length)
      wider.set(this.#sorted)
      this.#sorted = wider
    }
    const at = this.#find(value)
    this.#sorted.copyWithin(at + 1, at, this.#length++)
    this.#sorted[at] = value
  }

  /** The first that is not less. */
  #find(value: number): number {
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sorted[middle]! < value) low = middle + 1
      else high = middle
    }
    return low
  }
}
