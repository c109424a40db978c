import { Rows } from './rows.ts'

/**
 * State that a row needs only for a time: a place for it is taken when that begins and given back when it is over. Places in use are
 * the first ones: what is held follows how many there are.
 */
export class Annex {
  /** Columns of what lies here are declared on them. */
  readonly places = new Rows()
  /** Place + 1; 0 while a row has none. */
  readonly #place
  readonly #row

  constructor(rows: Rows) {
    this.#place = rows.column(Uint32Array)
    this.#row = this.places.column(Uint32Array)
  }

  /** The place of a row, which may be another one after any `drop`; −1 where it has none. */
  of(row: number): number {
    return this.#place.data[row]! - 1
  }

  /** A place of zeros for a row that has none. */
  take(row: number): number {
    const place = this.places.add()
    this.#row.data[place] = row
    this.#place.data[row] = place + 1
    return place
  }

  drop(row: number): void {
    const place = this.of(row)
    if (place < 0) return
    this.#place.data[row] = 0
    const last = this.places.live - 1
    if (place !== last) {
      this.places.copy(place, this.places, last)
      this.#place.data[this.#row.data[place]!] = place + 1
    }
    this.places.pop()
  }

  /** The row has become a copy of another one, without what lies here. */
  leave(row: number): void {
    this.#place.data[row] = 0
  }

  /** The row has become a copy of another one: it gets a place of its own. */
  part(row: number, from: Annex, other: number): void {
    const place = from.of(other)
    if (place < 0) return
    const own = this.take(row)
    this.places.copy(own, from.places, place)
    this.#row.data[own] = row
  }
}
