import { Rows } from '../rows.ts'
import type { Sample } from './sample.ts'
import { Slots } from './slots.ts'

const DAY_MS = 86_400_000
/** A series that does not live this long never pays for a profile. */
const ALLOCATE_AFTER_MS = 30 * 60_000
/** The level of now against the profile follows in this time. */
const OFFSET_MS = 2 * 60 * 60_000
/** Most of the offset is taken out of what a slot learns: the rest lets the profile follow growth. */
const OFFSET_SHARE = 0.9
/** Samples further apart than a slot stand for this many slots at most. */
const FILL = 24
const COUNT_MAX = 65_535

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
 * What is usual at a time of the day or week: the mean of a slot over some periods, linear between slots, and the distance of now from
 * it. What comes in a slot is gathered first and joins its mean when the slot is over, so that it weighs the same at any cadence. A page of
 * state is allocated when a row asks for it and has lived half an hour.
 */
export class Profile {
  readonly #season: Season
  readonly #pages = new Rows()
  readonly #slots: Slots
  /** Page + 1; 0 while there is none. */
  readonly #page
  readonly #offset
  readonly #since_s
  /** Of the slot that is being gathered: which, how many samples, their mean. */
  readonly #slot
  readonly #count
  readonly #mean

  constructor(rows: Rows, season: Season) {
    this.#season = season
    this.#slots = new Slots(this.#pages, season.slots)
    this.#page = rows.column(Uint32Array)
    this.#offset = rows.column(Float64Array)
    this.#since_s = rows.column(Uint32Array)
    this.#slot = rows.column(Uint16Array)
    this.#count = rows.column(Uint16Array)
    this.#mean = rows.column(Float64Array)
  }

  get pool(): Rows {
    return this.#pages
  }

  forget(row: number): void {
    const page = this.#page.data[row]!
    if (page > 0) this.#pages.remove(page - 1)
  }

  /** The row has become a copy of another one: it gets a page of its own. */
  part(row: number, from: Profile, other: number): void {
    const page = from.#page.data[other]!
    if (page === 0) return
    const own = this.#pages.add()
    this.#pages.copy(own, from.#pages, page - 1)
    this.#page.data[row] = own + 1
  }

  allocated(row: number): boolean {
    return this.#page.data[row]! > 0
  }

  /** Without the offset, `into_ms` after the beginning of a day or week; NaN where nothing is known. */
  shape(row: number, time_ms: number, into_ms: number): number {
    const page = this.#page.data[row]! - 1
    const { period_ms, slots, middle, silent } = this.#season
    if (page < 0 || time_ms - this.#since_s.data[row]! * 1000 <= silent * period_ms) return NaN
    const position = this.#position(into_ms, middle)
    const here = Math.floor(position)
    const first = this.#at(row, page, here)
    const second = this.#at(row, page, here + 1 === slots ? 0 : here + 1)
    if (second !== second) return middle === 0 ? first : NaN
    return first + (position - here) * (second - first)
  }

  /** What to expect now, given the `shape` of now. */
  expect(row: number, shape: number): number {
    return shape + this.#offset.data[row]!
  }

  shift(row: number, by: number): void {
    this.#offset.data[row]! += by
  }

  /** Given the `shape` of now, the level of now is this. */
  adopt(row: number, shape: number, value: number): void {
    if (shape === shape) this.#offset.data[row] = value - shape
  }

  /** `into_ms` the period, with the `shape` of now, before. */
  learn(row: number, into_ms: number, shape: number, sample: Sample): void {
    const { time_ms, clipped: value, dt_ms, cadence_ms, age_ms, scale } = sample
    let page = this.#page.data[row]! - 1
    const at = Math.floor(this.#position(into_ms, 0))
    if (page < 0) {
      if (age_ms < ALLOCATE_AFTER_MS) return
      page = this.#pages.add()
      this.#page.data[row] = page + 1
      this.#since_s.data[row] = Math.max(0, Math.floor(time_ms / 1000))
      this.#slots.begin(page, value, scale)
      this.#slot.data[row] = at
      this.#count.data[row] = 0
    }
    if (this.#slot.data[row] !== at) {
      this.#close(row, page, cadence_ms)
      this.#slot.data[row] = at
    }
    let target = value
    if (shape === shape) {
      const offset = this.#offset.data[row]!
      const learned = offset + (dt_ms / (dt_ms + OFFSET_MS)) * (value - shape - offset)
      this.#offset.data[row] = learned
      target -= learned * OFFSET_SHARE
    }
    const count = Math.min(this.#count.data[row]! + 1, COUNT_MAX)
    this.#count.data[row] = count
    const mean = this.#mean.data[row]!
    this.#mean.data[row] = count === 1 ? target : mean + (target - mean) / count
  }

  /** The mean of a slot of past periods, in the first one of what was gathered so far; NaN where nothing is known. */
  #at(row: number, page: number, slot: number): number {
    const known = this.#slots.get(page, slot)
    if (known === known || slot !== this.#slot.data[row] || this.#count.data[row] === 0) return known
    return this.#mean.data[row]!
  }

  /** What was gathered joins the mean of its slot, weighed by how much of a usual period it is. */
  #close(row: number, page: number, cadence_ms: number): void {
    const count = this.#count.data[row]!
    if (count === 0) return
    this.#count.data[row] = 0
    const { period_ms, slots, memory } = this.#season
    const slot = this.#slot.data[row]!
    const slot_ms = period_ms / slots
    const periods = this.#slots.periods(page, slot)
    const before = Math.min(periods, memory - 1) * Math.max(1, Math.round(slot_ms / cadence_ms))
    const known = periods === 0 ? 0 : this.#slots.get(page, slot)
    const learned = known + (count / (count + before)) * (this.#mean.data[row]! - known)
    this.#slots.set(page, slot, learned, periods + 1)
    if (cadence_ms < 2 * slot_ms) return
    const fill = Math.min(FILL, Math.floor(cadence_ms / slot_ms))
    for (let j = 1; j < fill; j++) {
      const there = (slot + j) % slots
      this.#slots.set(page, there, learned, Math.max(1, this.#slots.periods(page, there)))
    }
  }

  /** In slots from the beginning of the period; `middle` slots back. */
  #position(into_ms: number, middle: number): number {
    const { period_ms, slots } = this.#season
    const position = (into_ms * slots) / period_ms - middle
    const wrapped = position < 0 ? position + slots : position
    return wrapped < slots ? wrapped : 0
  }
}
