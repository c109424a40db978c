import type { Rows } from '../rows.ts'
import type { Sample } from './sample.ts'

/** Sizes remembered of each side. */
const SLOTS = 3
/** Sizes are about the same within this, of their logarithms. */
const NEAR = 0.35
/** What came so often, never further apart than three days unless it comes on a day of the week at its hour, recurs; it is remembered for two weeks. */
const KNOWN = 3
const DAY_S = 86_400
const WEEK_S = 7 * DAY_S
const HOUR_S = 3600
/** In a young row already what came twice as often as the budget allowed since it began, but once at least. */
const BEYOND_BUDGET = 2
const APART_S = 3 * DAY_S
const FORGET_S = 14 * DAY_S
/** Times between two occasions and the next that differ by no more than this share are no chance: two make it known. */
const REGULAR = 0.05
/** What lasted no longer, and was back for some samples, may be a job of every day: that is assumed until another time between is known. */
const BRIEF_S = 30 * 60
const BACK = 3
/** Onsets closer than this are one occasion. */
const OCCASION_S = 6 * 3600
/** News again: after less than this share of the usual time between, though not at once. */
const OFTEN = 1 / 6
const AT_ONCE_S = 3600
/** Clearly larger than all before: by this, of its logarithm; though not on the way up of one of them, at once. */
const GROWN = 0.7
/** What an occasion weighs in the size and in the time between. */
const FOLLOW = 0.3
const COUNT_MAX = 255
const TINY = 1e-30

/**
 * Onsets of about the same size and side that come again and again, as backups, cleanings and batches do at times of
 * their own, reports from week to week. The first three occasions are news, two where the next comes after the same time again, one where it lasted some minutes and comes at the same hour of the next day; the
 * others are not, nor are smaller ones beside them, unless they come far more often than before. What is larger is another onset; what is clearly smaller is none while the occasion of a larger one lasts.
 */
export class Recurrence {
  /** Logarithm of a deviation in units of the row. */
  readonly #size
  /** In seconds, modulo 2³². */
  readonly #last_s
  /** In minutes: a fortnight at most; of one occasion 0, or what is assumed. */
  readonly #between_min
  /** Occasions; 0: the slot is free. */
  readonly #count
  #assumed = false

  constructor(rows: Rows) {
    this.#size = rows.column(Float32Array, 2 * SLOTS)
    this.#last_s = rows.column(Uint32Array, 2 * SLOTS)
    this.#between_min = rows.column(Uint16Array, 2 * SLOTS)
    this.#count = rows.column(Uint8Array, 2 * SLOTS)
  }

