import type { Verdict } from '#core/score.ts'

import { Annex } from '../annex.ts'
import type { Rows } from '../rows.ts'
import type { Sample } from './sample.ts'

/** A level that lasts this long is the new normal. A young row, which knows little, gives in after its own age. */
export const ADOPT_MS = 2 * 60 * 60_000
const ADOPT_MIN_MS = 15 * 60_000
/** Before all samples. */
const AT_ONCE_MS = Number.MIN_VALUE
/** So many samples back inside are the end. */
const INSIDE = 3
/** Nothing is held, and the band is where the row came from whose level was adopted: that is known for as long as the row was there, a week at most. */
const LEFT = 255
const LEFT_MS = 7 * 86_400_000
/** The row came back to that: a level that is known is normal again soon. */
const RETURNING = 128
/** What began was not told, for the like of it was brief; where it lasts so long it is. */
const UNTOLD = 64
const LASTS_MS = 45 * 60_000
/** The level that was left had been adopted not long before: it is nowhere to go back to. */
const PASSING = 32
const FLAGS = RETURNING | UNTOLD | PASSING

/** The new level is the normal one; the row is back where it was; what was not told lasts; undefined while it is none of these. */
type Turn = 'adopted' | 'back' | 'lasts' | undefined

/**
 * The band that a row left when it became anomalous. It stays in place while values stay outside, although the
 * experts follow them: for people it is over when the series is back, or when the new level has lasted long enough. Then the band is
 * remembered for a while: a row that comes back into it has a level that was normal already, and soon is again.
 */
export class Held {
  /** A row has a place while something is held of it. */
  readonly #annex: Annex
  readonly #band
  readonly #until_ms
  readonly #phase

  constructor(rows: Rows) {
    this.#annex = new Annex(rows)
    const { places } = this.#annex
    /** Expected, lower, upper. */
    this.#band = places.column(Float64Array, 3)
    /** Below 0, until minus it: somebody insists that it is no new normal. */
    this.#until_ms = places.column(Float64Array)
    /** How many samples in a row are back inside, with `FLAGS` beside; `LEFT`. */
    this.#phase = places.column(Uint8Array)
  }

  get pool(): Rows {
    return this.#annex.places
  }

  /** Takes what is held in state from before 9, in which each row had a place. */
  restore({ band, until_ms, inside }: HeldBefore): void {
    for (const [row, until] of until_ms.entries()) {
      if (until === 0) continue
      const place = this.#annex.take(row)
      this.#band.data.set(band.subarray(row * 3, row * 3 + 3), place * 3)
      this.#until_ms.data[place] = until
      this.#phase.data[place] = inside[row]!
    }
  }

