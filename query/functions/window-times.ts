import type { PromqlFunction } from './function.ts'
import type { MixedRollup } from './native-windows.ts'
import { type Rollup, rollup } from './rollup.ts'
import type { Window } from './window.ts'

const seconds = ({ time_ms }: Window, at: number): number => time_ms[at]! / 1000
const first: Rollup = (window) => seconds(window, window.from)
const last: Rollup = (window) => seconds(window, window.to - 1)

/** `ts_of_…_over_time`: when the sample was, in seconds; of equal ones the last. */
export const windowTimes: readonly PromqlFunction[] = [
  timed('ts_of_first_over_time', first, first),
  timed('ts_of_last_over_time', last, last),
  timed('ts_of_max_over_time', (window) => extreme(window, (a, b) => a >= b)),
  timed('ts_of_min_over_time', (window) => extreme(window, (a, b) => a <= b)),
]

function timed(name: string, of: Rollup, native?: MixedRollup): PromqlFunction {
  return rollup({ name, prepare: () => of, ...(native === undefined ? {} : { native }) })
}

function extreme(window: Window, better: (a: number, b: number) => boolean): number {
  const { from, to, value } = window
  let best = from
  for (let i = from + 1; i < to; i++) if (better(value[i]!, value[best]!) || Number.isNaN(value[best]!)) best = i
  return seconds(window, best)
}
