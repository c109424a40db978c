import { type Buckets, type Histogram, trimmed } from './histogram.ts'
import { boundOf } from './power-bounds.ts'

/** A histogram whose zero bucket reaches at least to `threshold`: further where that lies inside a bucket that is not empty. */
export function withZeroThreshold(histogram: Histogram, threshold: number): Histogram {
  const { zeroCount, zeroThreshold, positive, negative, schema } = histogram
  if (threshold <= zeroThreshold) return histogram
  let widened = threshold
  for (;;) {
    const above = reaching(positive, schema, widened)
    const below = reaching(negative, schema, widened)
    const next = Math.max(above.bound, below.bound)
    if (next <= widened) {
      return {
        ...histogram,
        zeroThreshold: widened,
        zeroCount: zeroCount + above.count + below.count,
        positive: above.rest,
        negative: below.rest,
      }
    }
    widened = next
  }
}

/** Both with the same zero bucket. */
export function withSameZero(a: Histogram, b: Histogram): [Histogram, Histogram] {
  let [left, right] = [a, b]
  while (left.zeroThreshold !== right.zeroThreshold) {
    left = withZeroThreshold(left, right.zeroThreshold)
    right = withZeroThreshold(right, left.zeroThreshold)
  }
  return [left, right]
}

/** What lies below `threshold`: how much, up to which bound, and the buckets that are left. */
function reaching(
  { offset, counts }: Buckets,
  schema: number,
  threshold: number,
): { count: number; bound: number; rest: Buckets } {
  let count = 0
  let bound = 0
  let taken = 0
  while (taken < counts.length && boundOf(offset + taken - 1, schema) < threshold) {
    const one = counts[taken]!
    if (one !== 0) {
      count += one
      bound = boundOf(offset + taken, schema)
    }
    taken++
  }
  return { count, bound, rest: trimmed({ offset: offset + taken, counts: counts.slice(taken) }) }
}
