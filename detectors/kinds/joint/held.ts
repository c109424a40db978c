import type { Verdict } from '#core/score.ts'

import type { Rows } from '../rows.ts'
import type { Sample } from './sample.ts'

/** A level that lasts this long is the new normal. A young row, which knows little, gives in after its own age. */
const ADOPT_MS = 2 * 60 * 60_000
const ADOPT_MIN_MS = 15 * 60_000
/** Before all samples. */
const AT_ONCE_MS = Number.MIN_VALUE
/** So many samples back inside are the end. */
const INSIDE = 3

/**
 * The band that a row left when it became anomalous. It stays in place while values stay outside, although the
 * experts follow them: for people it is over when the series is back, or when the new level has lasted long enough.
 */
export class Held {
  readonly #band
  readonly #until_ms
  readonly #inside

  constructor(rows: Rows) {
    /** Expected, lower, upper. */
    this.#band = rows.column(Float64Array, 3)
    /** 0: nothing is held. Below 0, until minus it: somebody insists that it is no new normal. */
    this.#until_ms = rows.column(Float64Array)
    this.#inside = rows.column(Uint8Array)
  }

  /** Puts the held band into `out`, where one is; takes what `out` says where an alarm begins. True when a level is adopted. */
  step(row: number, { time_ms, value, age_ms }: Sample, alarm: boolean, out: Verdict): boolean {
    const until_ms = Math.abs(this.#until_ms.data[row]!)
    const outside = value > out.upper || value < out.lower
    if (until_ms === 0) {
      if (alarm && outside) this.#begin(row, time_ms + Math.max(ADOPT_MIN_MS, Math.min(ADOPT_MS, age_ms)), out)
      return false
    }
    if (time_ms >= until_ms) {
      this.#until_ms.data[row] = 0
      return true
    }
    const base = row * 3
    const band = this.#band.data
    const back = value >= band[base + 1]! && value <= band[base + 2]!
    const inside = back ? this.#inside.data[row]! + 1 : 0
    this.#inside.data[row] = inside
    if (inside >= INSIDE) this.#until_ms.data[row] = 0
    else {
      out.expected = band[base]!
      out.lower = band[base + 1]!
      out.upper = band[base + 2]!
    }
    return false
  }

  release(row: number): void {
    this.#until_ms.data[row] = 0
  }

  /**
   * Where a band is held, no level is adopted before this time. The band is to be moved with the day meanwhile; half the way back
   * from `value` is back, since so old a band is no longer exact.
   */
  insist(row: number, until_ms: number, value: number): void {
    const held_ms = Math.abs(this.#until_ms.data[row]!)
    if (held_ms === 0) return
    this.#until_ms.data[row] = -Math.max(held_ms, until_ms)
    const band = this.#band.data
    const half = (band[row * 3]! + value) / 2
    band[row * 3 + 1] = Math.min(band[row * 3 + 1]!, half)
    band[row * 3 + 2] = Math.max(band[row * 3 + 2]!, half)
  }

  /** A band is held. */
  holds(row: number): boolean {
    return this.#until_ms.data[row] !== 0
  }

  /**
   * True where a band is held that the value is not beyond on the side that is asked for: whatever experts say who have followed the row, it is
   * no news but the way back, or goes on away from there.
   */
  isBack(row: number, value: number, direction: 'up' | 'down' | 'both' = 'both'): boolean {
    if (direction === 'both' || !this.holds(row)) return false
    return direction === 'up' ? value <= this.#band.data[row * 3 + 2]! : value >= this.#band.data[row * 3 + 1]!
  }

  insisted(row: number): boolean {
    return this.#until_ms.data[row]! < 0
  }

  move(row: number, by: number): void {
    for (let at = row * 3; at < row * 3 + 3; at++) this.#band.data[at]! += by
  }

  /** Where a band is held, the next sample adopts its level. */
  yield(row: number): void {
    if (this.#until_ms.data[row] !== 0) this.#until_ms.data[row] = AT_ONCE_MS
  }

  #begin(row: number, until_ms: number, { expected, lower, upper }: Verdict): void {
    this.#until_ms.data[row] = until_ms
    this.#inside.data[row] = 0
    this.#band.data[row * 3] = expected
    this.#band.data[row * 3 + 1] = lower
    this.#band.data[row * 3 + 2] = upper
  }
}
