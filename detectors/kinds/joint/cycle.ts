import { Annex } from '../annex.ts'
import type { Rows } from '../rows.ts'
import { OFFSET_MS, type Season } from './place.ts'
import { Profile } from './profile.ts'
import type { Sample } from './sample.ts'
import { Search } from './search.ts'

/** A series younger than this is not searched. */
const SEARCH_AFTER_MS = 30 * 60_000
const SLOTS = 96
/** A day is no cycle, nor what is within this share of it: it has a profile of its own. */
const DAY_MS = 86_400_000
const DAY_SHARE = 0.06
/** What is shorter follows as soon as a level does, and is nothing that a mean could be compared with. */
const LONG_MS = 3 * 60 * 60_000
/** It is kept while what it expects is nearer than all others by this share, over a period; else it is gone after so many periods. */
const BETTER = 0.95
const STRIKES = 4
/** The distance of now is forgotten in this share of a period: slots take half a dozen to learn what is there all the time. */
const OFFSET = 0.5
/** How much of what the phase is off after a period is taken for the period's, and how much at once, as a share of it. */
const FOLLOW = 0.2
const FARTHEST = 0.01

type Turn = { -readonly [key in keyof Season]: Season[key] }

/**
 * What is usual at a point of a period that was found in the row itself, neither the day nor the week: a batch every hundred minutes, the
 * tide. The period follows what comes early or late (a phase-locked loop whose phase is measured by least squares along the slope of the profile).
 */
export class Cycle {
  readonly #search: Search
  readonly #annex: Annex
  /** Its period is that of the row that is asked. Properties in the order of other seasons: code that knows one kind of object is faster. */
  readonly #turn: Turn = { period_ms: 0.5, slots: SLOTS, memory: 6, middle: 0.5, silent: 1, offset_ms: 0.5 }
  readonly #profile: Profile
  readonly #period_ms
  /** When the period began that goes on. */
  readonly #since_ms
  /** Of that: distances along the slope, squares of slopes; what was lost, and what the best of the others did. */
  readonly #along
  readonly #slopes
  readonly #own
  readonly #others
  readonly #strikes
  readonly #loss
  #time_ms = NaN
  /** At the last `ask`; NaN where nothing is known. */
  expected = NaN

  constructor(rows: Rows) {
    this.#search = new Search(rows)
    this.#annex = new Annex(rows)
    const { places } = this.#annex
    this.#period_ms = places.column(Float64Array)
    this.#since_ms = places.column(Float64Array)
    this.#along = places.column(Float64Array)
    this.#slopes = places.column(Float64Array)
    this.#own = places.column(Float64Array)
    this.#others = places.column(Float64Array)
    this.#strikes = places.column(Uint8Array)
    this.#loss = places.column(Float32Array)
    this.#profile = new Profile(places, this.#turn)
  }

  get pools(): readonly Rows[] {
    return [this.#search.pool, this.#annex.places, this.#profile.pool]
  }

  /** Sets the time of what is asked. */
  set(time_ms: number): void {
    this.#time_ms = time_ms
  }

  forget(row: number): void {
    this.#search.forget(row)
    this.#end(row)
  }

  #end(row: number): void {
    const place = this.#annex.of(row)
    if (place < 0) return
    this.#profile.forget(place)
    this.#annex.drop(row)
  }

  part(row: number, from: Cycle, other: number): void {
    this.#search.part(row, from.#search, other)
    this.#annex.part(row, from.#annex, other)
    const place = this.#annex.of(row)
    if (place >= 0) this.#profile.part(place, from.#profile, from.#annex.of(other))
  }

  /** What was lost of late; 0 where nothing was expected yet. */
  loss(row: number): number {
    const place = this.#annex.of(row)
    return place < 0 ? 0 : this.#loss.data[place]!
  }

  lose(row: number, loss: number): void {
    this.#loss.data[this.#annex.of(row)] = loss
  }

  /** Of the row that was asked: its period is longer than a level remembers. */
  get isLong(): boolean {
    return this.#turn.period_ms > LONG_MS
  }

