import type { CivilTime } from '#core/civil-time.ts'

import type { Rows } from '../rows.ts'
import { Cycle } from './cycle.ts'
import { Departure } from './departure.ts'
import { DAY, WEEK } from './place.ts'
import { Profile } from './profile.ts'
import type { Sample } from './sample.ts'

/** Columns that came last: of the cycle and of departures. */
export const LATE_COLUMNS = 3

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

/** Experts in the order of their columns; what the last one lost lies with it. */
export const EXPERTS = ['last', 'recent', 'hour', 'day', 'level', 'week', 'cycle'] as const
const [LAST, RECENT, HOUR, OF_DAY, LEVEL, OF_WEEK, OF_CYCLE] = [0, 1, 2, 3, 4, 5, 6]
const SIZE = OF_CYCLE

/**
 * What to expect of a row: the newest value, means of five minutes, one and three hours, and profiles of the day, the week and a cycle
 * that was found in it, weighted by (best loss / own loss)⁴. Each says its own; `expected` and `reference` are of the last `ask`.
 */
export class Forecast {
  readonly #level
  readonly #loss
  readonly #day: Profile
  readonly #week: Profile
  #departure!: Departure
  #cycle!: Cycle
  /** Of the row that was asked: what each says, and what it lost. */
  readonly #predicted = new Float64Array(EXPERTS.length)
  readonly #lost = new Float64Array(EXPERTS.length)
  #best = Infinity
  #most = 0
  expected = NaN
  /** What does not follow within the hour: the best of level, day, week and cycle. */
  reference = NaN
  /** The same without the cycle, of what was learned in past days. */
  settled = NaN
  #isCyclic = false

  constructor(rows: Rows) {
    this.#level = rows.column(Float64Array, 4)
    this.#loss = rows.column(Float32Array, SIZE)
    this.#day = new Profile(rows, DAY)
    this.#week = new Profile(rows, WEEK)
  }

  /** What came last has the last columns: to be called once, behind all others. */
  extend(rows: Rows): void {
    this.#cycle = new Cycle(rows)
    this.#departure = new Departure(rows)
  }

  get pools(): readonly Rows[] {
    return [this.#day.pool, this.#week.pool]
  }

  get latePools(): readonly Rows[] {
    return [...this.#cycle.pools, this.#departure.pool]
  }

  /** Sets the time of what is asked. */
  set(time_ms: number, { day_ms, week_ms }: CivilTime): void {
    this.#day.now.set(time_ms, day_ms)
    this.#week.now.set(time_ms, week_ms)
    this.#cycle.set(time_ms)
  }

  forget(row: number): void {
    this.#day.forget(row)
    this.#week.forget(row)
    this.#cycle.forget(row)
    this.#departure.end(row)
  }

  /** The row has become a copy of another one: nothing of it is shared from here on. */
  part(row: number, from: Forecast, other: number): void {
    this.#day.part(row, from.#day, other)
    this.#week.part(row, from.#week, other)
    this.#cycle.part(row, from.#cycle, other)
    this.#departure.leave(row)
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
    this.#cycle.ask(row)
    predicted[OF_CYCLE] = this.#cycle.expected
    predicted[OF_DAY] = this.#day.expected
    predicted[OF_WEEK] = this.#week.expected
    const lost = this.#lost
    for (let e = 0; e < SIZE; e++) lost[e] = this.#loss.data[row * SIZE + e]!
    lost[OF_CYCLE] = this.#cycle.loss(row)
    this.#refer()
    this.#mix(count)
  }

  /** Name of the expert believed most. */
  get best(): string {
    return EXPERTS[this.#most]!
  }

  #mix(count: number): void {
    const predicted = this.#predicted
    const lost = this.#lost
    let best = Infinity
    for (let e = 0; e <= OF_CYCLE; e++) {
      const own = lost[e]!
      if (!(own > 0 && own < best) || predicted[e] !== predicted[e]) continue
      best = own
      this.#most = e
    }
    this.#best = best
    let weights = 0
    let sum = 0
    for (let e = 0; e <= OF_CYCLE; e++) {
      const own = lost[e]!
      if (predicted[e] !== predicted[e] || (own === 0 && count > 3)) continue
      const ratio = own > 0 ? best / own : 1
      const weight = ratio * ratio * ratio * ratio
      weights += weight
      sum += weight * predicted[e]!
    }
    this.expected = weights > 0 ? sum / weights : predicted[RECENT]!
  }

  /** The level, or a profile where it lost less. A day that is only being learned follows too soon to be compared with. */
  #refer(): void {
    const predicted = this.#predicted
    const day = this.#isBetter(OF_DAY, LEVEL) ? OF_DAY : LEVEL
    const week = this.#isBetter(OF_WEEK, day) ? OF_WEEK : day
    this.settled = predicted[week === OF_DAY && !this.#day.isKnown ? LEVEL : week]!
    this.#isCyclic = this.#isBetter(OF_CYCLE, week)
    this.reference = predicted[this.#isCyclic && this.#cycle.isLong ? OF_CYCLE : week]!
  }

  /** How far what is expected may be off because it comes a little early or late. */
  edge(row: number, cadence_ms: number): number {
    return this.#isCyclic ? this.#cycle.edge(row, cadence_ms) : 0
  }

  #isBetter(profile: number, than: number): boolean {
    const own = this.#lost[profile]!
    return own > 0 && own < this.#lost[than]! && this.#predicted[profile] === this.#predicted[profile]
  }

  /** By how much the profile of the cycle or the day has moved in `passed_ms` up to now; 0 where neither says more than a level. */
  moved(row: number, passed_ms: number): number {
    const loss = this.#loss.data
    const level = loss[row * SIZE + LEVEL]!
    const ofDay = loss[row * SIZE + OF_DAY]!
    const ofCycle = this.#cycle.loss(row)
    const isDay = ofDay > 0 && ofDay < level
    const isCycle = ofCycle > 0 && ofCycle < (isDay ? ofDay : level)
    const by = isCycle ? this.#cycle.moved(row, passed_ms) : isDay ? this.#day.moved(row, passed_ms) : 0
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
    this.#cycle.settle(row, near)
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
    this.#cycle.shift(row, by)
    // No band is held any more.
    this.#departure.end(row)
  }

  /** The row leaves its band now; what it learns is undone where its level is adopted. */
  depart(row: number): void {
    this.#departure.begin(row, this.#day)
  }

  /** It is back in it. */
  arrive(row: number): void {
    this.#departure.end(row)
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
    this.#departure.undo(row, this.#day)
    this.#day.settle(row, recent)
    this.#week.settle(row, recent)
    this.#cycle.settle(row, recent)
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
    this.#cycle.learn(row, sample)
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
    const lost = this.#lost
    const newcomer = this.#best < Infinity ? NEWCOMER * this.#best : 0
    for (let e = 0; e <= OF_CYCLE; e++) {
      const predicted = this.#predicted[e]!
      if (predicted !== predicted) continue
      const far = Math.abs(value - predicted)
      const error = (far < limit ? far : limit) + TINY
      const old = lost[e]!
      lost[e] = old === 0 ? (error > newcomer ? error : newcomer) : old + weight * (error - old)
    }
    for (let e = 0; e < SIZE; e++) loss[row * SIZE + e] = lost[e]!
    if (this.#predicted[OF_CYCLE] === this.#predicted[OF_CYCLE]) this.#cycle.lose(row, lost[OF_CYCLE]!)
  }
}
