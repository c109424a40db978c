import type { Bucket } from './buckets.ts'
import { type Buckets, type Histogram, isCustom, trimmed } from './histogram.ts'
import { boundOf } from './power-bounds.ts'

/** The side of the threshold that is kept. */
export type Side = 'below' | 'above'

/** What is left of a bucket, and the value that stands for its observations. */
interface Rest {
  readonly count: number
  readonly middle: number
}

const NOTHING: Rest = { count: 0, middle: 0 }

/**
 * The observations on one side of a threshold. In a bucket that it cuts they are taken to lie evenly, of exponential ones on a scale of
 * logarithms. Where anything goes the sum is that of the middles of what is left (method: Prometheus).
 */
export function cut(histogram: Histogram, threshold: number, side: Side): Histogram {
  const total = new Total()
  const restOf = restIn(histogram, threshold, side)
  const of = ({ offset, counts }: Buckets, bounds: (index: number) => readonly [number, number]): Buckets => {
    const left = counts.map((count, i) => {
      const [lower, upper] = bounds(offset + i)
      return total.add(count, count === 0 ? NOTHING : restOf({ lower, upper, count }))
    })
    return trimmed({ offset, counts: left })
  }
  const { schema, bounds, zeroCount } = histogram
  const positive = isCustom(histogram)
    ? of(histogram.positive, (i) => [bounds[i - 1] ?? -Infinity, bounds[i] ?? Infinity])
    : of(histogram.positive, (i) => [boundOf(i - 1, schema), boundOf(i, schema)])
  const negative = of(histogram.negative, (i) => [-boundOf(i, schema), -boundOf(i - 1, schema)])
  const zero = total.add(zeroCount, zeroCount === 0 ? NOTHING : zeroRest(histogram, threshold, side))
  if (!total.changed) return histogram
  return { ...histogram, positive, negative, zeroCount: zero, count: total.count, sum: total.sum }
}

/** Count and sum of what is left. */
class Total {
  count = 0
  sum = 0
  changed = false

  add(before: number, { count, middle }: Rest): number {
    this.changed ||= count !== before
    this.count += count
    if (count !== 0) this.sum += count * middle
    return count
  }
}

function restIn(histogram: Histogram, threshold: number, side: Side): (bucket: Bucket) => Rest {
  if (Number.isNaN(threshold)) return () => NOTHING
  if (isCustom(histogram)) return (bucket) => customRest(bucket, threshold, side)
  return (bucket) => exponentialRest(bucket, threshold, side)
}

const log = (value: number): number => Math.log2(Math.abs(value))

function exponentialRest(bucket: Bucket, threshold: number, side: Side): Rest {
  const sign = bucket.upper <= 0 ? -1 : 1
  return rest(bucket, { threshold, side }, (from, to) => ({
    count: (bucket.count * (log(to) - log(from))) / (log(bucket.upper) - log(bucket.lower)),
    middle: sign * Math.sqrt(from * to),
  }))
}

/** The zero bucket ends at zero on a side on which there is nothing else. */
function zeroRest({ zeroThreshold, zeroCount, positive, negative }: Histogram, threshold: number, side: Side): Rest {
  if (Number.isNaN(threshold)) return { count: NaN, middle: NaN }
  const [above, below] = [positive.counts.length > 0, negative.counts.length > 0]
  const lower = above && !below ? 0 : -zeroThreshold
  const upper = below && !above ? 0 : zeroThreshold
  return linearRest({ lower, upper, count: zeroCount }, threshold, side)
}

/** A bucket without an end is never cut in two; the first one begins at zero if it ends above. */
function customRest({ lower, upper, count }: Bucket, threshold: number, side: Side): Rest {
  if (upper === Infinity) {
    if (side === 'below') return threshold === Infinity ? { count, middle: lower } : NOTHING
    return threshold === Infinity ? NOTHING : { count, middle: Math.max(lower, threshold) }
  }
  if (lower > -Infinity) return linearRest({ lower, upper, count }, threshold, side)
  if (threshold === -Infinity) return side === 'below' ? NOTHING : { count, middle: upper }
  if (upper > 0) return threshold < 0 ? NOTHING : linearRest({ lower: 0, upper, count }, threshold, side)
  return side === 'below' ? { count, middle: Math.min(upper, threshold) } : NOTHING
}

function linearRest(bucket: Bucket, threshold: number, side: Side): Rest {
  return rest(bucket, { threshold, side }, (from, to) => ({
    count: (bucket.count * (to - from)) / (bucket.upper - bucket.lower),
    middle: (from + to) / 2,
  }))
}

interface Cut {
  readonly threshold: number
  readonly side: Side
}

function rest(
  { lower, upper, count }: Bucket,
  { threshold, side }: Cut,
  part: (from: number, to: number) => Rest,
): Rest {
  const whole = (): Rest => ({ count, middle: part(lower, upper).middle })
  // A bucket of zeros alone is above zero, not below.
  if (lower >= threshold) return side === 'below' ? NOTHING : whole()
  if (upper <= threshold) return side === 'below' ? whole() : NOTHING
  return side === 'below' ? part(lower, threshold) : part(threshold, upper)
}
