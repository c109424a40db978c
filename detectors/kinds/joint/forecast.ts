import type { CivilTime } from '#core/civil-time.ts'
import { gain } from '#core/stats/ewma.ts'

import type { Rows } from '../rows.ts'
import { DAY, Profile, WEEK } from './profile.ts'
import type { Sample } from './sample.ts'

const FAST_MS = 5 * 60_000
const MIDDLE_MS = 60 * 60_000
const SLOW_MS = 3 * 60 * 60_000
/** An expert's loss is forgotten in this time. */
const LOSS_MS = 6 * 60 * 60_000
/** An expert that begins to speak is believed to be a little worse than the best. */
const NEWCOMER = 1.5
/** A single error counts up to so many standard deviations. */
const LOSS_CLIP = 8
/** The newest value is believed up to so many standard deviations from what was expected. */
const LAST_CLIP = 30
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
  readonly #civil: CivilTime
  readonly #level
  readonly #loss
  readonly #day: Profile
  readonly #week: Profile
  readonly #predicted = new Float64Array(SIZE)
  #dayShape = NaN
  #weekShape = NaN
  #best = Infinity
  #most = 0
  expected = NaN
  /** What does not follow within the hour: the best of level, day and week. */
  reference = NaN

  /** `civil`: set to the time of what is asked. */
  constructor(rows: Rows, civil: CivilTime) {
    this.#civil = civil
    this.#level = rows.column(Float64Array, 4)
    this.#loss = rows.column(Float32Array, SIZE)
    this.#day = new Profile(rows, DAY)
    this.#week = new Profile(rows, WEEK)
  }

  get pools(): readonly Rows[] {
    return [this.#day.pool, this.#week.pool]
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

  ask(row: number, time_ms: number, count: number): void {
    const predicted = this.#predicted
    const level = row * 4
    predicted[LAST] = this.#level.data[level]!
    predicted[RECENT] = this.#level.data[level + 1]!
    predicted[HOUR] = this.#level.data[level + 2]!
    predicted[LEVEL] = this.#level.data[level + 3]!
    this.#dayShape = this.#day.shape(row, time_ms, this.#civil.day_ms)
    this.#weekShape = this.#week.shape(row, time_ms, this.#civil.week_ms)
    predicted[OF_DAY] = this.#day.expect(row, this.#dayShape)
    predicted[OF_WEEK] = this.#week.expect(row, this.#weekShape)
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

  #refer(row: number): number {
    const loss = this.#loss.data
    const base = row * SIZE
    let least = loss[base + LEVEL]!
    let reference = this.#predicted[LEVEL]!
    for (const e of [OF_DAY, OF_WEEK]) {
      const own = loss[base + e]!
      if (!(own > 0 && own < least) || this.#predicted[e] !== this.#predicted[e]) continue
      least = own
      reference = this.#predicted[e]!
    }
    return reference
  }

  /** By how much the profile of the day has moved in `passed_ms` up to now; 0 where it says no more than a level. */
  moved(row: number, time_ms: number, passed_ms: number): number {
    const loss = this.#loss.data
    const base = row * SIZE
    if (!(loss[base + OF_DAY]! > 0 && loss[base + OF_DAY]! < loss[base + LEVEL]!)) return 0
    const now_ms = this.#civil.day_ms
    const before_ms = (((now_ms - passed_ms) % DAY.period_ms) + DAY.period_ms) % DAY.period_ms
    const by = this.#day.shape(row, time_ms, now_ms) - this.#day.shape(row, time_ms, before_ms)
    return by === by ? by : 0
  }

  /** The newest value; means are still on the way after something that was far away. */
  near(row: number): number {
    return this.#level.data[row * 4]!
  }

  /** Everything is where the newest value is said to be. */
  settle(row: number, time_ms: number, near: number): void {
    this.drift(row, near - this.#level.data[row * 4 + 1]!)
    this.#level.data[row * 4] = near
    this.#day.adopt(row, this.#day.shape(row, time_ms, this.#civil.day_ms), near)
    this.#week.adopt(row, this.#week.shape(row, time_ms, this.#civil.week_ms), near)
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

  /** The level of the last minutes is that of all that follow slowly. */
  adopt(row: number): void {
    const level = this.#level.data
    const at = row * 4
    const recent = level[at + 1]!
    level[at + 2] = recent
    level[at + 3] = recent
    this.#day.adopt(row, this.#dayShape, recent)
    this.#week.adopt(row, this.#weekShape, recent)
  }

  learn(row: number, sample: Sample): void {
    const { dt_ms, count, clipped, expected, scale, value, age_ms } = sample
    this.#weigh(row, sample)
    const level = this.#level.data
    const at = row * 4
    const reach = LAST_CLIP * scale
    const far = value - expected
    level[at] = far > reach ? expected + reach : far < -reach ? expected - reach : value
    level[at + 1]! += gain(dt_ms, FAST_MS, count) * (clipped - level[at + 1]!)
    level[at + 2]! += gain(dt_ms, MIDDLE_MS, count) * (clipped - level[at + 2]!)
    level[at + 3]! += gain(dt_ms, SLOW_MS, count) * (clipped - level[at + 3]!)
    this.#day.learn(row, this.#civil.day_ms, this.#dayShape, sample)
    const loss = this.#loss.data
    const base = row * SIZE
    const weekly = this.#weekShape === this.#weekShape
    const proven = loss[base + OF_DAY]! > 0 && loss[base + OF_DAY]! < PROVEN * loss[base + LEVEL]!
    if (weekly || this.#week.allocated(row) || (age_ms > WEEK_AFTER_MS && proven))
      this.#week.learn(row, this.#civil.week_ms, this.#weekShape, sample)
  }

  #weigh(row: number, { value, scale, dt_ms, count }: Sample): void {
    const limit = LOSS_CLIP * scale
    const weight = gain(dt_ms, LOSS_MS, count)
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
