import type { Rows } from '../rows.ts'

const DAY_MS = 86_400_000
const SLOTS = 24
/** Believed before there is data: that each hour is like the others; worth three days. */
const PRIOR_DAYS = 3
const MEMORY_DAYS = 7
/** A neighbouring hour may be a little later than usual: so much of its scatter is expected, too. */
const NEIGHBOUR = 0.5
/** Quiet hours are judged as if they scattered by at least this share of the usual. */
const LEAST = 0.8
/** A single deviation counts up to so many times what is usual at its hour. */
const CLIP = 10
const COUNT_MAX = 65_535

/** How much a row scatters at an hour of the day, relative to its usual scatter. */
export class Hours {
  readonly #ratio
  readonly #count
  #hour = 0
  /** Of the cadence that was asked of last: samples of an hour, and what one weighs where the memory is full. */
  #cadence_ms = NaN
  #usual = 1
  #least = 0.5

  constructor(rows: Rows) {
    this.#ratio = rows.column(Float32Array, SLOTS)
    this.#count = rows.column(Uint16Array, SLOTS)
  }

  begin(row: number): void {
    this.#ratio.data.fill(1, row * SLOTS, (row + 1) * SLOTS)
  }

  /** Sets the time of what is asked. */
  set(day_ms: number): void {
    this.#hour = Math.floor((day_ms * SLOTS) / DAY_MS)
  }

  /** The factor on the usual scatter. */
  of(row: number): number {
    const ratio = this.#ratio.data
    const base = row * SLOTS
    const hour = this.#hour
    const before = NEIGHBOUR * ratio[base + (hour === 0 ? SLOTS - 1 : hour - 1)]!
    const after = NEIGHBOUR * ratio[base + (hour === SLOTS - 1 ? 0 : hour + 1)]!
    let most = ratio[base + hour]!
    if (before > most) most = before
    if (after > most) most = after
    return most > LEAST ? most : LEAST
  }

  /** `deviation`: in units of the usual scatter. */
  learn(row: number, deviation: number, cadence_ms: number): void {
    if (cadence_ms !== this.#cadence_ms) this.#reckon(cadence_ms)
    const at = row * SLOTS + this.#hour
    const count = this.#count.data[at]! + 1
    this.#count.data[at] = count < COUNT_MAX ? count : COUNT_MAX
    const usual = this.#usual
    const weight = count < usual * MEMORY_DAYS ? 1 / (count + usual * PRIOR_DAYS) : this.#least
    const ratio = this.#ratio.data[at]!
    const most = CLIP * (ratio > 1 ? ratio : 1)
    this.#ratio.data[at] = ratio + weight * ((deviation < most ? deviation : most) - ratio)
  }

  #reckon(cadence_ms: number): void {
    this.#cadence_ms = cadence_ms
    this.#usual = Math.max(1, Math.round(DAY_MS / SLOTS / cadence_ms))
    this.#least = 1 / (this.#usual * (MEMORY_DAYS + PRIOR_DAYS))
  }
}
