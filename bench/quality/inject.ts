import type { Draw } from './draw.ts'
import type { Series } from './series.ts'
import type { Shape } from './shapes.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type Stream } from './stream.ts'

/** A fault in the samples `from`, inclusive, to `to`, exclusive. */
export interface Fault {
  readonly shape: Shape
  readonly from: number
  readonly to: number
}

/** What a shape is made of. */
interface Place {
  readonly value: Float64Array
  readonly from: number
  readonly to: number
  /** Local scatter: what a plot would show as the thickness of the line. */
  readonly sigma: number
  readonly period: number
  readonly draw: Draw
}

type Change = (place: Place) => void

function raise(by: (place: Place) => number): Change {
  return (place) => {
    const size = by(place)
    for (let i = place.from; i < place.to; i++) place.value[i]! += size
  }
}

const CHANGE: Readonly<Record<Shape, Change>> = {
  spike: raise(({ sigma, draw }) => sigma * draw.between(8, 16)),
  dip: raise(({ sigma, draw }) => -sigma * draw.between(8, 16)),
  'level up': raise(({ sigma, draw }) => sigma * draw.between(5, 10)),
  'level down': raise(({ sigma, draw }) => -sigma * draw.between(5, 10)),
  drift({ value, from, to, sigma, draw }) {
    const size = sigma * draw.between(8, 16)
    for (let i = from; i < to; i++) value[i]! += (size * (i - from)) / (to - from)
  },
  variance({ value, from, to, sigma, draw }) {
    const size = sigma * draw.between(3, 6)
    for (let i = from; i < to; i++) value[i]! += size * draw.normal()
  },
  flat({ value, from, to }) {
    value.fill(value[from]!, from, to)
  },
  /** The same twice as fast, and what follows from the start again. */
  frequency({ value, from, to }) {
    const before = value.slice(from, to)
    for (let i = from; i < to; i++) value[i] = before[(2 * (i - from)) % before.length]!
  },
  /** A period long it stays as low as it was at the lowest, with the noise it had. */
  'missing peak'({ value, from, to, period }) {
    const past = value.slice(Math.max(0, from - period), from).toSorted()
    const low = past[Math.floor(past.length * 0.1)]!
    const lowest = past.subarray(0, Math.max(1, Math.floor(past.length * 0.2)))
    for (let i = from; i < to; i++) if (value[i]! > low) value[i] = lowest[(i * 7919) % lowest.length]!
  },
  zero({ value, from, to }) {
    value.fill(0, from, to)
  },
}

/** How long a fault lasts; in periods where that is what it is about. */
function length_ms(shape: Shape, draw: Draw, { period_ms = DAY_MS }: Stream): number {
  if (shape === 'spike' || shape === 'dip') return draw.between(1, 5) * MINUTE_MS
  if (shape === 'zero') return draw.between(20, 90) * MINUTE_MS
  if (shape === 'drift') return draw.between(4, 10) * HOUR_MS
  if (shape === 'frequency') return Math.max(6 * HOUR_MS, Math.min(period_ms, DAY_MS))
  if (shape === 'missing peak') return period_ms
  return draw.between(3, 8) * HOUR_MS
}

/** The value a share of the sorted values lies below. */
const share = (sorted: Float64Array, q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? 0

/**
 * Robust standard deviation of the samples' distance from the median of those around them (an hour each side), at
 * least 2 % of the usual size and a third of the usual step.
 */
function scatter({ time_ms, value }: Series): number {
  const step = (time_ms.at(-1)! - time_ms[0]!) / (time_ms.length - 1)
  const reach = Math.max(3, Math.round(HOUR_MS / step))
  const distance: number[] = []
  for (let i = reach; i + reach < value.length; i += Math.max(1, Math.floor(value.length / 2000))) {
    const around = value.slice(i - reach, i + reach + 1).toSorted()
    distance.push(Math.abs(value[i]! - share(around, 0.5)))
  }
  const size = share(value.map(Math.abs).toSorted(), 0.5)
  const steps = value.map((x, i) => (i === 0 ? 0 : Math.abs(x - value[i - 1]!))).filter((x) => x > 0)
  const sorted = Float64Array.from(distance).toSorted()
  return Math.max(1.4826 * share(sorted, 0.5), 0.02 * size, share(steps.toSorted(), 0.5) / 3)
}

/** Index of the first sample at or after `at_ms`. */
function sampleAt({ time_ms }: Series, at_ms: number): number {
  let [low, high] = [0, time_ms.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (time_ms[middle]! < at_ms) low = middle + 1
    else high = middle
  }
  return low
}

/** Two faults a week after the first two weeks, at least a day apart, shapes in turn; the series with them in it. */
export function inject(
  series: Series,
  { stream, draw, after_ms }: { stream: Stream; draw: Draw; after_ms: number },
): { readonly series: Series; readonly faults: readonly Fault[] } {
  const value = series.value.slice()
  const sigma = scatter(series)
  const faults: Fault[] = []
  const end_ms = series.time_ms.at(-1)!
  const every_ms = 3.5 * DAY_MS
  let turn = Math.floor(draw.uniform() * stream.faults.length)
  for (let slot_ms = series.time_ms[0]! + after_ms; slot_ms + 3 * DAY_MS <= end_ms; slot_ms += every_ms) {
    const shape = stream.faults[turn++ % stream.faults.length]!
    const start_ms = slot_ms + draw.between(0, 1.2) * DAY_MS
    const from = sampleAt(series, start_ms)
    const to = Math.max(from + 1, sampleAt(series, start_ms + length_ms(shape, draw, stream)))
    const period = from - sampleAt(series, start_ms - (stream.period_ms ?? DAY_MS))
    CHANGE[shape]({ value, from, to, sigma, period, draw })
    faults.push({ shape, from, to })
  }
  return { series: { ...series, value }, faults }
}
