import { Rows } from '../rows.ts'

const DAY_MS = 86_400_000
/** A series that does not live this long never pays for a profile. */
const ALLOCATE_AFTER_MS = 30 * 60_000
/** The level of now against the profile follows in this time. */
const OFFSET_MS = 2 * 60 * 60_000
/** Most of the offset is taken out of what a slot learns: the rest lets the profile follow growth. */
const OFFSET_SHARE = 0.9
/** Samples further apart than a slot stand for this many slots at most. */
const FILL = 24
const COUNT_MAX = 255

export interface Season {
  readonly period_ms: number
  readonly slots: number
  /** Periods that a slot remembers. */
  readonly memory: number
  /** Interpolate between the beginnings of slots (0) or their middles (0.5). */
  readonly middle: number
  /** Silent until this much of its first period is seen. */
  readonly silent: number
}

/** Profile of the day: five minutes a slot. */
export const DAY: Season = { period_ms: DAY_MS, slots: 288, memory: 6, middle: 0, silent: 0 }
/** Profile of the week: an hour a slot. */
export const WEEK: Season = { period_ms: 7 * DAY_MS, slots: 168, memory: 4, middle: 0.5, silent: 1.02 }

/**
 * What is usual at a time of the day or week (UTC): the mean of a slot over some periods, linear between slots, and the distance of now from
 * it. A page of state is allocated when a row asks for it and has lived half an hour.
 */
export class Profile {
  readonly #season: Season
  readonly #pages = new Rows()
  readonly #mean
  readonly #count
  /** Page + 1; 0 while there is none. */
  readonly #page
  readonly #offset
  readonly #since_ms

  constructor(rows: Rows, season: Season) {
    this.#season = season
    this.#mean = this.#pages.column(Float32Array, season.slots)
    this.#count = this.#pages.column(Uint8Array, season.slots)
    this.#page = rows.column(Uint32Array)
    this.#offset = rows.column(Float64Array)
    this.#since_ms = rows.column(Float64Array)
  }

  get pool(): Rows {
    return this.#pages
  }

  forget(row: number): void {
    const page = this.#page.data[row]!
    if (page > 0) this.#pages.remove(page - 1)
  }

  allocated(row: number): boolean {
    return this.#page.data[row]! > 0
  }

  /** Without the offset; NaN where nothing is known. */
  shape(row: number, time_ms: number): number {
    const page = this.#page.data[row]! - 1
    const { period_ms, slots, middle, silent } = this.#season
    if (page < 0 || time_ms - this.#since_ms.data[row]! <= silent * period_ms) return NaN
    const base = page * slots
    const position = this.#position(time_ms, middle)
    const here = Math.floor(position)
    const next = here + 1 === slots ? 0 : here + 1
    const mean = this.#mean.data
    const count = this.#count.data
    if (count[base + here] === 0) return NaN
    if (count[base + next] === 0) return middle === 0 ? mean[base + here]! : NaN
    return mean[base + here]! + (position - here) * (mean[base + next]! - mean[base + here]!)
  }

  /** What to expect now, given the `shape` of now. */
  expect(row: number, shape: number): number {
    return shape + this.#offset.data[row]!
  }

  /** `shape`: of now, before. `age_ms`: of the row. */
  learn(
    row: number,
    time_ms: number,
    value: number,
    { shape, dt_ms, cadence_ms, age_ms }: { shape: number; dt_ms: number; cadence_ms: number; age_ms: number },
  ): void {
    if (this.#page.data[row] === 0) {
      if (age_ms < ALLOCATE_AFTER_MS) return
      this.#page.data[row] = this.#pages.add() + 1
      this.#since_ms.data[row] = time_ms
    }
    const { period_ms, slots, memory } = this.#season
    if (shape === shape) {
      const offset = this.#offset.data[row]!
      this.#offset.data[row] = offset + (dt_ms / (dt_ms + OFFSET_MS)) * (value - shape - offset)
    }
    const base = (this.#page.data[row]! - 1) * slots
    const at = Math.floor(this.#position(time_ms, 0))
    const mean = this.#mean.data
    const count = this.#count.data
    const seen = count[base + at]!
    const slot_ms = period_ms / slots
    const full = memory * Math.max(1, Math.round(slot_ms / cadence_ms))
    const weight = 1 / (seen < COUNT_MAX ? Math.min(seen + 1, full) : full)
    const target = shape === shape ? value - this.#offset.data[row]! * OFFSET_SHARE : value
    const learned = seen === 0 ? value : mean[base + at]! + weight * (target - mean[base + at]!)
    mean[base + at] = learned
    if (seen < COUNT_MAX) count[base + at] = seen + 1
    if (cadence_ms < 2 * slot_ms) return
    const fill = Math.min(FILL, Math.floor(cadence_ms / slot_ms))
    for (let j = 1; j < fill; j++) {
      const there = base + ((at + j) % slots)
      mean[there] = learned
      if (count[there] === 0) count[there] = 1
    }
  }

  /** In slots from the beginning of the period; `middle` slots back. */
  #position(time_ms: number, middle: number): number {
    const { period_ms, slots } = this.#season
    const slot_ms = period_ms / slots
    const into_ms = (time_ms - middle * slot_ms) % period_ms
    const position = (into_ms < 0 ? into_ms + period_ms : into_ms) / slot_ms
    return position < slots ? position : 0
  }
}
