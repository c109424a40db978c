import { CUSTOM_SCHEMA, MAX_SCHEMA, MIN_SCHEMA } from '#core/exponential.ts'

/** What a histogram knows of the one before it; `gauge` histograms may go down. */
export type ResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge'

/** Counts of neighbouring buckets; the first is that of index `offset`. */
export interface Buckets {
  readonly offset: number
  readonly counts: Float64Array
}

/**
 * A native histogram as a value. Bucket `k` of schema s covers (base^(k-1), base^k] with base 2^(2^-s), as Prometheus counts them; of
 * listed bounds it is the bucket below `bounds[k]`, the last one ends at +Inf. Never changed once it is made.
 */
export interface Histogram {
  readonly schema: number
  readonly hint: ResetHint
  readonly zeroThreshold: number
  readonly zeroCount: number
  readonly count: number
  readonly sum: number
  readonly positive: Buckets
  readonly negative: Buckets
  /** Upper bounds of buckets, ascending, without +Inf; empty unless the schema is `CUSTOM_SCHEMA`. */
  readonly bounds: Float64Array
}

export const NO_BUCKETS: Buckets = { offset: 0, counts: new Float64Array(0) }
export const NO_BOUNDS = new Float64Array(0)

export const EMPTY: Histogram = {
  schema: 0,
  hint: 'unknown',
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positive: NO_BUCKETS,
  negative: NO_BUCKETS,
  bounds: NO_BOUNDS,
}

export function isCustom({ schema }: Histogram): boolean {
  return schema === CUSTOM_SCHEMA
}

export function isKnownSchema(schema: number): boolean {
  return schema === CUSTOM_SCHEMA || (Number.isInteger(schema) && schema >= MIN_SCHEMA && schema <= MAX_SCHEMA)
}

/** The count of bucket `index`. */
export function countAt({ offset, counts }: Buckets, index: number): number {
  return counts[index - offset] ?? 0
}

/** The same without empty buckets at both ends. */
export function trimmed(buckets: Buckets): Buckets {
  const { offset, counts } = buckets
  let from = 0
  let to = counts.length
  while (from < to && counts[from] === 0) from++
  while (to > from && counts[to - 1] === 0) to--
  if (from === to) return NO_BUCKETS
  return from === 0 && to === counts.length ? buckets : { offset: offset + from, counts: counts.slice(from, to) }
}

/** Buckets of a coarser schema: 2^`by` neighbours become one. */
export function coarser({ offset, counts }: Buckets, by: number): Buckets {
  if (by === 0 || counts.length === 0) return { offset, counts }
  const width = 2 ** by
  const target = (index: number): number => Math.floor((index - 1) / width) + 1
  const first = target(offset)
  const out = new Float64Array(target(offset + counts.length - 1) - first + 1)
  for (let i = 0; i < counts.length; i++) out[target(offset + i) - first]! += counts[i]!
  return { offset: first, counts: out }
}

/** The same at a schema that is coarser or equal. */
export function atSchema(histogram: Histogram, schema: number): Histogram {
  const by = histogram.schema - schema
  if (by === 0 || isCustom(histogram)) return histogram
  return {
    ...histogram,
    schema,
    positive: coarser(histogram.positive, by),
    negative: coarser(histogram.negative, by),
  }
}

/** Every count and the sum by a factor. One that is negative makes a gauge. */
export function scaled(histogram: Histogram, factor: number): Histogram {
  return mapped(histogram, factor < 0 ? 'gauge' : histogram.hint, (value) => value * factor)
}

/** Every count and the sum divided. By zero, buckets are gone. */
export function divided(histogram: Histogram, by: number): Histogram {
  const out = mapped(histogram, by < 0 ? 'gauge' : histogram.hint, (value) => value / by)
  return by === 0 ? { ...out, positive: NO_BUCKETS, negative: NO_BUCKETS } : out
}

function mapped(histogram: Histogram, hint: ResetHint, of: (value: number) => number): Histogram {
  const buckets = ({ offset, counts }: Buckets): Buckets => ({ offset, counts: counts.map(of) })
  return {
    ...histogram,
    hint,
    zeroCount: of(histogram.zeroCount),
    count: of(histogram.count),
    sum: of(histogram.sum),
    positive: buckets(histogram.positive),
    negative: buckets(histogram.negative),
  }
}

/** Whether two hold the same, bit by bit; hints do not count. */
export function sameHistogram(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    Object.is(a.zeroCount, b.zeroCount) &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    sameNumbers(a.bounds, b.bounds) &&
    sameBuckets(a.positive, b.positive) &&
    sameBuckets(a.negative, b.negative)
  )
}

function sameBuckets(a: Buckets, b: Buckets): boolean {
  const [left, right] = [trimmed(a), trimmed(b)]
  return left.offset === right.offset && sameNumbers(left.counts, right.counts)
}

export function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]))
}
