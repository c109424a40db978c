import type { Column, Samples } from '../evaluate/values.ts'
import { quoted } from '../language/literals.ts'
import type { FunctionCall, PromqlFunction } from './function.ts'
import { type Rollup, rollup, type Window } from './rollup.ts'

/**
 * Increases over a window. Those of `rate`, `increase`, `delta` are extrapolated to the window's ends, the counters'
 * never below zero (method: Prometheus 3, windows open on the left).
 */
export const counters: readonly PromqlFunction[] = [
  rollup({
    name: 'changes',
    prepare: (samples) => tally(samples, (a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b))),
  }),
  rollup({ name: 'delta', prepare: () => (window) => extrapolated(window, undefined, false) }),
  rollup({ name: 'idelta', prepare: () => (window) => lastIncrease(window, false)?.increase }),
  rollup({
    name: 'increase',
    annotate: suspectGauges,
    prepare: (samples) => {
      const resets = resetsOf(samples.value)
      return (window) => extrapolated(window, resets, true)
    },
  }),
  rollup({
    name: 'irate',
    prepare: () => (window) => {
      const last = lastIncrease(window, true)
      return last === undefined ? undefined : last.increase / (last.interval_ms / 1000)
    },
  }),
  rollup({
    name: 'rate',
    annotate: suspectGauges,
    prepare: (samples) => {
      const resets = resetsOf(samples.value)
      return (window) => {
        const increase = extrapolated(window, resets, true)
        return increase === undefined ? undefined : increase / (window.range_ms / 1000)
      }
    },
  }),
  rollup({ name: 'resets', prepare: (samples) => tally(samples, (a, b) => b < a) }),
]

/** How many neighbours of a window satisfy `counts`, from one pass over the series. */
function tally({ value }: Samples, counts: (a: number, b: number) => boolean): Rollup {
  const before = new Uint32Array(value.length)
  for (let i = 1; i < value.length; i++) before[i] = before[i - 1]! + (counts(value[i - 1]!, value[i]!) ? 1 : 0)
  return ({ from, to }) => before[to - 1]! - before[from]!
}

/** For each sample how many resets came up to it: a window without any needs no second look. */
function resetsOf(value: Float64Array): Uint32Array {
  const resets = new Uint32Array(value.length)
  for (let i = 1; i < value.length; i++) resets[i] = resets[i - 1]! + (value[i]! < value[i - 1]! ? 1 : 0)
  return resets
}

function increaseOf({ value, from, to }: Window, resets: Uint32Array | undefined): number {
  let increase = value[to - 1]! - value[from]!
  if (resets === undefined || resets[to - 1] === resets[from]) return increase
  for (let i = from + 1; i < to; i++) if (value[i]! < value[i - 1]!) increase += value[i - 1]!
  return increase
}

/**
 * The increase over the whole window. A gap to an edge of less than 1.1 average intervals is bridged, of a longer one
 * half an interval; backwards a counter not past the time at which it would have been zero.
 */
function extrapolated(window: Window, resets: Uint32Array | undefined, counter: boolean): number | undefined {
  const { time_ms, value, from, to, end_ms, range_ms } = window
  if (to - from < 2) return undefined
  const increase = increaseOf(window, resets)
  const sampled_s = (time_ms[to - 1]! - time_ms[from]!) / 1000
  const interval_s = sampled_s / (to - from - 1)
  const bridge = (gap_s: number): number => (gap_s >= interval_s * 1.1 ? interval_s / 2 : gap_s)
  let start_s = bridge((time_ms[from]! - (end_ms - range_ms)) / 1000)
  if (counter && increase > 0 && value[from]! >= 0) start_s = Math.min(start_s, sampled_s * (value[from]! / increase))
  const end_s = bridge((end_ms - time_ms[to - 1]!) / 1000)
  return increase * ((sampled_s + start_s + end_s) / sampled_s)
}

/** Between the last two samples. After a reset a counter began at zero. */
function lastIncrease(
  { time_ms, value, from, to }: Window,
  counter: boolean,
): { increase: number; interval_ms: number } | undefined {
  if (to - from < 2) return undefined
  const [before, last] = [value[to - 2]!, value[to - 1]!]
  const increase = counter && last < before ? last : last - before
  return { increase, interval_ms: time_ms[to - 1]! - time_ms[to - 2]! }
}

const COUNTER_NAME = /_(?:total|sum|count|bucket)$/

function suspectGauges(columns: readonly Column[], { annotations, exprs }: FunctionCall): void {
  let seen = ''
  for (const { labels } of columns) {
    const { name } = labels
    if (name === seen || COUNTER_NAME.test(name)) continue
    seen = name
    const message = `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoted(name)}`
    annotations.info(message, exprs[0]!)
  }
}
