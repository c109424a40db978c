import type { SeriesId } from '../series.ts'

const NONE = -1

/** Objects by series, made when asked for, up to `2 ** bits`: of two whose ids share a place, the last. */
export class IdCache<T> {
  readonly #make: (id: SeriesId) => T
  readonly #shift: number
  readonly #ids: Int32Array
  readonly #objects: T[] = []

  constructor(bits: number, make: (id: SeriesId) => T) {
    this.#make = make
    this.#shift = 32 - bits
    this.#ids = new Int32Array(2 ** bits).fill(NONE)
  }

  get(id: SeriesId): T {
    const place = this.#placeOf(id)
    if (this.#ids[place] === id) return this.#objects[place]!
    const made = this.#make(id)
    this.#ids[place] = id
    this.#objects[place] = made
    return made
  }

  forget(id: SeriesId): void {
    const place = this.#placeOf(id)
    if (this.#ids[place] === id) this.#ids[place] = NONE
  }

  /** Series of one metric often lie the same number of ids apart; they must not share places for that. */
  #placeOf(id: SeriesId): number {
    return Math.imul(id, 0x9e3779b1) >>> this.#shift
  }
}
