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

/** A shape of buckets; those between listed upper bounds (ascending, without +Inf) are all positive and begin at index 0, the last ends at +Inf. */
export interface HistogramShape extends ExponentialShape {
  /** Only where the schema is `CUSTOM_SCHEMA`. */
  readonly custom_bounds?: Float64Array
}

/** Prometheus' schema of native histograms whose bounds are listed, in place of powers. */
export const CUSTOM_SCHEMA = -53
export const MIN_SCHEMA = -4
export const MAX_SCHEMA = 8

/** The shape of a histogram whose upper bounds are listed. */
export function customShape(custom_bounds: Float64Array): HistogramShape {
  const none = { zero_threshold: 0, positive_offset: 0, negative_offset: 0, negative_count: 0 }
  return { ...none, schema: CUSTOM_SCHEMA, positive_count: custom_bounds.length + 1, custom_bounds }
}

/** An exponential shape as `bounds` of a definition: six numbers in order of `ExponentialShape`. */
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

type Defined = Pick<SeriesDefinition, 'kind' | 'bounds'>

/** Whether a row holds native histograms, as values of a series of its own name. */
export function isNative(kind: SeriesDefinition['kind']): boolean {
  return kind === 'exponential' || kind === 'custom'
}

/** The shape of a native row. */
export function shapeOf({ kind, bounds }: Defined): HistogramShape {
  return kind === 'custom' ? customShape(bounds) : shapeOfBounds(bounds)
}

/** What a native row of a shape is defined by. */
export function definedBy(shape: HistogramShape): Defined {
  const { custom_bounds } = shape
  return custom_bounds === undefined
    ? { kind: 'exponential', bounds: boundsOfShape(shape) }
    : { kind: 'custom', bounds: custom_bounds }
}

/** Counts of a native sample: zero bucket, then those above zero, then those below, each outwards from zero. */
export function bucketCount({ kind, bounds }: Defined): number {
  if (kind === 'float') return 0
  if (kind === 'histogram') return bounds.length + 1
  return kind === 'custom' ? bounds.length + 2 : 1 + bounds[3]! + bounds[5]!
}
