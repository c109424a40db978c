import { ServiceError } from '#core/errors.ts'

import { type PromqlFunction, scalarArg } from './function.ts'
import { rollup } from './rollup.ts'
import type { Window } from './window.ts'

/** `double_exponential_smoothing`: Holt's linear method, the value at the last sample. */
export const smoothing: readonly PromqlFunction[] = [
  rollup({
    name: 'double_exponential_smoothing',
    effort: 2,
    args: ['matrix', 'scalar', 'scalar'],
    prepare(_, call) {
      const [level, trend] = [scalarArg(call, 1), scalarArg(call, 2)]
      return (window) => {
        const [alpha, beta] = [level[window.step]!, trend[window.step]!]
        refuseOutside('smoothing', alpha)
        refuseOutside('trend', beta)
        return smoothed(window, alpha, beta)
      }
    },
  }),
]

function refuseOutside(what: string, factor: number): void {
  if (factor > 0 && factor < 1) return
  throw new ServiceError(
    'execution',
    `invalid ${what} factor. Expected: 0 < ${what === 'trend' ? 'tf' : 'sf'} < 1, got: ${factor}`,
  )
}

function smoothed({ value, from, to }: Window, alpha: number, beta: number): number | undefined {
  if (to - from < 2) return undefined
  let level = value[from]!
  let trend = value[from + 1]! - level
  let previous = 0
  for (let i = from + 1; i < to; i++) {
    const before = level
    // The trend between the first two is known already.
    if (i > from + 1) trend = beta * (level - previous) + (1 - beta) * trend
    level = alpha * value[i]! + (1 - alpha) * (before + trend)
    previous = before
  }
  return level
}
