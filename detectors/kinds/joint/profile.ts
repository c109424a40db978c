import { gain } from '#core/stats/ewma.ts'

import { Rows } from '../rows.ts'
import { Place, type Season } from './place.ts'
import type { Sample } from './sample.ts'
import { Slots } from './slots.ts'

/** A series that does not live this long never pays for a profile. */
const ALLOCATE_AFTER_MS = 30 * 60_000
/** Most of the offset is taken out of what a slot learns: the rest lets the profile follow growth. */
const OFFSET_SHARE = 0.9
/** Samples further apart than a slot stand for this many slots at most. */
const FILL = 24
const COUNT_MAX = 65_535
/** As many slots at either end of a first period say how far the row grew in it: evenly, where all lie on a line but for this share of that. */
const ENDS = 6
const STRAIGHT = 0.1

/**
 * What is usual at a time of the day or week: the mean of a slot over some periods, linear between slots, and the distance of now from
 * it. What comes in a slot is gathered first and joins its mean when the slot is over, so that it weighs the same at any cadence. A page of
 * state is allocated when a row asks for it and has lived half an hour.
 */
export class Profile {
  readonly #season: Season
  /** Where the time is that everything is asked of. */
  readonly now: Place
  readonly #then: Place
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
  /** Samples that a slot usually gathers at a cadence: of the cadence and slot that were asked of last. */
  #cadence_ms = NaN
  #slot_ms = NaN
  #usual = 1
  /** And what a sample weighs in the offset after a pause. */
  #dt_ms = NaN
  #offset_ms = NaN
  #weight = 0.5
  /** At the last `ask`; NaN where nothing is known. */
  expected = NaN
  /** Of the last look: it was known before this period. */
  isKnown = false

  constructor(rows: Rows, season: Season) {
    this.#season = season
    this.now = new Place(season)
    this.#then = new Place(season)
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

  /** What to expect now. */
  ask(row: number): void {
    this.#look(row, this.now)
    this.expected = this.now.shape + this.#offset.data[row]!
  }

  /** By how much the profile has moved in `passed_ms` up to now; NaN where nothing is known. */
  moved(row: number, passed_ms: number): number {
    const { period_ms } = this.#season
    const { time_ms, into_ms } = this.now
    this.#then.set(time_ms, (((into_ms - passed_ms) % period_ms) + period_ms) % period_ms)
    this.#look(row, this.#then)
    this.#look(row, this.now)
    return this.now.shape - this.#then.shape
  }

  /** What is usual in a slot, or one of the next period, without the offset; NaN where nothing is known. */
  shape(row: number, slot: number): number {
    return this.#slots.get(this.#page.data[row]! - 1, slot % this.#season.slots)
  }

  /** This is usual in a slot, if anything is; what is being gathered is given up. */
  put(row: number, slot: number, shape: number): void {
    const page = this.#page.data[row]! - 1
    const at = slot % this.#season.slots
    const periods = this.#slots.periods(page, at)
    if (periods > 0 && shape === shape) this.#slots.set(page, at, shape, periods)
    if (at === this.#slot.data[row]) this.#count.data[row] = 0
  }

  shift(row: number, by: number): void {
    this.#offset.data[row]! += by
  }

  /** The level of now is this. */
  settle(row: number, level: number): void {
    this.#look(row, this.now)
    const { shape } = this.now
    if (shape === shape) this.#offset.data[row] = level - shape
  }

  /** A sample for which it was asked before. */
  learn(row: number, sample: Sample): void {
    let page = this.#page.data[row]! - 1
    const at = this.now.slot
    if (page < 0) {
      if (sample.age_ms < ALLOCATE_AFTER_MS) return
      page = this.#begin(row, sample)
    }
    if (this.#slot.data[row] !== at) {
      if (this.#count.data[row]! > 0) this.#close(row, page, sample)
      this.#slot.data[row] = at
    }
    let target = sample.clipped
    const { shape } = this.now
    if (shape === shape) {
      const offset = this.#offset.data[row]!
      const learned = offset + this.#follow(sample.dt_ms) * (target - shape - offset)
      this.#offset.data[row] = learned
      target -= learned * OFFSET_SHARE
    }
    const before = this.#count.data[row]!
    const count = before < COUNT_MAX ? before + 1 : COUNT_MAX
    this.#count.data[row] = count
    if (count === 1) this.#mean.data[row] = target
    else this.#mean.data[row]! += (target - this.#mean.data[row]!) / count
  }

  /** What a sample weighs in the offset. */
  #follow(dt_ms: number): number {
    const { offset_ms } = this.#season
    if (dt_ms !== this.#dt_ms || offset_ms !== this.#offset_ms) {
      this.#dt_ms = dt_ms
      this.#offset_ms = offset_ms
      this.#weight = gain(dt_ms, offset_ms)
    }
    return this.#weight
  }

  #begin(row: number, { time_ms, clipped, scale }: Sample): number {
    const page = this.#pages.add()
    this.#page.data[row] = page + 1
    this.#since_s.data[row] = Math.max(0, Math.floor(time_ms / 1000))
    this.#slots.begin(page, clipped, scale)
    this.#slot.data[row] = this.now.slot
    this.#count.data[row] = 0
    return page
  }

  /** What is usual at a place, without the offset. */
  #look(row: number, place: Place): void {
    const page = this.#page.data[row]! - 1
    const { period_ms, silent } = this.#season
    if (page < 0 || place.time_ms - this.#since_s.data[row]! * 1000 <= silent * period_ms) place.shape = NaN
    else {
      this.isKnown = this.#slots.look(page, place)
      if (!this.isKnown) this.#lookYoung(row, page, place)
    }
  }

  /** The same in the first period, part of which was not seen yet. */
  #lookYoung(row: number, page: number, place: Place): void {
    const first = this.#at(row, page, place.from)
    const second = this.#at(row, page, place.to)
    const both = second === second
    place.rise = both ? second - first : 0
    if (both) place.shape = first + place.share * place.rise
    else place.shape = this.#season.middle === 0 ? first : NaN
  }

