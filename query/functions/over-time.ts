import { KahanSum, meanOf, quantileOf, varianceOf } from '../evaluate/kahan.ts'
import { type FunctionCall, type PromqlFunction, scalarArg } from './function.ts'
import { firstOf, lastOf, nativeTotal } from './native-windows.ts'
import { type Rollup, rollup, type RollupSpec } from './rollup.ts'
import { SortedWindow } from './sorted-window.ts'
import type { Window } from './window.ts'

const plain = (name: string, of: Rollup, more: Pick<RollupSpec, 'native' | 'rolled' | 'effort'> = {}): PromqlFunction =>
  rollup({ name, prepare: () => of, ...more })

const present: Rollup = () => 1

/** `…_over_time`: one value of all samples in a window. */
export const overTime: readonly PromqlFunction[] = [
  plain('avg_over_time', mean, { native: nativeTotal('mean'), rolled: 'sum' }),
  plain('count_over_time', count, { native: count, rolled: 'last', effort: 0 }),
  rollup({
    name: 'first_over_time',
    effort: 0,
    native: firstOf,
    keepsName: true,
    prepare:
      () =>
      ({ from, value }) =>
        value[from],
  }),
  rollup({
    name: 'last_over_time',
    effort: 0,
    native: lastOf,
    rolled: 'last',
    keepsName: true,
    prepare:
      () =>
      ({ to, value }) =>
        value[to - 1],
  }),
  plain('mad_over_time', mad, { effort: 50 }),
  plain('max_over_time', (window) => extreme(window, (a, b) => a > b), { rolled: 'max' }),
  plain('min_over_time', (window) => extreme(window, (a, b) => a < b), { rolled: 'min' }),
  plain('present_over_time', present, { native: present, rolled: 'last', effort: 0 }),
  rollup({
    name: 'quantile_over_time',
    args: ['scalar', 'matrix'],
    over: 1,
    annotate: warnOutside,
    prepare: ({ value }, call) => {
      const q = scalarArg(call, 0)
      const sorted = new SortedWindow(value)
      return (window) => sorted.quantile(q[window.step]!, window)
    },
  }),
  plain('stddev_over_time', (window) => Math.sqrt(variance(window)), { effort: 4 }),
  plain('stdvar_over_time', variance, { effort: 4 }),
  plain('sum_over_time', sumOf, { native: nativeTotal('sum'), rolled: 'sum' }),
]

/** Samples of a window, those that rollups stand for included. */
function count({ from, to, weight }: Window): number {
  if (weight === undefined) return to - from
  let sum = 0
  for (let i = from; i < to; i++) sum += weight[i]!
  return sum
}

/** Of rollups the values are sums. */
function mean(window: Window): number {
  const { from, to, value, weight } = window
  return weight === undefined ? meanOf(from, to, (i) => value[i]!) : sumOf(window) / count(window)
}

function sumOf({ from, to, value }: Window): number {
  const sum = new KahanSum()
  for (let i = from; i < to; i++) sum.add(value[i]!)
  return sum.value
}

/** Median distance from the median. */
function mad({ from, to, value }: Window): number {
  const inside = value.slice(from, to)
  const median = inside.some(Number.isNaN) ? NaN : quantileOf(0.5, inside)
  return quantileOf(
    0.5,
    inside.map((one) => Math.abs(one - median)),
  )
}

function variance({ from, to, value }: Window): number {
  return varianceOf(from, to, (i) => value[i]!)
}

/** NaN only where there is nothing else. */
function extreme({ from, to, value }: Window, better: (a: number, b: number) => boolean): number {
  let best = value[from]!
  for (let i = from + 1; i < to; i++) if (better(value[i]!, best) || Number.isNaN(best)) best = value[i]!
  return best
}

function warnOutside(columns: readonly unknown[], call: FunctionCall): void {
  if (columns.length > 0) call.annotations.quantiles(scalarArg(call, 0), call.exprs[0]!)
}
