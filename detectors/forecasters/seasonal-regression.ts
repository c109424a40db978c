import type { Fitted, Forecaster, History } from './forecaster.ts'
import { knotsOf } from './knots.ts'
import { leastAbsolute } from './least-absolute.ts'

const FEATURES = 6
const WEEK_DAYS = 7
/** Fewer days than this do not say what a week is. */
const WEEK_HISTORY_DAYS = 12
/** Days of which the middle one is the base. */
const REACH_DAYS = 3
/** How far yesterday counts, in usual distances from the base. */
const CLIP = 4
/** More situations than this make no better weights, and cost. */
const ROWS_MAX = 1500
/** Fewer say nothing: the base it is. */
const ROWS_MIN = 4 * FEATURES
/** Of a regression that is pulled to its base: found on hourly and on five-minute series alike, .1 to 1 are as good. */
const RIDGE = 0.3

/** What is known at `t` of `t + h`: differences from the base, the middle one of the three days before the target. */
class Situation {
  readonly features = new Float64Array(FEATURES)
  readonly #value: Float64Array
  readonly #day: number
  readonly #week: number
  readonly #hour: number
  /** Of each step that has three days behind it: how far it lies from the middle one of them. */
  readonly #off: Float64Array
  readonly #most: number

  /** `day`, `week`: steps of one; a week of 0 is not known yet. */
  constructor(value: Float64Array, day: number, week: number) {
    this.#value = value
    this.#day = day
    this.#week = week
    this.#hour = Math.max(1, Math.round(day / 24))
    this.#off = value.map((v, i) => (i < REACH_DAYS * day ? 0 : v - this.base(i - 1, 1)))
    this.#most = (CLIP * this.#off.reduce((sum, v) => sum + Math.abs(v), 0)) / value.length
  }

  /** The value at `t + h`, a whole number of `season` before: the newest that is known at `t`. */
  #before(t: number, h: number, season: number): number {
    return this.#value[Math.max(0, t + h - season * Math.ceil(h / season))]!
  }

  base(t: number, h: number): number {
    const day = this.#day
    const [a, b, c] = [this.#before(t, h, day), this.#before(t - day, h, day), this.#before(t - 2 * day, h, day)]
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
  }

  at(t: number, h: number): number {
    const now = this.#value[t]!
    const base = this.base(t, h)
    const yesterday = this.#before(t, h, this.#day) - base
    let hour = 0
    for (let i = t; i > t - this.#hour; i--) hour += this.#off[i]!
    // A fault of yesterday is not expected today.
    this.features[0] = Math.max(-this.#most, Math.min(this.#most, yesterday))
    this.features[1] = this.#off[t]!
    this.features[2] = hour / this.#hour
    this.features[3] = now - base
    this.features[4] = this.#week === 0 ? 0 : this.#before(t, h, this.#week) - base
    this.features[5] = this.#week === 0 ? 0 : now - this.#value[t - this.#week]!
    return base
  }
}

/** Weights of the features `h` steps ahead. */
function weightsAhead({ value }: History, situation: Situation, reach: number, h: number): Float64Array {
  const all = value.length - h - reach
  const stride = Math.max(1, Math.ceil(all / ROWS_MAX))
  const rows = Math.max(0, Math.ceil(all / stride))
  if (rows < ROWS_MIN) return new Float64Array(FEATURES)
  const x = new Float64Array(rows * FEATURES)
  const y = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const t = reach + row * stride
    y[row] = value[t + h]! - situation.at(t, h)
    x.set(situation.features, row * FEATURES)
  }
  return leastAbsolute(x, y, FEATURES, RIDGE)
}

function combined(weights: Float64Array, features: Float64Array): number {
  let sum = 0
  for (let i = 0; i < FEATURES; i++) sum += weights[i]! * features[i]!
  return sum
}

/**
 * The middle one of three days, and what speaks against it: yesterday, a week before, how far now and the last hour are from what was usual. A direct
 * forecast for each distance (Taieb et al. 2012), by least absolute deviations with a ridge, so that where nothing is learned the usual day is left; between
 * the distances that were fitted its weights are interpolated.
 */
export const seasonalRegression: Forecaster = {
  name: 'seasonal_regression',
  minimum: (period) => (period === 0 ? Infinity : (REACH_DAYS + 2) * period),
  fit(history, steps): Fitted {
    const day = Math.max(1, history.period)
    const week = history.value.length >= WEEK_HISTORY_DAYS * day ? WEEK_DAYS * day : 0
    const reach = Math.max(week, REACH_DAYS * day)
    const situation = new Situation(history.value, day, week)
    const knots = knotsOf(steps).map((h) => ({ h, weights: weightsAhead(history, situation, reach, h) }))
    return {
      roll(origins, ahead, visit) {
        const forecast = new Float64Array(ahead)
        for (const origin of origins) {
          const t = origin - 1
          let next = 0
          for (let h = 1; h <= ahead; h++) {
            if (t < reach) {
              forecast[h - 1] = situation.base(t, h)
              continue
            }
            while (next < knots.length - 1 && knots[next]!.h < h) next++
            const [low, high] = [knots[Math.max(0, next - 1)]!, knots[next]!]
            const base = situation.at(t, h)
            const upper = combined(high.weights, situation.features)
            const lower = combined(low.weights, situation.features)
            const share = high.h > low.h ? Math.min(1, (h - low.h) / (high.h - low.h)) : 1
            forecast[h - 1] = base + lower + share * (upper - lower)
          }
          visit(origin, forecast)
        }
      },
    }
  },
}