  /** The mean of a slot of past periods, in the first one of what was gathered so far; NaN where nothing is known. */
  #at(row: number, page: number, slot: number): number {
    const known = this.#slots.get(page, slot)
    if (known === known || slot !== this.#slot.data[row] || this.#count.data[row] === 0) return known
    return this.#mean.data[row]!
  }

  /** What was gathered joins the mean of its slot, weighed by how much of a usual period it is. */
  #close(row: number, page: number, { cadence_ms }: Sample): void {
    const count = this.#count.data[row]!
    this.#count.data[row] = 0
    const { memory, period_ms, slots } = this.#season
    const slot = this.#slot.data[row]!
    const periods = this.#slots.periods(page, slot)
    const slot_ms = period_ms / slots
    if (cadence_ms !== this.#cadence_ms || slot_ms !== this.#slot_ms) this.#reckon(cadence_ms, slot_ms)
    if (periods === 1) this.#level(row, page, slot, Math.max(1, Math.floor(cadence_ms / slot_ms)))
    const before = (periods < memory ? periods : memory - 1) * this.#usual
    const known = periods === 0 ? 0 : this.#slots.get(page, slot)
    const learned = known + (count / (count + before)) * (this.#mean.data[row]! - known)
    this.#slots.set(page, slot, learned, periods + 1)
    if (cadence_ms >= 2 * slot_ms) this.#fill(page, slot, learned, cadence_ms)
  }

  /**
   * The first period is over: where the row only grew, from its beginning to its end, what it learned is a line and no shape, and is taken out. `stride`:
   * slots for which a sample stands.
   */
  #level(row: number, page: number, slot: number, stride: number): void {
    const { slots } = this.#season
    if (this.#slots.periods(page, (slot + slots - stride) % slots) !== 1) return
    const width = Math.max(ENDS, 2 * stride)
    const first = this.#around(page, slot, width)
    const last = this.#around(page, slot - width, width)
    const grown = last - first
    let far = 0
    for (let i = 0; i < slots; i++)
      far += Math.abs(this.#slots.get(page, (slot + i) % slots) - first - (grown * i) / slots)
    const now = this.#mean.data[row]! + OFFSET_SHARE * this.#offset.data[row]!
    // Where it goes on from its beginning, an edge of every day stands there.
    if (!(far < STRAIGHT * slots * Math.abs(grown) && Math.abs(now - last) < Math.abs(now - first))) return
    for (let i = 0; i < slots; i++) {
      const at = (slot + i) % slots
      this.#slots.set(page, at, this.#slots.get(page, at) - (grown * i) / slots, 1)
    }
    this.#offset.data[row]! += grown
    this.#mean.data[row]! -= OFFSET_SHARE * grown
  }

  /** Of `width` slots from one on, around the end of the period; NaN where not all are known. */
  #around(page: number, from: number, width: number): number {
    const { slots } = this.#season
    let sum = 0
    for (let i = 0; i < width; i++) sum += this.#slots.get(page, (from + i + 2 * slots) % slots)
    return sum / width
  }

  #reckon(cadence_ms: number, slot_ms: number): void {
    this.#cadence_ms = cadence_ms
    this.#slot_ms = slot_ms
    this.#usual = Math.max(1, Math.round(slot_ms / cadence_ms))
  }

  /** Samples further apart than a slot stand for those between, too. */
  #fill(page: number, slot: number, value: number, cadence_ms: number): void {
    const fill = Math.min(FILL, Math.floor(cadence_ms / this.#slot_ms))
    for (let j = 1; j < fill; j++) {
      const there = (slot + j) % this.#season.slots
      this.#slots.set(page, there, value, Math.max(1, this.#slots.periods(page, there)))
    }
  }
}
