import { gain } from '#core/stats/ewma.ts'

import type { PanelSample } from './panel-sample.ts'
import type { Rows } from './rows.ts'

const SLOW_MS = 24 * 60 * 60_000
const FAST_MS = 60 * 60_000
/** Mean absolute deviation of a Gaussian is 0.798 of its standard deviation. */
const TO_SIGMA = 1.2533
/** Before data, values are believed to scatter by this share of the level; worth two samples. */
const PRIOR_SHARE = 0.05
/** Deviations under this share of the level concern nobody. */
const LEVEL_SHARE = 0.003
/** Of the resolution: a step of one is four floors. */
const STEP_SHARE = 0.25
/** A series that never moved is believed to be that still only with time; this is half way. */
const STILL_MS = 2 * 60 * 60_000
/** For a still series that leaves the whole numbers: ratios begin at 0 and then are percents. */
const STILL_FRACTION = 0.02
const LEVEL_MS = 60 * 60_000
const HOUR_MS = 60 * 60_000
/** Resolution found smaller is taken at once; larger only slowly, by this factor a move. */
const STEP_GROWTH = 1.01
/** Moves smaller than this share of the value are the noise of floating point. */
const FLOAT_NOISE = 1e-9
const TINY = 1e-300

/**
 * How far the values of a row scatter around what was expected: the larger of a fast and a slow mean absolute residual,
 * and never under a floor that knows the level and the resolution of the data.
 */
export class Scale {
  readonly #slow
  readonly #fast
  readonly #level
  readonly #last
  readonly #step
  readonly #first_ms
  readonly #count
  readonly #judged
  readonly #fractional

  constructor(rows: Rows) {
    this.#slow = rows.column(Float64Array)
    this.#fast = rows.column(Float64Array)
    this.#level = rows.column(Float64Array)
    this.#last = rows.column(Float64Array)
    this.#step = rows.column(Float64Array)
    this.#first_ms = rows.column(Float64Array)
    this.#count = rows.column(Uint32Array)
    this.#judged = rows.column(Uint32Array)
    /** 1 once a value that is no whole number was seen. */
    this.#fractional = rows.column(Uint8Array)
  }

  /** Standard deviation to judge `value` by; `spread`: of the expert's own window, NaN where it has none. */
  of(row: number, time_ms: number, value: number, spread: number): number {
    const own = spread >= 0 ? spread : Math.max(this.#slow.data[row]!, this.#fast.data[row]!)
    return Math.max(own, this.#floor(row, time_ms, value), TINY)
  }

  #floor(row: number, time_ms: number, value: number): number {
    const share = LEVEL_SHARE * this.#level.data[row]!
    const step = this.#step.data[row]!
    if (step > 0) return Math.max(share, STEP_SHARE * step)
    const age_ms = time_ms - this.#first_ms.data[row]!
    if (this.#fractional.data[row] === 1) return share
    const still = Number.isInteger(value)
      ? STEP_SHARE / (1 + age_ms / STILL_MS)
      : STILL_FRACTION / (1 + age_ms / HOUR_MS)
    return Math.max(share, still)
  }

  /** Nothing is taken of a value that is anomalous but how far it lies. */
  learn(row: number, { time_ms, dt_ms, value, residual, anomalous }: PanelSample): void {
    const count = this.#count.data[row]!
    this.#count.data[row] = count + 1
    const size = Math.abs(value)
    if (!anomalous && !Number.isInteger(value)) this.#fractional.data[row] = 1
    if (count === 0) {
      this.#first_ms.data[row] = time_ms
      this.#level.data[row] = size
      this.#slow.data[row] = PRIOR_SHARE * size
      this.#fast.data[row] = PRIOR_SHARE * size
    } else {
      if (residual === residual) this.#scatter(row, dt_ms, TO_SIGMA * Math.abs(residual), !anomalous)
      if (anomalous) return
      this.#level.data[row]! += gain(dt_ms, LEVEL_MS, count) * (size - this.#level.data[row]!)
      this.#resolve(row, Math.abs(value - this.#last.data[row]!), size)
    }
    this.#last.data[row] = value
  }

  /** While anomalous only the slow mean learns: the fast one would widen the band within minutes. */
  #scatter(row: number, dt_ms: number, deviation: number, normal: boolean): void {
    const count = this.#judged.data[row]! + 1
    this.#judged.data[row] = count
    this.#slow.data[row]! += gain(dt_ms, SLOW_MS, count) * (deviation - this.#slow.data[row]!)
    if (normal) this.#fast.data[row]! += gain(dt_ms, FAST_MS, count) * (deviation - this.#fast.data[row]!)
  }

  /** A new level is adopted, around which values scatter by `deviation` (mean absolute). */
  adopt(row: number, deviation: number): void {
    this.#fast.data[row] = Math.max(this.#fast.data[row]!, TO_SIGMA * deviation)
  }

  #resolve(row: number, move: number, size: number): void {
    if (move <= FLOAT_NOISE * size) return
    const step = this.#step.data[row]!
    this.#step.data[row] = step === 0 || move < step ? move : Math.min(step * STEP_GROWTH, move)
  }
}
