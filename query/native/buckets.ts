import { type Histogram, isCustom } from './histogram.ts'
import { boundOf } from './power-bounds.ts'

/** A bucket that is not empty. */
export interface Bucket {
  readonly lower: number
  readonly upper: number
  readonly count: number
}

/** All buckets that are not empty, by their bounds ascending: below zero, the zero bucket, above. */
export function bucketsOf(histogram: Histogram): Bucket[] {
  const { positive, negative, zeroCount, zeroThreshold, schema, bounds } = histogram
  const out: Bucket[] = []
  if (isCustom(histogram)) {
    for (const [i, count] of positive.counts.entries()) {
      const at = positive.offset + i
      if (count !== 0) out.push({ lower: bounds[at - 1] ?? -Infinity, upper: bounds[at] ?? Infinity, count })
    }
    return out
  }
  for (let i = negative.counts.length - 1; i >= 0; i--) {
    const [at, count] = [negative.offset + i, negative.counts[i]!]
    if (count !== 0) out.push({ lower: -boundOf(at, schema), upper: -innerBound(at, schema, zeroThreshold), count })
  }
  // Of a difference it may be negative: Prometheus shows it then as little as one that is empty.
  if (zeroCount > 0) out.push({ lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount })
  for (const [i, count] of positive.counts.entries()) {
    const at = positive.offset + i
    if (count !== 0) out.push({ lower: innerBound(at, schema, zeroThreshold), upper: boundOf(at, schema), count })
  }
  return out
}

/** Where a bucket begins: at the end of the zero bucket, if that ends in it. */
function innerBound(index: number, schema: number, zeroThreshold: number): number {
  const bound = boundOf(index - 1, schema)
  return zeroThreshold > bound && zeroThreshold < boundOf(index, schema) ? zeroThreshold : bound
}

/**
 * Where a histogram has observations on one side of zero only, its zero bucket ends at zero on the other side; the first one of listed
 * bounds begins there.
 */
export function atZero({ lower, upper, count }: Bucket, { positive, negative }: Histogram): Bucket {
  if (!(lower <= 0 && upper >= 0)) return { lower, upper, count }
  if (negative.counts.length === 0 && positive.counts.length > 0) return { lower: 0, upper, count }
  if (positive.counts.length === 0 && negative.counts.length > 0) return { lower, upper: 0, count }
  return { lower, upper, count }
}
