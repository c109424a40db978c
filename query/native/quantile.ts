import { atZero, type Bucket, bucketsOf } from './buckets.ts'
import { type Histogram, isCustom } from './histogram.ts'

/** Inside the zero bucket, and between listed bounds, observations are taken to lie evenly; else evenly on a scale of logarithms. */
function isLinear({ lower, upper }: Bucket, histogram: Histogram): boolean {
  return isCustom(histogram) || (lower <= 0 && upper >= 0)
}

/** The value below which a share `q` of observations lies (method: Prometheus). NaN of an empty one. */
export function nativeQuantile(q: number, histogram: Histogram): number {
  if (q < 0) return -Infinity
  if (q > 1) return Infinity
  if (histogram.count === 0 || Number.isNaN(q)) return NaN
  // Observations that are NaN are in no bucket: they count as the highest.
  const skewed = Number.isNaN(histogram.sum)
  const forward = skewed || q < 0.5
  const buckets = bucketsOf(histogram)
  if (!forward) buckets.reverse()
  const rank = (forward ? q : 1 - q) * histogram.count
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 }
  let reached = 0
  for (bucket of buckets) {
    reached += bucket.count
    if (reached >= rank) break
  }
  if (isCustom(histogram)) {
    if (bucket.lower === -Infinity && bucket.upper <= 0) return bucket.upper
    if (bucket.upper === Infinity) return bucket.lower
  }
  bucket = bucket.lower < 0 && bucket.upper > 0 ? atZero(bucket, histogram) : bucket
  reached = Math.min(reached, histogram.count)
  if (reached < rank) return skewed ? NaN : bucket.upper
  const inside = forward ? rank - (reached - bucket.count) : reached - rank
  return valueAt(inside / bucket.count, bucket, histogram)
}

function valueAt(share: number, bucket: Bucket, histogram: Histogram): number {
  const { lower, upper } = bucket
  if (isLinear(bucket, histogram)) return lower + (upper - lower) * share
  const [low, high] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))]
  return lower > 0 ? 2 ** (low + (high - low) * share) : -(2 ** (high + (low - high) * (1 - share)))
}

/** The share of observations between two values. */
export function nativeFraction(lower: number, upper: number, histogram: Histogram): number {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN
  if (lower >= upper) return 0
  const buckets = bucketsOf(histogram).map((bucket) => atZero(bucket, histogram))
  const between = rankOf(upper, buckets, histogram) - rankOf(lower, buckets, histogram)
  return between / histogram.count
}

/** How many observations lie below a value. */
function rankOf(value: number, buckets: readonly Bucket[], histogram: Histogram): number {
  let rank = 0
  for (const bucket of buckets) {
    if (bucket.lower >= value) return rank
    if (bucket.upper > value) return rank + bucket.count * shareBelow(value, bucket, histogram)
    rank += bucket.count
  }
  return rank
}

function shareBelow(value: number, bucket: Bucket, histogram: Histogram): number {
  const { lower, upper } = bucket
  if (lower === -Infinity) return 1
  if (isLinear(bucket, histogram)) return (value - lower) / (upper - lower)
  const [low, high, at] = [lower, upper, value].map((one) => Math.log2(Math.abs(one))) as [number, number, number]
  return value > 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high)
}

/** Variance of the observations, each taken to lie in the middle of its bucket. */
export function nativeVariance(histogram: Histogram): number {
  const mean = histogram.sum / histogram.count
  let squares = 0
  for (const { lower, upper, count } of bucketsOf(histogram)) {
    const middle = middleOf(lower, upper, isCustom(histogram))
    squares += count * (middle - mean) ** 2
  }
  return squares / histogram.count
}

function middleOf(lower: number, upper: number, custom: boolean): number {
  if (custom) return (lower + upper) / 2
  if (lower <= 0 && upper >= 0) return 0
  return Math.sqrt(lower * upper) * (upper < 0 ? -1 : 1)
}
