import type { MixingNotes } from '../evaluate/mixing.ts'
import type { Histograms } from '../evaluate/values.ts'
import { added, subtracted } from '../native/arithmetic.ts'
import {
  atSchema,
  divided,
  EMPTY,
  type Histogram,
  isCustom,
  sameHistogram,
  scaled,
  trimmed,
} from '../native/histogram.ts'
import { isReset } from '../native/resets.ts'
import { HistogramTotal } from '../native/total.ts'
import { extrapolation } from './extrapolation.ts'
import { lastIncrease } from './last-increase.ts'
import type { Window } from './window.ts'

/** A window with at least one histogram in it. */
export interface MixedWindow extends Window {
  readonly histograms: Histograms
  readonly metric: string
  readonly notes: MixingNotes
}

/** The value of such a window; undefined: none. */
export type MixedRollup = (window: MixedWindow) => number | Histogram | undefined

/** The histograms of a window; undefined, and a warning, where there are floats among them. */
function histogramsIn({ histograms, from, to, notes }: MixedWindow): readonly Histogram[] | undefined {
  const inside = histograms.slice(from, to)
  if (inside.includes(undefined)) {
    notes.mixed()
    return undefined
  }
  return inside as readonly Histogram[]
}

function compact(histogram: Histogram): Histogram {
  return { ...histogram, positive: trimmed(histogram.positive), negative: trimmed(histogram.negative) }
}

/** `rate`, `increase`, `delta`: the increase, extrapolated to the edges of the window by the times and counts. */
export function nativeIncrease(kind: 'rate' | 'increase' | 'delta'): MixedRollup {
  return (window) => {
    const inside = histogramsIn(window)
    if (inside === undefined || inside.length < 2) return undefined
    const counter = kind !== 'delta'
    const increase = increaseOf(inside, counter, window)
    if (increase === undefined) return undefined
    const factor = extrapolation(window, counter ? { first: inside[0]!.count, increase: increase.count } : undefined)
    return scaled(increase, kind === 'rate' ? factor / (window.range_ms / 1000) : factor)
  }
}

function increaseOf(inside: readonly Histogram[], counter: boolean, window: MixedWindow): Histogram | undefined {
  const { notes, metric } = window
  const last = inside.at(-1)!
  let first = inside[0]!
  if (counter && inside.some(({ hint }) => hint === 'gauge')) notes.notCounter(metric)
  // What comes before a reset is not looked at: its layout does not matter.
  if (counter && isReset(first, inside[1]!)) first = { ...EMPTY, schema: inside[1]!.schema, bounds: inside[1]!.bounds }
  const looked = counter ? [first, ...inside.slice(1)] : [first, last]
  if (looked.some((one) => isCustom(one) !== isCustom(first))) {
    notes.mixedSchemas()
    return undefined
  }
  const schema = Math.min(...looked.map((one) => one.schema))
  const difference = subtracted(atSchema(last, schema), first)!
  if (difference.reconciled) notes.reconciled('subtraction')
  let increase = difference.value
  if (counter) {
    let before = first
    for (const one of inside.slice(1)) {
      if (isReset(before, one)) {
        const sum = added(increase, before)
        if (sum?.reconciled === true) notes.reconciled('addition')
        increase = sum?.value ?? increase
      }
      before = one
    }
  } else if (inside[0]!.hint !== 'gauge' || last.hint !== 'gauge') notes.notGauge(metric)
  return compact({ ...increase, hint: 'gauge' })
}

/** `irate`, `idelta`: between the last two. */
export function nativeLastIncrease(kind: 'irate' | 'idelta'): MixedRollup {
  return (window) => {
    const { histograms, time_ms, to, from, notes, metric } = window
    if (to - from < 2) return undefined
    if (histograms[to - 1] === undefined && histograms[to - 2] === undefined) return ofFloats(window, kind)
    const pair = histogramsIn({ ...window, from: to - 2 })
    if (pair === undefined) return undefined
    const [before, last] = pair as readonly [Histogram, Histogram]
    const gauges = [before, last].filter(({ hint }) => hint === 'gauge').length
    if (kind === 'irate' && gauges > 0) notes.notCounter(metric)
    if (kind === 'idelta' && gauges < 2) notes.notGauge(metric)
    let increase = histograms[to - 1]!
    if (kind === 'idelta' || !isReset(before, last)) {
      const difference = subtracted(last, before)
      if (difference === undefined) {
        notes.mixedSchemas()
        return undefined
      }
      if (difference.reconciled) notes.reconciled('subtraction')
      increase = difference.value
    }
    const gauge = compact({ ...increase, hint: 'gauge' })
    return kind === 'idelta' ? gauge : divided(gauge, (time_ms[to - 1]! - time_ms[to - 2]!) / 1000)
  }
}

function ofFloats(window: Window, kind: 'irate' | 'idelta'): number {
  const { increase, interval_ms } = lastIncrease(window, kind === 'irate')!
  return kind === 'idelta' ? increase : increase / (interval_ms / 1000)
}

/** How many neighbours differ: a float beside a histogram always does. */
export function nativeTally(kind: 'changes' | 'resets'): MixedRollup {
  const differ = kind === 'resets' ? isReset : (a: Histogram, b: Histogram) => !sameHistogram(a, b)
  return ({ histograms, value, from, to }) => {
    let count = 0
    for (let i = from + 1; i < to; i++) {
      const [before, now] = [histograms[i - 1], histograms[i]]
      if (before !== undefined && now !== undefined) count += Number(differ(before, now))
      else if (before !== undefined || now !== undefined) count++
      else if (kind === 'resets') count += Number(value[i]! < value[i - 1]!)
      else count += Number(!Object.is(value[i], value[i - 1]) && value[i] !== value[i - 1])
    }
    return count
  }
}

/** `sum_over_time`, `avg_over_time`. */
export function nativeTotal(kind: 'sum' | 'mean'): MixedRollup {
  return (window) => {
    const inside = histogramsIn(window)
    if (inside === undefined) return undefined
    const { notes } = window
    const total = new HistogramTotal()
    for (const one of inside) total.add(one)
    if (total.incompatible) notes.mixedSchemas()
    if (total.reconciled) notes.reconciled('aggregation')
    if (total.collision) notes.collision('aggregation')
    const result = total[kind]
    return result === undefined ? undefined : compact(result)
  }
}

export const firstOf: MixedRollup = ({ histograms, value, from }) => histograms[from] ?? value[from]
export const lastOf: MixedRollup = ({ histograms, value, to }) => histograms[to - 1] ?? value[to - 1]
