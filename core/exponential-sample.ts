import { boundsOfShape, bucketCount, type ExponentialShape, MAX_SCHEMA, MIN_SCHEMA } from './exponential.ts'

/** Windows begin and end at multiples of this, so that the same row serves while data widens a little. */
const ALIGN = 16
/** Widest window of one side. */
const BUCKETS = 1024
/** Of Prometheus' clients; a zero bucket that is empty is not shown, and with it its threshold. */
const USUAL_ZERO_THRESHOLD = 2 ** -128
/** How exactly an end of a bucket must be a power of the base. */
const TOLERANCE = 1e-6

/** A native sample, and the `kind` and `bounds` of the row that it belongs to. */
export interface ExponentialSample {
  readonly kind: 'exponential' | 'custom'
  readonly bounds: Float64Array
  readonly time_ms: number
  readonly sum: number
  readonly count: number
  /** Zero, then above zero, then below (core/exponential.ts). */
  readonly buckets: Float64Array
}

/** A native histogram as results of queries show it: ends of buckets, those without observations left out. */
export interface ShownHistogram {
  readonly time_ms: number
  readonly count: number
  readonly sum: number
  readonly buckets: readonly { readonly lower: number; readonly upper: number; readonly count: number }[]
  /** As of `ResultHistogram`. */
  readonly custom_bounds?: Float64Array | undefined
}

interface Reading {
  readonly schema: number
  readonly zero_threshold: number
  readonly zero: number
  readonly positive: ReadonlyMap<number, number>
  readonly negative: ReadonlyMap<number, number>
}

/**
 * A native histogram as it is shown, by ends of buckets and not by their numbers, back as a row. Undefined where it has other than
 * standard buckets and does not say which, or too many.
 */
export function exponentialSample(shown: ShownHistogram): ExponentialSample | undefined {
  if (shown.custom_bounds !== undefined) return customSample(shown, shown.custom_bounds)
  const reading = read(shown)
  if (reading === undefined) return undefined
  const { schema, zero_threshold, zero, positive, negative } = reading
  const above = windowOf(positive)
  const below = windowOf(negative)
  if (above.count > BUCKETS || below.count > BUCKETS) return undefined
  const shape: ExponentialShape = {
    schema,
    zero_threshold,
    positive_offset: above.offset,
    positive_count: above.count,
    negative_offset: below.offset,
    negative_count: below.count,
  }
  const buckets = new Float64Array(1 + above.count + below.count)
  buckets[0] = zero
  for (const [index, count] of positive) buckets[1 + index - above.offset] = count
  for (const [index, count] of negative) buckets[1 + above.count + index - below.offset] = count
  const { time_ms, sum, count } = shown
  return { kind: 'exponential', bounds: boundsOfShape(shape), time_ms, sum, count, buckets }
}

function customSample(
  { time_ms, sum, count, buckets: shown }: ShownHistogram,
  bounds: Float64Array,
): ExponentialSample {
  const buckets = new Float64Array(bucketCount({ kind: 'custom', bounds }))
  for (const { upper, count: held } of shown) {
    const index = bounds.indexOf(upper)
    buckets[1 + (index < 0 ? bounds.length : index)] = held
  }
  return { kind: 'custom', bounds, time_ms, sum, count, buckets }
}

function read({ buckets }: ShownHistogram): Reading | undefined {
  const positive = new Map<number, number>()
  const negative = new Map<number, number>()
  let schema: number | undefined
  let [zero, zero_threshold] = [0, USUAL_ZERO_THRESHOLD]
  for (const { lower, upper, count } of buckets) {
    if (lower <= 0 && upper >= 0) {
      zero = count
      zero_threshold = upper
      continue
    }
    const [small, large] = lower > 0 ? [lower, upper] : [-upper, -lower]
    const own = schemaOf(small, large)
    if (own === undefined || (schema !== undefined && own !== schema)) return undefined
    schema = own
    const side = lower > 0 ? positive : negative
    const index = Math.log2(small) * 2 ** schema
    if (Math.abs(index - Math.round(index)) > TOLERANCE * 2 ** schema) return undefined
    // Never −0: rows are told apart by their bounds.
    side.set(Math.round(index) + 0, count)
  }
  return { schema: schema ?? 0, zero_threshold, zero, positive, negative }
}

/** From the ratio of a bucket's ends, which is the base. */
function schemaOf(small: number, large: number): number | undefined {
  const exact = -Math.log2(Math.log2(large / small))
  const schema = Math.round(exact) + 0
  if (!(schema >= MIN_SCHEMA && schema <= MAX_SCHEMA) || Math.abs(exact - schema) > 0.01) return undefined
  return schema
}

function windowOf(side: ReadonlyMap<number, number>): { readonly offset: number; readonly count: number } {
  if (side.size === 0) return { offset: 0, count: 0 }
  const first = Math.floor(Math.min(...side.keys()) / ALIGN) * ALIGN + 0
  const end = Math.floor(Math.max(...side.keys()) / ALIGN + 1) * ALIGN
  return { offset: first, count: end - first }
}