  /** What to expect now. */
  ask(row: number): void {
    const place = this.#turnTo(row)
    this.expected = NaN
    if (place < 0) return
    this.#profile.ask(place)
    this.expected = this.#profile.expected
  }

  /** By how much it has moved in `passed_ms` up to now; NaN where nothing is known. */
  moved(row: number, passed_ms: number): number {
    const place = this.#turnTo(row)
    return place < 0 ? NaN : this.#profile.moved(place, passed_ms)
  }

  /** By how much it moves in the time for which a sample or a slot stands: it may come that much early or late. */
  edge(row: number, cadence_ms: number): number {
    const place = this.#turnTo(row)
    const slot_ms = this.#turn.period_ms / SLOTS
    const reach_ms = cadence_ms > slot_ms ? cadence_ms : slot_ms
    const before = Math.abs(this.#profile.moved(place, reach_ms))
    const after = Math.abs(this.#profile.moved(place, -reach_ms))
    return before > after ? before : after
  }

  shift(row: number, by: number): void {
    const place = this.#annex.of(row)
    if (place >= 0) this.#profile.shift(place, by)
  }

  /** The level of now is this. */
  settle(row: number, level: number): void {
    const place = this.#turnTo(row)
    if (place >= 0) this.#profile.settle(place, level)
  }

  /** A sample for which it was asked before. */
  learn(row: number, sample: Sample): void {
    const place = this.#annex.of(row)
    if (place < 0) {
      if (sample.age_ms >= SEARCH_AFTER_MS) this.#look(row, sample)
      return
    }
    const { clipped, settled } = sample
    const { expected } = this
    if (expected === expected) {
      const { rise } = this.#profile.now
      const off = clipped - expected
      this.#along.data[place]! += rise * off
      this.#slopes.data[place]! += rise * rise
      this.#own.data[place]! += Math.abs(off)
      this.#others.data[place]! += Math.abs(clipped - settled)
    }
    this.#profile.learn(place, sample)
    const passed = Math.floor((sample.time_ms - this.#since_ms.data[place]!) / this.#period_ms.data[place]!)
    if (passed > 0) this.#close(row, place, passed)
  }

  /** The period of all that follows is that of the row. */
  #turnTo(row: number): number {
    const place = this.#annex.of(row)
    if (place < 0) return place
    const period_ms = this.#period_ms.data[place]!
    this.#turn.period_ms = period_ms
    this.#turn.offset_ms = OFFSET * period_ms < OFFSET_MS ? OFFSET * period_ms : OFFSET_MS
    this.#profile.now.set(this.#time_ms, (this.#time_ms - this.#since_ms.data[place]!) % period_ms)
    return place
  }

  #look(row: number, sample: Sample): void {
    const period_ms = this.#search.step(row, sample)
    if (!(period_ms > 0) || Math.abs(period_ms / DAY_MS - 1) < DAY_SHARE) return
    this.#search.forget(row)
    const place = this.#annex.take(row)
    this.#period_ms.data[place] = period_ms
    this.#since_ms.data[place] = sample.time_ms
  }

  /** A period is over: what of it was off says how long the next is, and whether there is one. */
  #close(row: number, place: number, passed: number): void {
    const period_ms = this.#period_ms.data[place]!
    this.#since_ms.data[place]! += passed * period_ms
    const slopes = this.#slopes.data[place]!
    if (slopes > 0 && passed === 1) {
      const late_ms = (-this.#along.data[place]! / slopes) * (period_ms / SLOTS)
      const most = FARTHEST * period_ms
      this.#period_ms.data[place]! += Math.max(-most, Math.min(most, FOLLOW * late_ms))
    }
    const worse = this.#own.data[place]! > BETTER * this.#others.data[place]!
    const strikes = this.#strikes.data[place]! + (worse ? 1 : -1)
    this.#strikes.data[place] = Math.max(0, strikes)
    for (const sum of [this.#along, this.#slopes, this.#own, this.#others]) sum.data[place] = 0
    if (strikes >= STRIKES) this.#end(row)
  }
}
