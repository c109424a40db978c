import type { Fitted, Forecaster, History } from './forecaster.ts'

/** Smoothing of level, trend and season; `phi` damps the trend. */
interface Weights {
  readonly alpha: number
  readonly beta: number
  readonly gamma: number
}

const PHI = 0.98
const ALPHAS = [0.02, 0.08, 0.2, 0.45, 0.8]
const BETAS = [0, 0.01, 0.05]
const GAMMAS = [0.05, 0.15, 0.35]
/** Surprises beyond this many times the usual error move the state no further: a fault is not a new normal. */
const CLIP = 4

/** phi + phi² + … + phi^h */
function damped(h: number): number {
  return (PHI * (1 - PHI ** h)) / (1 - PHI)
}

/** Mean of each slot of the day over the first days, less that of the whole, smoothed over neighbours. */
function initialSeason({ value, period }: History): Float64Array {
  const season = new Float64Array(Math.max(1, period))
  if (period === 0) return season
  const days = Math.min(3, Math.floor(value.length / period))
  const used = value.subarray(0, days * period)
  const mean = used.reduce((sum, v) => sum + v, 0) / used.length
  const raw = season.map((_, slot) => {
    let sum = 0
    for (let day = 0; day < days; day++) sum += used[day * period + slot]! - mean
    return sum / days
  })
  const reach = Math.floor(period / 100)
  return season.map((_, slot) => {
    let sum = 0
    for (let k = -reach; k <= reach; k++) sum += raw[(slot + k + period) % period]!
    return sum / (2 * reach + 1)
  })
}

/** The state, walked forward one value at a time. */
class State {
  level: number
  trend = 0
  readonly season: Float64Array
  readonly #period: number
  #usual = 0

  constructor(history: History) {
    this.season = initialSeason(history)
    this.#period = history.period
    this.level = history.value[0]! - this.season[0]!
  }

  at(t: number): number {
    return this.#period === 0 ? 0 : this.season[t % this.#period]!
  }

  /** The forecast for `h` after the last value taken, `t` being the index of that value. */
  ahead(t: number, h: number): number {
    return this.level + damped(h) * this.trend + this.at(t + h)
  }

  take(t: number, value: number, { alpha, beta, gamma }: Weights): void {
    const error = value - this.ahead(t - 1, 1)
    const bound = this.#usual === 0 ? Math.abs(error) : CLIP * this.#usual
    const clipped = Math.max(-bound, Math.min(bound, error))
    this.#usual += 0.05 * (Math.min(Math.abs(error), 2 * bound) - this.#usual)
    const before = this.trend
    this.level += PHI * before + alpha * clipped
    this.trend = PHI * before + alpha * beta * clipped
    if (this.#period > 0) this.season[t % this.#period]! += gamma * (1 - alpha) * clipped
  }
}

/** Mean absolute error at one step, half way and the whole way: what the forecast is used for, not one step alone. */
function loss(history: History, weights: Weights, steps: number): number {
  const { value, period } = history
  const state = new State(history)
  const horizons = [...new Set([1, Math.ceil(steps / 2), steps])]
  const pending = horizons.map((h) => new Float64Array(h))
  const warm = Math.max(period, Math.floor(value.length / 4))
  let sum = 0
  for (let t = 0; t < value.length; t++) {
    for (const [i, h] of horizons.entries()) {
      if (t >= warm + h) sum += Math.abs(value[t]! - pending[i]![t % h]!) / h ** 0.25
    }
    state.take(t, value[t]!, weights)
    for (const [i, h] of horizons.entries()) pending[i]![t % h] = state.ahead(t, h)
  }
  return sum
}

function best(history: History, steps: number): Weights {
  let chosen: Weights = { alpha: ALPHAS[1]!, beta: 0, gamma: GAMMAS[1]! }
  let least = Infinity
  for (const alpha of ALPHAS) {
    for (const beta of BETAS) {
      for (const gamma of history.period === 0 ? [0] : GAMMAS) {
        const weights = { alpha, beta, gamma }
        const cost = loss(history, weights, steps)
        if (cost < least) [least, chosen] = [cost, weights]
      }
    }
  }
  return chosen
}

/**
 * Additive Holt-Winters with damped trend (Gardner & McKenzie 1985), errors clipped (Gelper, Fried & Croux 2010); weights from a grid,
 * judged over the horizon in use.
 */
export const holtWinters: Forecaster = {
  name: 'holt_winters',
  minimum: (period) => Math.max(10, 2 * period),
  fit(history, steps): Fitted {
    const weights = best(history, steps)
    return {
      roll(origins, ahead, visit) {
        const { value } = history
        const state = new State(history)
        const forecast = new Float64Array(ahead)
        let next = 0
        for (let t = 0; t < value.length && next < origins.length; t++) {
          state.take(t, value[t]!, weights)
          if (origins[next] !== t + 1) continue
          for (let h = 1; h <= ahead; h++) forecast[h - 1] = state.ahead(t, h)
          visit(t + 1, forecast)
          next++
        }
      },
    }
  },
}
