import { KahanSum, meanOf, quantileOf, varianceOf } from '../evaluate/kahan.ts'
import { type FunctionCall, type PromqlFunction, scalarArg } from './function.ts'
import { firstOf, lastOf, nativeTotal } from './native-windows.ts'
import { type Rollup, rollup, type RollupSpec } from './rollup.ts'
import type { Window } from './window.ts'

const plain = (name: string, of: Rollup, more: Pick<RollupSpec, 'native' | 'rolled'> = {}): PromqlFunction =>
  rollup({ name, prepare: () => of, ...more })

const present: Rollup = () => 1

/** `…_over_time`: one value of all samples in a window. */
export const overTime: readonly PromqlFunction[] = [
  plain('avg_over_time', mean, { native: nativeTotal('mean'), rolled: 'sum' }),
  plain('count_over_time', count, { native: count, rolled: 'last' }),
  rollup({
    name: 'first_over_time',
    native: firstOf,
    keepsName: true,
    prepare:
      () =>
      ({ from, value }) =>
        value[from],
  }),
  rollup({
    name: 'last_over_time',
    native: lastOf,
    rolled: 'last',
    keepsName: true,
    prepare:
      () =>
      ({ to, value }) =>
        value[to - 1],
  }),
  plain('mad_over_time', ({ from, to, value }) => {
    const median = value.subarray(from, to).some(Number.isNaN) ? NaN : quantileOf(0.5, value.slice(from, to))
    return quantileOf(
      0.5,
      value.slice(from, to).map((one) => Math.abs(one - median)),
    )
  }),
  plain('max_over_time', (window) => extreme(window, (a, b) => a > b), { rolled: 'max' }),
  plain('min_over_time', (window) => extreme(window, (a, b) => a < b), { rolled: 'min' }),
  plain('present_over_time', present, { native: present, rolled: 'last' }),
  rollup({
    name: 'quantile_over_time',
    args: ['scalar', 'matrix'],
    over: 1,
    annotate: warnOutside,
    prepare: (_, call) => {
      const q = scalarArg(call, 0)
      return ({ from, to, value, step }) => quantileOf(q[step]!, value.slice(from, to))
    },
  }),
  plain('stddev_over_time', ({ from, to, value }) => Math.sqrt(varianceOf(from, to, (i) => value[i]!))),
  plain('stdvar_over_time', ({ from, to, value }) => varianceOf(from, to, (i) => value[i]!)),
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

/** NaN only where there is nothing else. */
function extreme({ from, to, value }: Window, better: (a: number, b: number) => boolean): number {
  let best = value[from]!
  for (let i = from + 1; i < to; i++) if (better(value[i]!, best) || Number.isNaN(best)) best = value[i]!
  return best
}

function warnOutside(columns: readonly unknown[], call: FunctionCall): void {
  if (columns.length > 0) call.annotations.quantiles(scalarArg(call, 0), call.exprs[0]!)
}
