import { type HistogramShape, MAX_SCHEMA, MIN_SCHEMA } from '#core/exponential.ts'

/** Counts of adjacent buckets, not cumulative: `counts[i]` belongs to bucket `offset + i`, as OTLP counts them. */
export interface Run {
  readonly offset: number
  readonly counts: ArrayLike<number>
}

/** An exponential histogram as OTLP has it: dense on each side of zero. */
export interface ExponentialSample {
  /** The base is 2^(2^-scale). SDKs begin at 20. */
  readonly scale: number
  readonly zero_threshold: number
  readonly zero_count: number
  readonly positive: Run
  readonly negative: Run
}

/** The same, where buckets come in several runs on each side. */
export interface SparseSample extends Pick<ExponentialSample, 'scale' | 'zero_threshold' | 'zero_count'> {
  readonly positive: readonly Run[]
  readonly negative: readonly Run[]
}

/** A sample in the form of a row. */
export interface Fitted {
  readonly shape: HistogramShape
  /** In the order of `bucketCount`: zero, above zero, below zero. */
  readonly buckets: Float64Array
}

/** Why a histogram cannot be taken, for its sender. */
export interface Unfit {
  readonly refused: string
}

/** Twice what SDKs send on each side. */
const BUCKETS = 320
/** Windows begin and end at multiples of this: a row stays the same while its data widens a little. */
const STEP = 16
/** Larger ones say no more: every index is 0 or -1 then. */
const MAX_SHIFT = 60

/** Indexes from `from` up to, not including, `to`; both 0 where nothing was counted. */
interface Window {
  readonly from: number
  readonly to: number
}

const NOTHING: Window = { from: 0, to: 0 }

/** Where something was counted. */
function extent(runs: readonly Run[]): Window {
  let from = Infinity
  let to = -Infinity
  for (const { offset, counts } of runs) {
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] === 0) continue
      from = Math.min(from, offset + i)
      to = Math.max(to, offset + i + 1)
    }
  }
  return from < to ? { from, to } : NOTHING
}

/** The window of `shift` schemas below, aligned. */
function aligned({ from, to }: Window, shift: number): Window {
  if (from === to) return NOTHING
  const wide = 2 ** shift
  return {
    from: Math.floor(Math.floor(from / wide) / STEP) * STEP,
    to: Math.ceil((Math.floor((to - 1) / wide) + 1) / STEP) * STEP,
  }
}

/** Adds the counts of all runs to `buckets`, whose entry `at` is bucket `first`. */
function place(runs: readonly Run[], shift: number, first: number, buckets: Float64Array, at: number): void {
  const wide = 2 ** shift
  for (const { offset, counts } of runs) {
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] !== 0) buckets[at + Math.floor((offset + i) / wide) - first]! += counts[i]!
    }
  }
}

function countsAreSound(runs: readonly Run[]): boolean {
  for (const { counts } of runs)
    for (let i = 0; i < counts.length; i++) if (!(counts[i]! >= 0 && counts[i]! < Infinity)) return false
  return true
}

function unsound({ scale, zero_threshold, zero_count, positive, negative }: SparseSample): string | undefined {
  if (scale < MIN_SCHEMA) return `an exponential histogram of scale ${scale}: ${MIN_SCHEMA} is the coarsest`
  if (!(zero_threshold >= 0 && zero_threshold < Infinity))
    return `the zero threshold of a histogram is ${zero_threshold}`
  const sound = zero_count >= 0 && zero_count < Infinity && countsAreSound(positive) && countsAreSound(negative)
  return sound ? undefined : 'a histogram counts below zero'
}

/**
 * The row that a sample belongs to, and its counts in it. Finer schemas than 8 are merged down, and as far as is needed for `limit`
 * buckets: bucket `k` goes into `k >> 1` of the schema below, so that no count is lost. The window is that of what was counted, widened
 * to multiples of 16. Source: OpenTelemetry metrics data model, Exponential Histogram.
 */
export function fitSparse(sample: SparseSample, limit = BUCKETS): Fitted | Unfit {
  const refused = unsound(sample)
  if (refused !== undefined) return { refused }
  const { scale, zero_threshold, zero_count } = sample
  const [above, below] = [extent(sample.positive), extent(sample.negative)]
  for (let schema = Math.min(scale, MAX_SCHEMA); schema >= MIN_SCHEMA; schema--) {
    const shift = Math.min(scale - schema, MAX_SHIFT)
    const [positive, negative] = [aligned(above, shift), aligned(below, shift)]
    const positive_count = positive.to - positive.from
    const negative_count = negative.to - negative.from
    if (1 + positive_count + negative_count > limit) continue
    const buckets = new Float64Array(1 + positive_count + negative_count)
    buckets[0] = zero_count
    place(sample.positive, shift, positive.from, buckets, 1)
    place(sample.negative, shift, negative.from, buckets, 1 + positive_count)
    const [positive_offset, negative_offset] = [positive.from, negative.from]
    const shape = { schema, zero_threshold, positive_offset, positive_count, negative_offset, negative_count }
    return { shape, buckets }
  }
  return { refused: `an exponential histogram needs more than ${limit} buckets` }
}

/** `fitSparse` of a sample as OTLP has it. */
export function fitExponential(sample: ExponentialSample, limit = BUCKETS): Fitted | Unfit {
  return fitSparse({ ...sample, positive: [sample.positive], negative: [sample.negative] }, limit)
}
