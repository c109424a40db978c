import { CUSTOM_SCHEMA, customShape } from '#core/exponential.ts'

import { type Fitted, fitSparse, type Run, type Unfit } from './exponential.ts'

/** Finer ones than this have no meaning to anybody. */
const FINEST = 52

/** Buckets of one side: `spans` are pairs (buckets left out since the one before, length), `counts` one a bucket. */
export interface NativeSide {
  readonly spans: ArrayLike<number>
  readonly counts: ArrayLike<number>
  /** Each count but the first is told as the difference from the one before. */
  readonly deltas: boolean
}

/** A native histogram as Prometheus sends it. */
export interface NativeHistogram {
  readonly schema: number
  readonly zero_threshold: number
  readonly zero_count: number
  readonly count: number
  /** NaN where some observation was none: then the buckets may hold less than `count`. */
  readonly sum: number
  readonly positive: NativeSide
  readonly negative: NativeSide
  /** Upper bounds without +Inf, of schema -53 alone. */
  readonly custom: ArrayLike<number>
}

interface Unpacked {
  readonly runs: readonly Run[]
  /** Of all counts. */
  readonly sum: number
}

/** Prometheus counts bucket k where OTLP counts k - 1: (base^(k-1), base^k]. */
const SHIFT = -1

function unpacked({ spans, counts, deltas }: NativeSide, first: number): Unpacked | string {
  const runs: Run[] = []
  let index = first
  let at = 0
  let count = 0
  let sum = 0
  for (let i = 0; i + 1 < spans.length; i += 2) {
    const length = spans[i + 1]!
    if (i > 0 && spans[i]! < 0) return `span ${i / 2} of a histogram begins before the one before it ends`
    if (length > counts.length - at) return 'the spans of a histogram need more buckets than it has'
    index += spans[i]!
    const run = new Float64Array(length)
    for (let j = 0; j < length; j++) {
      count = deltas ? count + counts[at++]! : counts[at++]!
      run[j] = count
      sum += count
    }
    runs.push({ offset: index, counts: run })
    index += length
  }
  if (at < counts.length) return `the spans of a histogram need ${at} buckets, and it has ${counts.length}`
  return { runs, sum }
}

function fitCustom(runs: readonly Run[], bounds: Float64Array): Fitted | Unfit {
  const shape = customShape(bounds)
  // The zero bucket, of which there is none, comes first.
  const buckets = new Float64Array(1 + shape.positive_count)
  for (const { offset, counts } of runs) {
    if (offset < 0 || offset + counts.length > shape.positive_count) {
      return { refused: `a histogram with ${bounds.length} bounds has a bucket beyond them` }
    }
    for (let i = 0; i < counts.length; i++) {
      if (!(counts[i]! >= 0 && counts[i]! < Infinity)) return { refused: 'a histogram counts below zero' }
      buckets[1 + offset + i] = counts[i]!
    }
  }
  return { shape, buckets }
}

function ascending(bounds: Float64Array): boolean {
  return bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!))
}

/** Whether the buckets hold what was counted, beyond 2^53 nearly so. Fractions have been calculated, and need not fit each other. */
function agrees({ count, sum, positive }: NativeHistogram, counted: number): boolean {
  if (!positive.deltas) return true
  const slack = 1e-9 * count
  return Number.isNaN(sum) ? counted <= count + slack : Math.abs(counted - count) <= slack
}

/**
 * The row of a native histogram, of powers or of bounds of its own. What contradicts itself is refused as Prometheus
 * refuses it. Source: Prometheus, `Histogram.Validate` of model/histogram.
 */
export function fitNative(native: NativeHistogram, limit?: number): Fitted | Unfit {
  const { schema, zero_count, zero_threshold } = native
  const custom = schema === CUSTOM_SCHEMA
  if (!custom && schema > FINEST) return { refused: `a native histogram of schema ${schema} is not known` }
  const positive = unpacked(native.positive, custom ? 0 : SHIFT)
  if (typeof positive === 'string') return { refused: positive }
  const negative = unpacked(native.negative, SHIFT)
  if (typeof negative === 'string') return { refused: negative }
  if (!(native.count >= 0 && native.count < Infinity)) return { refused: 'a histogram counts below zero' }
  const counted = positive.sum + negative.sum + zero_count
  if (!agrees(native, counted)) return { refused: `a histogram counted ${native.count}, and its buckets ${counted}` }
  if (!custom) {
    if (native.custom.length > 0) return { refused: `a histogram of schema ${schema} has custom bounds` }
    const sides = { positive: positive.runs, negative: negative.runs }
    return fitSparse({ scale: schema, zero_threshold, zero_count, ...sides }, limit)
  }
  const bounds = Float64Array.from(native.custom)
  if (!ascending(bounds)) return { refused: 'the bounds of a histogram do not ascend, or are not finite' }
  if (negative.runs.length > 0 || zero_count !== 0 || zero_threshold !== 0) {
    return { refused: 'a histogram with custom bounds has buckets at or below zero' }
  }
  return fitCustom(positive.runs, bounds)
}