  /**
   * Remembers an onset, `deviation` from what was expected; true where it is no news. `allowed`: alarms that the budget
   * allowed since the row began.
   */
  usual(row: number, time_ms: number, deviation: number, allowed: number): boolean {
    const now_s = Math.floor(time_ms / 1000)
    const size = Math.log(Math.abs(deviation) + TINY)
    const base = (row * 2 + (deviation < 0 ? 1 : 0)) * SLOTS
    const larger = this.#larger(base, now_s, size)
    const at = this.#find(base, now_s, size)
    const count = this.#count.data[at]!
    const since_s = (now_s - this.#last_s.data[at]!) >>> 0
    this.#last_s.data[at] = now_s
    const between_s = this.#between_min.data[at]! * 60
    const regular = between_s > 0 && Math.abs(since_s - between_s) <= REGULAR * between_s
    this.#assumed = regular && count === 1
    const times = this.#assumed ? 1 : regular ? KNOWN - 1 : KNOWN
    const enough = Math.max(1, Math.min(times, BEYOND_BUDGET * allowed))
    const known = count >= enough || larger >= KNOWN
    if (count === 0) {
      this.#size.data[at] = size
      this.#count.data[at] = 1
      this.#between_min.data[at] = 0
      return known
    }
    this.#size.data[at]! += FOLLOW * (size - this.#size.data[at]!)
    const often = count > 1 && since_s > AT_ONCE_S && since_s < between_s * OFTEN
    if (since_s > OCCASION_S || often) {
      if (count < COUNT_MAX) this.#count.data[at] = count + 1
      const learned_s = count === 1 ? since_s : between_s + FOLLOW * (since_s - between_s)
      this.#between_min.data[at] = Math.round(learned_s / 60)
    } else if (count === 1) this.#between_min.data[at] = 0
    return known && !often
  }

  /** True where the last onset, if it was no news, is none only because one like it was brief, a day ago. */
  get assumed(): boolean {
    return this.#assumed
  }

  /** The row is back where it was before an onset. */
  passed(row: number, { time_ms, cadence_ms }: Pick<Sample, 'time_ms' | 'cadence_ms'>): void {
    const now_s = Math.floor(time_ms / 1000)
    const brief_s = BRIEF_S + (BACK * cadence_ms) / 1000
    for (let at = row * 2 * SLOTS; at < (row + 1) * 2 * SLOTS; at++) {
      const since_s = (now_s - this.#last_s.data[at]!) >>> 0
      if (this.#count.data[at] === 1 && since_s <= brief_s) this.#between_min.data[at] = DAY_S / 60
    }
  }

  /** Onsets up to about this deviation are no news, as if they had recurred: somebody said so. */
  told(row: number, time_ms: number, deviation: number): void {
    const now_s = Math.floor(time_ms / 1000)
    const size = Math.log(Math.abs(deviation) + TINY)
    const at = this.#find((row * 2 + (deviation < 0 ? 1 : 0)) * SLOTS, now_s, size)
    if (this.#count.data[at] === 0) this.#between_min.data[at] = 0
    this.#size.data[at] = size
    this.#last_s.data[at] = now_s
    this.#count.data[at] = Math.max(this.#count.data[at]!, KNOWN)
  }

  /** True where a deviation is about twice as large as all that are remembered of its side. */
  outgrown(row: number, time_ms: number, deviation: number): boolean {
    const now_s = Math.floor(time_ms / 1000)
    const size = Math.log(Math.abs(deviation) + TINY)
    const base = (row * 2 + (deviation < 0 ? 1 : 0)) * SLOTS
    let known = false
    for (let at = base; at < base + SLOTS; at++) {
      const since_s = (now_s - this.#last_s.data[at]!) >>> 0
      if (this.#count.data[at] === 0 || since_s > FORGET_S || this.#waits(at, since_s)) continue
      if (since_s < AT_ONCE_S || size < this.#size.data[at]! + GROWN) return false
      known = true
    }
    return known
  }

  /** It came too seldom to be known, and is nothing unless a week is over before the like comes again. */
  #waits(at: number, since_s: number): boolean {
    return this.#count.data[at]! < KNOWN && since_s > APART_S && since_s < WEEK_S - HOUR_S
  }

  /** Forgets what is over; occasions that are remembered of at least this size, Infinity where one of a larger lasts. */
  #larger(base: number, now_s: number, size: number): number {
    const count = this.#count.data
    let occasions = 0
    for (let at = base; at < base + SLOTS; at++) {
      const since_s = (now_s - this.#last_s.data[at]!) >>> 0
      if (since_s > (count[at]! < KNOWN ? WEEK_S + HOUR_S : FORGET_S)) count[at] = 0
      const beyond = this.#size.data[at]! - size
      const waits = this.#waits(at, since_s)
      if (waits && Math.abs(beyond) <= NEAR) count[at] = 0
      if (beyond >= 0 && !waits) occasions += count[at]!
      if (beyond > NEAR && count[at]! > 0 && since_s <= OCCASION_S) occasions = Infinity
    }
    return occasions
  }

  /** The slot of about this size; else one that is free, or the oldest, emptied. */
  #find(base: number, now_s: number, size: number): number {
    const count = this.#count.data
    let nearest = -1
    let distance = NEAR
    let oldest = base
    let oldest_s = -1
    for (let at = base; at < base + SLOTS; at++) {
      const since_s = (now_s - this.#last_s.data[at]!) >>> 0
      const unseen_s = count[at] === 0 ? Infinity : since_s
      if (unseen_s > oldest_s) {
        oldest_s = unseen_s
        oldest = at
      }
      const apart = Math.abs(size - this.#size.data[at]!)
      if (count[at] === 0 || apart > distance) continue
      distance = apart
      nearest = at
    }
    if (nearest >= 0) return nearest
    count[oldest] = 0
    return oldest
  }
}