  /** Puts the held band into `out`, where one is; takes what `out` says where an alarm, one that waits, or the way back begins. */
  step(row: number, sample: Sample, alarm: boolean, out: Verdict): Turn {
    const { time_ms, value } = sample
    const place = this.#of(row)
    if (place < 0) {
      const outside = value > out.upper || value < out.lower
      if (outside && (alarm || sample.waits || this.returns(row, sample))) this.#begin(row, sample, out)
      else if (this.knows(row) && this.#isForgotten(this.#annex.of(row), sample)) this.#annex.drop(row)
      return undefined
    }
    const phase = this.#phase.data
    const flags = phase[place]! & FLAGS
    const until_ms = Math.abs(this.#until_ms.data[place]!)
    if (time_ms >= until_ms) {
      if (flags & (RETURNING | PASSING)) this.#annex.drop(row)
      else {
        phase[place] = LEFT
        this.#until_ms.data[place] = time_ms + Math.min(LEFT_MS, sample.age_ms)
      }
      return 'adopted'
    }
    const base = place * 3
    const band = this.#band.data
    const inside = this.#isWithin(place, value) ? phase[place]! - flags + 1 : 0
    phase[place] = inside + flags
    if (inside >= INSIDE) {
      this.#annex.drop(row)
      return 'back'
    }
    out.expected = band[base]!
    out.lower = band[base + 1]!
    out.upper = band[base + 2]!
    if (!(flags & UNTOLD) || inside > 0 || time_ms < until_ms - ADOPT_MS + LASTS_MS) return undefined
    phase[place] = flags - UNTOLD
    return 'lasts'
  }

  /** The row has become a copy of another one: nothing is held of it. */
  leave(row: number): void {
    this.#annex.leave(row)
  }

  release(row: number): void {
    this.#annex.drop(row)
  }

  /**
   * Where a band is held, no level is adopted before this time. The band is to be moved with the day meanwhile; half the way back
   * from `value` is back, since so old a band is no longer exact.
   */
  insist(row: number, until_ms: number, value: number): void {
    const place = this.#of(row)
    if (place < 0) return
    this.#until_ms.data[place] = -Math.max(Math.abs(this.#until_ms.data[place]!), until_ms)
    const band = this.#band.data
    const half = (band[place * 3]! + value) / 2
    band[place * 3 + 1] = Math.min(band[place * 3 + 1]!, half)
    band[place * 3 + 2] = Math.max(band[place * 3 + 2]!, half)
  }

  /** A band is held. */
  holds(row: number): boolean {
    return this.#of(row) >= 0
  }

  /**
   * True where a band is held that the value is not beyond on the side that is asked for: whatever experts say who have followed the row, it is
   * no news but the way back, or goes on away from there.
   */
  isBack(row: number, value: number, direction: 'up' | 'down' | 'both' = 'both'): boolean {
    const place = direction === 'both' ? -1 : this.#of(row)
    if (place < 0) return false
    return direction === 'up' ? value <= this.#band.data[place * 3 + 2]! : value >= this.#band.data[place * 3 + 1]!
  }

  /** True of the first sample on the way back from a level that was adopted into the band that was left for it. */
  returns(row: number, { time_ms, value, expected }: Sample): boolean {
    const place = this.#annex.of(row)
    if (place < 0 || this.#phase.data[place] !== LEFT || time_ms >= this.#until_ms.data[place]!) return false
    return this.#isWithin(place, value) && !this.#isWithin(place, expected)
  }

  /** A band is held, or is known from before a level was adopted. */
  knows(row: number): boolean {
    return this.#annex.of(row) >= 0
  }

  /** True where the band lies there for longer than values take to move with the day: somebody insists, or it was left. */
  isOld(row: number): boolean {
    const place = this.#annex.of(row)
    return place >= 0 && (this.#until_ms.data[place]! < 0 || this.#phase.data[place] === LEFT)
  }

  /** What is known of a row moves with the day. */
  move(row: number, by: number): void {
    const at = this.#annex.of(row) * 3
    if (at < 0) return
    for (let i = at; i < at + 3; i++) this.#band.data[i]! += by
  }

  /** Where a band is held, the next sample adopts its level. */
  yield(row: number): void {
    const place = this.#of(row)
    if (place >= 0) this.#until_ms.data[place] = AT_ONCE_MS
  }

  /** The place of what is held of a row; −1 where nothing is. */
  #of(row: number): number {
    const place = this.#annex.of(row)
    return place >= 0 && this.#phase.data[place] !== LEFT ? place : -1
  }

  /** The band that was left is known no longer: its time is over, or the row is there again. */
  #isForgotten(place: number, { time_ms, expected }: Sample): boolean {
    return time_ms >= this.#until_ms.data[place]! || this.#isWithin(place, expected)
  }

  #isWithin(place: number, value: number): boolean {
    return value >= this.#band.data[place * 3 + 1]! && value <= this.#band.data[place * 3 + 2]!
  }

  #begin(row: number, sample: Sample, { expected, lower, upper }: Verdict): void {
    const { time_ms, age_ms } = sample
    const left = this.#annex.of(row)
    const returns = this.returns(row, sample)
    const place = left >= 0 ? left : this.#annex.take(row)
    const adopt_ms = returns ? ADOPT_MIN_MS : Math.max(ADOPT_MIN_MS, Math.min(ADOPT_MS, age_ms))
    this.#until_ms.data[place] = time_ms + adopt_ms
    this.#phase.data[place] = returns ? RETURNING : (left >= 0 ? PASSING : 0) | (sample.waits ? UNTOLD : 0)
    this.#band.data[place * 3] = expected
    this.#band.data[place * 3 + 1] = lower
    this.#band.data[place * 3 + 2] = upper
  }
}

/** Columns that rows had. */
export interface HeldBefore {
  readonly band: Float64Array
  readonly until_ms: Float64Array
  readonly inside: Uint8Array
}
