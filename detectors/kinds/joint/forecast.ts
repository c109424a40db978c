import type { CivilTime } from '#core/civil-time.ts'

import type { Rows } from '../rows.ts'
import { DAY, WEEK } from './place.ts'
import { Profile } from './profile.ts'
import type { Sample } from './sample.ts'

/** An expert that begins to speak is believed to be a little worse than the best. */
const NEWCOMER = 1.5
/** A single error counts up to so many standard deviations. */
const LOSS_CLIP = 8
/** The newest value is believed up to so many standard deviations from what was expected. */
const LAST_CLIP = 30
/** A mean that is further than so many standard deviations from the value has not come to it. */
const ARRIVED = 6
const TINY = 1e-12
/** The week is looked at when the day was proven better than a level, at this age. */
const PROVEN = 0.8
const WEEK_AFTER_MS = 36 * 60 * 60_000

/** Experts in the order of their columns. */
export const EXPERTS = ['last', 'recent', 'hour', 'day', 'level', 'week'] as const
const SIZE = EXPERTS.length
const [LAST, RECENT, HOUR, OF_DAY, LEVEL, OF_WEEK] = [0, 1, 2, 3, 4, 5]

/**
 * What to expect of a row: the newest value, means of five minutes, one and three hours, and profiles of the day and the week, weighted by
 * (best loss / own loss)⁴. Each says its own; `expected` and `reference` are of the last `ask`.
 */
export class Forecast {
  readonly #level
  readonly #loss
  readonly #day: Profile
  readonly #week: Profile
  readonly #predicted = new Float64Array(SIZE)
  #best = Infinity
  #most = 0
  expected = NaN
  /** What does not follow within the hour: the best of level, day and week. */
  reference = NaN

  constructor(rows: Rows) {
    this.#level = rows.column(Float64Array, 4)
    this.#loss = rows.column(Float32Array, SIZE)
    this.#day = new Profile(rows, DAY)
    this.#week = new Profile(rows, WEEK)
  }

