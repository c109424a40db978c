/** Counts nearer than this (relative) are taken for equal: sums of floats in other order differ by that much. */
const TOLERANCE = 1e-12

export interface BucketQuantile {
  readonly value: number
  /** The counts went down by more than rounding, and were raised. */
  readonly fixed: boolean
}

/**
 * Quantile of cumulative counts by linear interpolation inside a bucket; the first bucket begins at 0 when its bound
 * is positive. NaN without a bucket of +Inf, without two buckets, or without observations; the highest finite bound
 * when it lies in the last. `counts` is made monotonic in place (method: Prometheus).
 */
export function bucketQuantile(q: number, allBounds: Float64Array, allCounts: Float64Array): BucketQuantile {
  if (Number.isNaN(q)) return { value: NaN, fixed: false }
  if (q < 0) return { value: -Infinity, fixed: false }
  if (q > 1) return { value: Infinity, fixed: false }
  if (allBounds.at(-1) !== Infinity) return { value: NaN, fixed: false }
  const length = coalesce(allBounds, allCounts)
  const bounds = allBounds.subarray(0, length)
  const counts = allCounts.subarray(0, length)
  const fixed = makeMonotonic(counts)
  const observations = counts[length - 1]!
  if (length < 2 || observations === 0 || Number.isNaN(observations)) return { value: NaN, fixed }
  return { value: interpolate(q * observations, bounds, counts), fixed }
}

function interpolate(rank: number, bounds: Float64Array, counts: Float64Array): number {
  const last = bounds.length - 1
  let bucket = 0
  while (bucket < last && !(counts[bucket]! >= rank)) bucket++
  if (bucket === last) return bounds[last - 1]!
  if (bucket === 0 && bounds[0]! <= 0) return bounds[0]!
  const start = bucket === 0 ? 0 : bounds[bucket - 1]!
  const below = bucket === 0 ? 0 : counts[bucket - 1]!
  return start + (bounds[bucket]! - start) * ((rank - below) / (counts[bucket]! - below))
}

/** Buckets of one bound, written in two ways (`1`, `1.0`), are added. Returns how many are left. */
function coalesce(bounds: Float64Array, counts: Float64Array): number {
  let last = 0
  for (let i = 1; i < bounds.length; i++) {
    if (bounds[i] === bounds[last]) counts[last]! += counts[i]!
    else {
      last++
      bounds[last] = bounds[i]!
      counts[last] = counts[i]!
    }
  }
  return last + 1
}

function makeMonotonic(counts: Float64Array): boolean {
  let fixed = false
  for (let i = 1; i < counts.length; i++) {
    const [before, count] = [counts[i - 1]!, counts[i]!]
    if (count === before) continue
    const near = Math.abs(count - before) < TOLERANCE * Math.min(Math.abs(count) + Math.abs(before), Number.MAX_VALUE)
    if (near) counts[i] = before
    else if (count < before) {
      counts[i] = before
      fixed = true
    }
  }
  return fixed
}

/**
 * The share of observations between two values, evenly spread inside each bucket; what lies beyond the highest finite bound is nowhere.
 * NaN without a bucket of +Inf or without observations. Counts that go down are taken as they are, up to that of all (method: Prometheus).
 */
export function bucketFraction(
  [from, to]: readonly [number, number],
  allBounds: Float64Array,
  allCounts: Float64Array,
): number {
  if (allBounds.at(-1) !== Infinity || Number.isNaN(from) || Number.isNaN(to)) return NaN
  const length = coalesce(allBounds, allCounts)
  const bounds = allBounds.subarray(0, length)
  const counts = allCounts.subarray(0, length)
  const observations = counts[length - 1]!
  if (observations === 0 || Number.isNaN(observations)) return NaN
  if (from >= to) return 0
  const below = (value: number): number => {
    const rank = rankOf(value, bounds, counts)
    return rank > observations ? observations : rank
  }
  return (below(to) - below(from)) / observations
}

/** How many observations lie below a value. */
function rankOf(value: number, bounds: Float64Array, counts: Float64Array): number {
  let below = 0
  for (let i = 0; i < bounds.length; i++) {
    const start = i > 0 ? bounds[i - 1]! : bounds[0]! > 0 ? 0 : -Infinity
    const end = bounds[i]!
    const count = counts[i]!
    if (value <= start) return below
    if (value < end) {
      if (start === -Infinity) return count
      return below + (count - below) * ((value - start) / (end - start))
    }
    below = count
  }
  return below
}
