import { ServiceError } from '#core/errors.ts'

import * as list from '../forecasters.ts'
import type { Fitted, Forecaster } from '../forecasters/forecaster.ts'
import { backtest, type Backtest, errorQuantile, errorsNear, lossOf } from './errors.ts'
import { type Grid, modelStep, toGrid } from './grid.ts'

const FORECASTERS: readonly Forecaster[] = Object.values(list)
/** Fewer past forecasts than this say nothing about skill. */
const ORIGINS_MIN = 5
/** Half width of the band while nothing is known of the errors, as a share of the spread of the history. */
const YOUNG_SPREAD = 2

export const MODELS = ['auto', ...FORECASTERS.map(({ name }) => name)]

export interface MakeOptions {
  readonly horizon_ms: number
  readonly step_ms: number
  readonly quantiles: readonly number[]
  /** One of `MODELS`. */
  readonly model: string
}

/** Columns of a forecast, without whose it is. */
export interface Made {
  readonly model: string
  readonly trust: 0 | 1
  readonly skill: number
  readonly target_ms: Float64Array
  readonly values: readonly Float64Array[]
}

interface Candidate {
  readonly name: string
  readonly fitted: Fitted
  readonly test: Backtest
  readonly loss: number
}

function tried(forecaster: Forecaster, grid: Grid, steps: number, quantiles: readonly number[]): Candidate {
  const fitted = forecaster.fit(grid, steps)
  const test = backtest(fitted, grid, steps)
  return { name: forecaster.name, fitted, test, loss: lossOf(test, quantiles) }
}

function choose(candidates: readonly Candidate[], model: string): Candidate {
  if (model !== 'auto') return candidates.find(({ name }) => name === model) ?? candidates.at(-1)!
  // NaN losses (too young to know) leave the yardstick, which stands last on the list.
  return candidates.reduce((best, next) => (next.loss < best.loss ? next : best), candidates.at(-1)!)
}

/** Quantiles at each step of the model: point plus the quantile of its own past errors at that distance. */
function quantileRows(chosen: Candidate, grid: Grid, steps: number, quantiles: readonly number[]): Float64Array[] {
  let point = new Float64Array(steps)
  chosen.fitted.roll([grid.value.length], steps, (_, forecast) => {
    point = forecast.slice()
  })
  const spread = spreadOf(grid.value)
  const nonNegative = grid.value.every((v) => v >= 0)
  const rows = quantiles.map(() => new Float64Array(steps))
  for (let h = 1; h <= steps; h++) {
    const sorted = errorsNear(chosen.test, h)
    let below = -Infinity
    for (const [i, q] of quantiles.entries()) {
      const shift = sorted.length === 0 ? (q - 0.5) * 2 * YOUNG_SPREAD * spread : errorQuantile(sorted, q)
      // Quantiles do not cross, and what was never negative does not become so.
      const value = Math.max(below, point[h - 1]! + shift, nonNegative ? 0 : -Infinity)
      rows[i]![h - 1] = below = value
    }
  }
  return rows
}

/** Mean absolute deviation, and never less than a hair of the level: a constant may still move. */
function spreadOf(value: Float64Array): number {
  const mean = value.reduce((sum, v) => sum + v, 0) / value.length
  const deviation = value.reduce((sum, v) => sum + Math.abs(v - mean), 0) / value.length
  return Math.max(deviation, 1e-3 * Math.abs(mean), 1e-9)
}

/** From the model's grid to the wanted one, linear between the middles of its cells. */
function resample(rows: readonly Float64Array[], grid: Grid, target_ms: Float64Array): Float64Array[] {
  return rows.map((row) =>
    target_ms.map((time) => {
      const x = (time - grid.last_ms) / grid.step_ms - 0.5
      const at = Math.max(0, Math.min(row.length - 1, Math.floor(x)))
      const next = Math.min(row.length - 1, at + 1)
      return row[at]! + (row[next]! - row[at]!) * Math.max(0, Math.min(1, x - at))
    }),
  )
}

/**
 * Forecasts a series from its own samples (ascending time). Targets begin one step behind the newest sample. Throws `ServiceError('execution')`
 * when there is no finite sample. Quantiles are ascending.
 */
export function makeForecast(time_ms: Float64Array, value: Float64Array, options: MakeOptions): Made {
  const { horizon_ms, step_ms, quantiles } = options
  const grid = toGrid(time_ms, value, modelStep(step_ms))
  if (grid === null) throw new ServiceError('execution', 'there is no history to forecast from')
  const last_ms = time_ms[value.findLastIndex(Number.isFinite)]!
  const target_ms = Float64Array.from(
    { length: Math.max(1, Math.floor(horizon_ms / step_ms)) },
    (_, i) => last_ms + (i + 1) * step_ms,
  )
  const steps = Math.max(1, Math.ceil((target_ms.at(-1)! - grid.last_ms) / grid.step_ms))
  const usable = FORECASTERS.filter((forecaster) => grid.value.length >= forecaster.minimum(grid.period))
  const candidates = usable.map((forecaster) => tried(forecaster, grid, steps, quantiles))
  const chosen = choose(candidates, options.model)
  const yardstick = candidates.at(-1)!
  const known = chosen.test.point.length >= ORIGINS_MIN && yardstick.loss > 0
  const skill = known ? 1 - chosen.loss / yardstick.loss : Number.NaN
  return {
    model: chosen.name,
    trust: chosen.test.point.length >= ORIGINS_MIN && chosen.loss <= yardstick.loss ? 1 : 0,
    skill,
    target_ms,
    values: resample(quantileRows(chosen, grid, steps, quantiles), grid, target_ms),
  }
}
