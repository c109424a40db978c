import { KahanSum } from '../evaluate/kahan.ts'
import { type PromqlFunction, scalarArg } from './function.ts'
import { rollup } from './rollup.ts'
import type { Window } from './window.ts'

/** `deriv`, `predict_linear`: a least squares line through the samples of a window. */
export const regression: readonly PromqlFunction[] = [
  rollup({
    name: 'deriv',
    effort: 4,
    // Times are taken from the first sample on, so that large ones do not eat the digits.
    prepare: () => (window) => line(window, window.time_ms[window.from]!)?.slope,
  }),
  rollup({
    name: 'predict_linear',
    effort: 4,
    args: ['matrix', 'scalar'],
    prepare: (_, call) => {
      const ahead_s = scalarArg(call, 1)
      const { start_ms, step_ms } = call.grid
      return (window) => {
        // The line is continued from the step, not from where `@` or `offset` look.
        const fitted = line(window, start_ms + window.step * step_ms)
        return fitted === undefined ? undefined : fitted.slope * ahead_s[window.step]! + fitted.intercept
      }
    },
  }),
]

/** Slope per second, and the value at `origin_ms`. Undefined for fewer than two samples. */
function line(
  { time_ms, value, from, to }: Window,
  origin_ms: number,
): { slope: number; intercept: number } | undefined {
  if (to - from < 2) return undefined
  const first = value[from]!
  if (isConstant(value, from, to)) {
    return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: NaN, intercept: NaN }
  }
  const [sumX, sumY, sumXY, sumX2] = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()]
  for (let i = from; i < to; i++) {
    const x = (time_ms[i]! - origin_ms) / 1000
    const y = value[i]!
    sumX.add(x)
    sumY.add(y)
    sumXY.add(x * y)
    sumX2.add(x * x)
  }
  const n = to - from
  const covariance = sumXY.value - (sumX.value * sumY.value) / n
  const variance = sumX2.value - (sumX.value * sumX.value) / n
  const slope = covariance / variance
  return { slope, intercept: sumY.value / n - (slope * sumX.value) / n }
}

function isConstant(value: Float64Array, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) if (value[i] !== value[from]) return false
  return true
}
