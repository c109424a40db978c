import { Annex } from '../annex.ts'
import type { Rows } from '../rows.ts'
import type { Profile } from './profile.ts'

/** Slots of the day that are kept: what a row learns before a level of two hours is adopted, and what it was gathering. */
const SLOTS = 26

/**
 * What the day's profile said of the next two hours when a row left its band. Where its level is adopted, what was learned since is undone: it was
 * of the level and not of the time of the day, and would be missed there on the next days.
 */
export class Departure {
  readonly #annex: Annex
  readonly #first
  readonly #shapes

  constructor(rows: Rows) {
    this.#annex = new Annex(rows)
    this.#first = this.#annex.places.column(Uint16Array)
    this.#shapes = this.#annex.places.column(Float32Array, SLOTS)
  }

  get pool(): Rows {
    return this.#annex.places
  }

  /** The row leaves its band now. */
  begin(row: number, day: Profile): void {
    if (!day.allocated(row)) return
    const known = this.#annex.of(row)
    const place = known < 0 ? this.#annex.take(row) : known
    this.#first.data[place] = day.now.slot
    for (let i = 0; i < SLOTS; i++) this.#shapes.data[place * SLOTS + i] = day.shape(row, day.now.slot + i)
  }

  /** Its level is adopted. */
  undo(row: number, day: Profile): void {
    const place = this.#annex.of(row)
    if (place < 0) return
    const first = this.#first.data[place]!
    for (let i = 0; i < SLOTS; i++) day.put(row, first + i, this.#shapes.data[place * SLOTS + i]!)
    this.end(row)
  }

  /** It is back, or gone. */
  end(row: number): void {
    this.#annex.drop(row)
  }

  /** The row has become a copy of another one, without this. */
  leave(row: number): void {
    this.#annex.leave(row)
  }
}
