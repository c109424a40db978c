import type { Rows } from '../rows.ts'

/** A row that rose so often, and never fell, only rises. */
const RISES = 120
/** It begins again where it falls to its least, or above it by no more than this share of how far it had risen. */
const NEAR = 0.1
const COUNT_MAX = 65_535

/** Knows rows that only rise, until they begin again: a counter, scored as it is, of a program that restarts. */
export class Reset {
  /** Since it fell last: what begins again sooner than that is judged. */
  readonly #rises
  readonly #least

  constructor(rows: Rows) {
    this.#rises = rows.column(Uint16Array)
    this.#least = rows.column(Float32Array)
  }

  begin(row: number, value: number): void {
    this.#least.data[row] = value
  }

  /** True where the row begins again. */
  step(row: number, value: number, before: number): boolean {
    const rises = this.#rises.data[row]!
    if (value >= before) {
      if (value > before && rises < COUNT_MAX) this.#rises.data[row] = rises + 1
      return false
    }
    const least = this.#least.data[row]!
    if (value < least) this.#least.data[row] = value
    this.#rises.data[row] = 0
    return rises >= RISES && value <= least + NEAR * (before - least)
  }
}
