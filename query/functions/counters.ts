import { type Column, floatsOf, type Grid, isEmpty, type Samples } from '../evaluate/values.ts'
import { quoted } from '../language/literals.ts'
import { edgeIncrease, edgeTally } from './edge-rollup.ts'
import { extrapolation } from './extrapolation.ts'
import type { FunctionCall, PromqlFunction } from './function.ts'
import { lastIncrease } from './last-increase.ts'
import { nativeIncrease, nativeLastIncrease, nativeTally } from './native-windows.ts'
import { type Rollup, rollup } from './rollup.ts'
import type { Window } from './window.ts'

/**
 * Increases over a window. Those of `rate`, `increase`, `delta` are extrapolated to the window's ends, the counters'
 * never below zero (method: Prometheus 3, windows open on the left).
 */
export const counters: readonly PromqlFunction[] = [
  rollup({
    name: 'changes',
    effort: 0,
    native: nativeTally('changes'),
    edges: edgeTally(isChange),
    prepare: (samples) => tally(samples, isChange),
  }),
  rollup({
    name: 'delta',
    effort: 0,
    native: nativeIncrease('delta'),
    edges: edgeIncrease('delta'),
    prepare: () => (window) => extrapolated(window, 'unknown', false),
  }),
  rollup({
    name: 'idelta',
    effort: 0,
    native: nativeLastIncrease('idelta'),
    prepare: () => (window) => lastIncrease(window, false)?.increase,
  }),
  rollup({
    name: 'increase',
    effort: 0,
    native: nativeIncrease('increase'),
    edges: edgeIncrease('increase'),
    annotate: suspectGauges,
    prepare: (samples, { grid }) => {
      const resets = resetsOf(samples, grid)
      return (window) => extrapolated(window, resets, true)
    },
  }),
  rollup({
    name: 'irate',
    effort: 0,
    native: nativeLastIncrease('irate'),
    prepare: () => (window) => {
      const last = lastIncrease(window, true)
      return last === undefined ? undefined : last.increase / (last.interval_ms / 1000)
    },
  }),
  rollup({
    name: 'rate',
    effort: 0,
    native: nativeIncrease('rate'),
    edges: edgeIncrease('rate'),
    annotate: suspectGauges,
    prepare: (samples, { grid }) => {
      const resets = resetsOf(samples, grid)
      return (window) => {
        const increase = extrapolated(window, resets, true)
        return increase === undefined ? undefined : increase / (window.range_ms / 1000)
      }
    },
  }),
  rollup({
    name: 'resets',
    effort: 0,
    native: nativeTally('resets'),
    edges: edgeTally(isReset),
    prepare: (samples) => tally(samples, isReset),
  }),
]

function isChange(a: number, b: number): boolean {
  return a !== b && !(Number.isNaN(a) && Number.isNaN(b))
}

function isReset(a: number, b: number): boolean {
  return b < a
}

const FEW_WINDOWS = 2

/** How many neighbours of a window satisfy `counts`, from one pass over the series. */
function tally({ value }: Samples, counts: (a: number, b: number) => boolean): Rollup {
  const before = new Uint32Array(value.length)
  for (let i = 1; i < value.length; i++) before[i] = before[i - 1]! + (counts(value[i - 1]!, value[i]!) ? 1 : 0)
  return ({ from, to }) => before[to - 1]! - before[from]!
}

/** For each sample how many resets came up to it; where there are none, nothing. */
type Resets = Uint32Array | 'none' | 'unknown'

/** A window without resets needs no second look. Of few windows each is looked at. */
function resetsOf({ value }: Samples, { count }: Grid): Resets {
  if (count <= FEW_WINDOWS) return 'unknown'
  let first = 1
  while (first < value.length && !(value[first]! < value[first - 1]!)) first++
  if (first >= value.length) return 'none'
  const resets = new Uint32Array(value.length)
  for (let i = first; i < value.length; i++) resets[i] = resets[i - 1]! + (value[i]! < value[i - 1]! ? 1 : 0)
  return resets
}

function increaseOf({ value, from, to }: Window, resets: Resets): number {
  let increase = value[to - 1]! - value[from]!
  if (resets === 'none') return increase
  if (resets !== 'unknown' && resets[to - 1] === resets[from]) return increase
  for (let i = from + 1; i < to; i++) if (value[i]! < value[i - 1]!) increase += value[i - 1]!
  return increase
}

/** The increase over the whole window, which may begin before the first sample and end behind the last. */
function extrapolated(window: Window, resets: Resets, counter: boolean): number | undefined {
  const { value, from, to } = window
  if (to - from < 2) return undefined
  const increase = counter ? increaseOf(window, resets) : value[to - 1]! - value[from]!
  return increase * extrapolation(window, counter ? { first: value[from]!, increase } : undefined)
}

const COUNTER_NAME = /_(?:total|sum|count|bucket)$/

function suspectGauges(columns: readonly Column[], { annotations, exprs }: FunctionCall): void {
  let seen = ''
  for (const column of columns) {
    const { name } = column.labels
    if (name === seen || COUNTER_NAME.test(name)) continue
    if (column.histograms !== undefined && isEmpty(floatsOf(column))) continue
    seen = name
    const message = `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoted(name)}`
    // Prometheus loses the place of a subquery when it evaluates it.
    annotations.info(message, exprs[0]!.kind === 'subquery' ? { from: 0, to: 0 } : exprs[0]!)
  }
}
