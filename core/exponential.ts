import type { SeriesDefinition } from './series.ts'

/**
 * The shape of an exponential histogram row: `schema` s (Prometheus' name; OTLP's scale) gives the base 2^(2^-s); bucket
 * `k` covers (base^k, base^(k+1)], OTLP's indexes. A row holds a window of buckets on each side of zero. A sample whose
 * window does not fit is a sample of another row with the same labels: readers merge them.
 */
export interface ExponentialShape {
  /** -4 to 8, as Prometheus has it: finer ones are merged down first. */
  readonly schema: number
  /** Values of at most this magnitude are in the zero bucket. */
  readonly zero_threshold: number
  /** Index of the first bucket above zero, and how many there are. */
  readonly positive_offset: number
  readonly positive_count: number
  readonly negative_offset: number
  readonly negative_count: number
}

export const MIN_SCHEMA = -4
export const MAX_SCHEMA = 8

/** The shape as `bounds` of a definition: six numbers in order of `ExponentialShape`. */
export function boundsOfShape(shape: ExponentialShape): Float64Array {
  return Float64Array.of(
    shape.schema,
    shape.zero_threshold,
    shape.positive_offset,
    shape.positive_count,
    shape.negative_offset,
    shape.negative_count,
  )
}

export function shapeOfBounds(bounds: Float64Array): ExponentialShape {
  const [schema, zero_threshold, positive_offset, positive_count, negative_offset, negative_count] = bounds
  return {
    schema: schema!,
    zero_threshold: zero_threshold!,
    positive_offset: positive_offset!,
    positive_count: positive_count!,
    negative_offset: negative_offset!,
    negative_count: negative_count!,
  }
}

/** Counts of an exponential sample: zero bucket, then those above zero, then those below, each outwards from zero. */
export function bucketCount({ kind, bounds }: Pick<SeriesDefinition, 'kind' | 'bounds'>): number {
  if (kind === 'float') return 0
  return kind === 'histogram' ? bounds.length + 1 : 1 + bounds[3]! + bounds[5]!
}