  get pools(): readonly Rows[] {
    return [this.#day.pool, this.#week.pool]
  }

  /** Sets the time of what is asked. */
  set(time_ms: number, { day_ms, week_ms }: CivilTime): void {
    this.#day.now.set(time_ms, day_ms)
    this.#week.now.set(time_ms, week_ms)
  }

  forget(row: number): void {
    this.#day.forget(row)
    this.#week.forget(row)
  }

  /** The row has become a copy of another one: nothing of it is shared from here on. */
  part(row: number, from: Forecast, other: number): void {
    this.#day.part(row, from.#day, other)
    this.#week.part(row, from.#week, other)
  }

  begin(row: number, value: number): void {
    this.#level.data.fill(value, row * 4, row * 4 + 4)
  }

  level(row: number): number {
    return this.#level.data[row * 4 + 3]!
  }

  ask(row: number, count: number): void {
    const predicted = this.#predicted
    const levels = this.#level.data
    const at = row * 4
    predicted[LAST] = levels[at]!
    predicted[RECENT] = levels[at + 1]!
    predicted[HOUR] = levels[at + 2]!
    predicted[LEVEL] = levels[at + 3]!
    this.#day.ask(row)
    this.#week.ask(row)
    predicted[OF_DAY] = this.#day.expected
    predicted[OF_WEEK] = this.#week.expected
    this.#mix(row, count)
    this.reference = this.#refer(row)
  }

  /** Name of the expert believed most. */
  get best(): string {
    return EXPERTS[this.#most]!
  }

  #mix(row: number, count: number): void {
    const predicted = this.#predicted
    const loss = this.#loss.data
    const base = row * SIZE
    let best = Infinity
    for (let e = 0; e < SIZE; e++) {
      const own = loss[base + e]!
      if (!(own > 0 && own < best) || predicted[e] !== predicted[e]) continue
      best = own
      this.#most = e
    }
    this.#best = best
    let weights = 0
    let sum = 0
    for (let e = 0; e < SIZE; e++) {
      const own = loss[base + e]!
      if (predicted[e] !== predicted[e] || (own === 0 && count > 3)) continue
      const ratio = own > 0 ? best / own : 1
      const weight = ratio * ratio * ratio * ratio
      weights += weight
      sum += weight * predicted[e]!
    }
    this.expected = weights > 0 ? sum / weights : predicted[RECENT]!
  }

  /** The level, or a profile where it lost less. */
  #refer(row: number): number {
    const loss = this.#loss.data
    const base = row * SIZE
    const ofDay = loss[base + OF_DAY]!
    const ofWeek = loss[base + OF_WEEK]!
    let least = loss[base + LEVEL]!
    let best = LEVEL
    if (ofDay > 0 && ofDay < least && this.#predicted[OF_DAY] === this.#predicted[OF_DAY]) {
      least = ofDay
      best = OF_DAY
    }
    if (ofWeek > 0 && ofWeek < least && this.#predicted[OF_WEEK] === this.#predicted[OF_WEEK]) best = OF_WEEK
    return this.#predicted[best]!
  }

  /** By how much the profile of the day has moved in `passed_ms` up to now; 0 where it says no more than a level. */
  moved(row: number, passed_ms: number): number {
    const loss = this.#loss.data
    const base = row * SIZE
    if (!(loss[base + OF_DAY]! > 0 && loss[base + OF_DAY]! < loss[base + LEVEL]!)) return 0
    const by = this.#day.moved(row, passed_ms)
    return by === by ? by : 0
  }

  /** The newest value; means are still on the way after something that was far away. */
  near(row: number): number {
    return this.#level.data[row * 4]!
  }

  /** Everything is where the newest value is said to be. */
  settle(row: number, near: number): void {
    this.drift(row, near - this.#level.data[row * 4 + 1]!)
    this.#level.data[row * 4] = near
    this.#day.settle(row, near)
    this.#week.settle(row, near)
  }

  /** Levels move with the day. */
  drift(row: number, by: number): void {
    for (let at = row * 4; at < row * 4 + 4; at++) this.#level.data[at]! += by
  }

  /** Everything that is expected moves by as much. */
  shift(row: number, by: number): void {
    this.drift(row, by)
    this.#day.shift(row, by)
    this.#week.shift(row, by)
  }

  /**
   * The level of the last minutes is that of all that follow slowly; the value itself where that is still on the way to it: what is far away
   * is learned a step at a time. Of the sample is learned that it is so.
   */
  adopt(row: number, sample: Sample): void {
    const { value, scale } = sample
    const level = this.#level.data
    const at = row * 4
    if (Math.abs(value - level[at + 1]!) > ARRIVED * scale) level.fill(value, at, at + 2)
    const recent = level[at + 1]!
    level[at + 2] = recent
    level[at + 3] = recent
    this.#day.settle(row, recent)
    this.#week.settle(row, recent)
    sample.expected = value
    sample.clipped = value
  }

  learn(row: number, sample: Sample): void {
    const { clipped, expected, scale, value, young, pace } = sample
    this.#weigh(row, sample)
    const level = this.#level.data
    const at = row * 4
    const reach = LAST_CLIP * scale
    const far = value - expected
    level[at] = far > reach ? expected + reach : far < -reach ? expected - reach : value
    level[at + 1]! += (pace.fast > young ? pace.fast : young) * (clipped - level[at + 1]!)
    level[at + 2]! += (pace.middle > young ? pace.middle : young) * (clipped - level[at + 2]!)
    level[at + 3]! += (pace.slow > young ? pace.slow : young) * (clipped - level[at + 3]!)
    this.#day.learn(row, sample)
    if (this.#weekly(row, sample)) this.#week.learn(row, sample)
  }

  /** Whether the week is looked at. */
  #weekly(row: number, { age_ms }: Sample): boolean {
    if (this.#week.allocated(row)) return true
    if (age_ms <= WEEK_AFTER_MS) return false
    const loss = this.#loss.data
    const base = row * SIZE
    return loss[base + OF_DAY]! > 0 && loss[base + OF_DAY]! < PROVEN * loss[base + LEVEL]!
  }

  #weigh(row: number, { value, scale, young, pace }: Sample): void {
    const limit = LOSS_CLIP * scale
    const weight = pace.loss > young ? pace.loss : young
    const loss = this.#loss.data
    const base = row * SIZE
    const newcomer = this.#best < Infinity ? NEWCOMER * this.#best : 0
    for (let e = 0; e < SIZE; e++) {
      const predicted = this.#predicted[e]!
      if (predicted !== predicted) continue
      const far = Math.abs(value - predicted)
      const error = (far < limit ? far : limit) + TINY
      const old = loss[base + e]!
      loss[base + e] = old === 0 ? (error > newcomer ? error : newcomer) : old + weight * (error - old)
    }
  }
}
