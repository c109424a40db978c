import { ServiceError } from '#core/errors.ts'

import * as list from '../forecasters.ts'
import type { Fitted, Forecaster } from '../forecasters/forecaster.ts'
import { knotsOf } from '../forecasters/knots.ts'
import { seasonalNaive } from '../forecasters/seasonal-naive.ts'
import { backtest, type Backtest, errorQuantile, errorsNear, lossOf, type Scale, scaleOf } from './errors.ts'
import { type Grid, modelStep, toGrid } from './grid.ts'

const FORECASTERS: readonly Forecaster[] = Object.values(list)
/** Fewer past forecasts than this say nothing about skill. */
const ORIGINS_MIN = 5
/** Half width of the band while nothing is known of the errors, as a share of the spread of the history. */
const YOUNG_SPREAD = 2

/** How errors may grow with what is expected: not, as those of counts, in proportion. */
const POWERS = [0, 0.5, 1]
/** Of the mean of the history: below, errors are as large. */
const SCALE_FLOOR = 0.05
/** Errors that a model was fitted to are smaller than those to come: of what is left to the end of their distribution, a quantile takes this share. */
const FURTHER_OUT = 0.3

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
  readonly scale: Scale
  readonly loss: number
}

/** A forecaster on the series' own past, with the scale by which its errors are told best. */
function tried(forecaster: Forecaster, grid: Grid, steps: number, quantiles: readonly number[]): Candidate {
  const fitted = forecaster.fit(grid, steps)
  const test = backtest(fitted, grid, steps)
  const candidates = scales(grid.value).map((scale) => ({
    name: forecaster.name,
    fitted,
    test,
    scale,
    loss: lossOf(test, quantiles, scale),
  }))
  return best(candidates, candidates[0]!)
}

/** Only what is never negative has errors that grow with it. */
function scales(value: Float64Array): Scale[] {
  const mean = value.reduce((sum, v) => sum + v, 0) / value.length
  const powers = mean > 0 && value.every((v) => v >= 0) ? POWERS : [0]
  return powers.map((power) => scaleOf(power, SCALE_FLOOR * mean))
}

/** The least loss; NaN losses (too young to know) leave `first`. */
function best(candidates: readonly Candidate[], first: Candidate): Candidate {
  return candidates.reduce((least, next) => (next.loss < least.loss ? next : least), first)
}

/** Quantiles at each step of the model: point plus the quantile of its own past errors at that distance. */
function quantileRows(chosen: Candidate, grid: Grid, steps: number, quantiles: readonly number[]): Float64Array[] {
  let point = new Float64Array(steps)
  chosen.fitted.roll([grid.value.length], steps, (_, forecast) => {
    point = forecast.slice()
  })
  const spread = spreadOf(grid.value)
  const nonNegative = grid.value.every((v) => v >= 0)
  const shifts = shiftRows(chosen, steps, quantiles)
  const rows = quantiles.map(() => new Float64Array(steps))
  for (const [h, expected] of point.entries()) {
    const scale = shifts === undefined ? 1 : chosen.scale(expected)
    let below = -Infinity
    for (const [i, q] of quantiles.entries()) {
      const shift = shifts === undefined ? (q - 0.5) * 2 * YOUNG_SPREAD * spread : shifts[i]![h]!
      // Quantiles do not cross, and what was never negative does not become so.
      rows[i]![h] = below = Math.max(below, expected + shift * scale, nonNegative ? 0 : -Infinity)
    }
  }
  return rows
}

/** Quantiles of the model's own past errors by their scale, linear between knots; undefined where there are none. */
function shiftRows(
  { test, scale }: Candidate,
  steps: number,
  quantiles: readonly number[],
): Float64Array[] | undefined {
  if (test.point.length === 0) return undefined
  const rows = quantiles.map(() => new Float64Array(steps))
  let before = 1
  for (const h of knotsOf(steps)) {
    const sorted = errorsNear(test, h, scale)
    for (const [i, q] of quantiles.entries()) {
      const [from, to] = [rows[i]![before - 1]!, errorQuantile(sorted, furtherOut(q))]
      for (let k = before + 1; k < h; k++) rows[i]![k - 1] = from + ((to - from) * (k - before)) / (h - before)
      rows[i]![h - 1] = to
    }
    before = h
  }
  return rows
}

function furtherOut(q: number): number {
  return q > 0.5 ? q + (1 - q) * FURTHER_OUT : q < 0.5 ? q * (1 - FURTHER_OUT) : q
}

/** Mean absolute deviation, and never less than a hair of the level: a constant may still move. */
function spreadOf(value: Float64Array): number {
  const mean = value.reduce((sum, v) => sum + v, 0) / value.length
  const deviation = value.reduce((sum, v) => sum + Math.abs(v - mean), 0) / value.length
  return Math.max(deviation, 1e-3 * Math.abs(mean), 1e-9)
}

/** From the beginning of a cell to the middle of its samples, which come every `step_ms`. */
function middleOf(grid: Grid, step_ms: number): number {
  return (grid.step_ms + Math.min(step_ms, grid.step_ms)) / 2
}

/** From the model's grid, whose first cell has its middle at `middle_ms`, to the wanted one: linear between the middles. */
function resample(
  rows: readonly Float64Array[],
  { step_ms }: Grid,
  middle_ms: number,
  target_ms: Float64Array,
): Float64Array[] {
  return rows.map((row) =>
    target_ms.map((time) => {
      const x = (time - middle_ms) / step_ms
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
  const target_ms = Float64Array.from(
    { length: Math.max(1, Math.floor(horizon_ms / step_ms)) },
    (_, i) => grid.last_ms + (i + 1) * step_ms,
  )
  const middle_ms = grid.last_ms + middleOf(grid, step_ms)
  const steps = 1 + Math.max(0, Math.ceil((target_ms.at(-1)! - middle_ms) / grid.step_ms))
  const usable = FORECASTERS.filter((forecaster) => grid.value.length >= forecaster.minimum(grid.period))
  const candidates = usable.map((forecaster) => tried(forecaster, grid, steps, quantiles))
  const yardstick = candidates.find(({ name }) => name === seasonalNaive.name)!
  const chosen =
    options.model === 'auto'
      ? best(candidates, yardstick)
      : (candidates.find(({ name }) => name === options.model) ?? yardstick)
  const known = chosen.test.point.length >= ORIGINS_MIN && yardstick.loss > 0
  const skill = known ? 1 - chosen.loss / yardstick.loss : Number.NaN
  return {
    model: chosen.name,
    trust: chosen.test.point.length >= ORIGINS_MIN && chosen.loss <= yardstick.loss ? 1 : 0,
    skill,
    target_ms,
    values: resample(quantileRows(chosen, grid, steps, quantiles), grid, middle_ms, target_ms),
  }
}
