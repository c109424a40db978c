import { quantileSorted } from 'simple-statistics'

import type { Fitted } from '../forecasters/forecaster.ts'
import { knotsOf } from '../forecasters/knots.ts'
import type { Grid } from './grid.ts'

const MOST_ORIGINS = 200

/** Past errors (actual − forecast) of one model, by step ahead. `actual[i][h]` belongs to `point[i][h]`, origin by origin. */
export interface Backtest {
  readonly steps: number
  readonly point: readonly Float64Array[]
  readonly actual: readonly Float64Array[]
}

/** Origins spread over the second half of the history, each with the whole horizon behind it known. */
export function originsOf(length: number, steps: number): number[] {
  const from = Math.max(2, Math.floor(length / 2))
  const to = length - steps
  if (to < from) return []
  const stride = Math.max(1, Math.ceil((to - from + 1) / MOST_ORIGINS))
  return Array.from({ length: Math.floor((to - from) / stride) + 1 }, (_, i) => from + i * stride)
}

/** Rolling-origin backtest: what the model would have said, against what came. */
export function backtest(fitted: Fitted, { value }: Grid, steps: number): Backtest {
  const point: Float64Array[] = []
  const actual: Float64Array[] = []
  fitted.roll(originsOf(value.length, steps), steps, (origin, forecast) => {
    point.push(forecast.slice())
    actual.push(value.subarray(origin, origin + steps))
  })
  return { steps, point, actual }
}

/** By what errors are measured, from the point forecast: 1, or more where more is expected. */
export type Scale = (point: number) => number

/** `power` 0: errors are as large everywhere; 1: in proportion to what is expected, and `floor` more; between: as those of counts. */
export function scaleOf(power: number, floor: number): Scale {
  return power === 0 ? () => 1 : (point) => (Math.max(0, point) + floor) ** power
}

/** Sorted errors, each by its scale, at steps near `h` (within a fifth of it), so that a far quantile has enough of them. */
export function errorsNear({ steps, point, actual }: Backtest, h: number, scale: Scale): Float64Array {
  const reach = Math.max(1, Math.round(h / 5))
  const [low, high] = [Math.max(1, h - reach), Math.min(steps, h + reach)]
  const errors = new Float64Array(point.length * (high - low + 1))
  let n = 0
  for (const [i, forecast] of point.entries()) {
    for (let k = low; k <= high; k++) {
      errors[n++] = (actual[i]![k - 1]! - forecast[k - 1]!) / scale(forecast[k - 1]!)
    }
  }
  return errors.toSorted((a, b) => a - b)
}

/** Quantile of sorted errors; NaN when there are none. */
export function errorQuantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return Number.NaN
  // simple-statistics takes plain arrays by type and only indexes them.
  return quantileSorted(sorted as unknown as number[], q)
}

/** Pinball loss of one quantile forecast (Koenker & Bassett 1978). */
export function pinball(actual: number, forecast: number, q: number): number {
  return actual >= forecast ? q * (actual - forecast) : (1 - q) * (forecast - actual)
}

/** Mean pinball loss over the origins when each quantile is the point plus the error quantile of its step, by its scale. */
export function lossOf(test: Backtest, quantiles: readonly number[], scale: Scale): number {
  if (test.point.length === 0) return Number.NaN
  let sum = 0
  let n = 0
  for (const h of knotsOf(test.steps)) {
    const sorted = errorsNear(test, h, scale)
    for (const q of quantiles) {
      const shift = errorQuantile(sorted, q)
      for (const [i, forecast] of test.point.entries()) {
        const point = forecast[h - 1]!
        sum += pinball(test.actual[i]![h - 1]!, point + shift * scale(point), q)
        n++
      }
    }
  }
  return sum / n
}
