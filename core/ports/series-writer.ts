import type { Exemplar, SampleBatch } from '../sample.ts'
import type { Labels, SeriesDefinition, SeriesId } from '../series.ts'
import type { MetricMetadata } from './series-reader.ts'

/** Why a sample was not stored as the newest of its series. Every outcome is counted. */
export const SAMPLE_OUTCOMES = [
  'stored',
  'stored_late',
  'duplicate',
  'too_old',
  'too_far_ahead',
  'late_refused',
] as const

export type SampleOutcome = (typeof SAMPLE_OUTCOMES)[number]

export interface AppendResult {
  /** Number of samples by outcome. `stored_late`: older than the newest, inside `limits.out_of_order`; not judged. */
  readonly counts: Readonly<Record<SampleOutcome, number>>
  /** Histogram samples among those that are not in the store now; a duplicate is in it. */
  readonly refused_histograms: number
  /** One flag a float sample, then one a histogram sample: 1 where it is the new newest of its series. A view. */
  readonly fresh: Uint8Array
  /** Exemplars of the batch that were not known. */
  readonly exemplars: readonly Exemplar[]
}

/** The newest sample of a series. `values`: the value; of a histogram sum, count, then a count a bucket. */
export interface NewestSample {
  readonly time_ms: number
  readonly values: Float64Array
}

/** The newest sample of an exponential histogram. `bounds`: the shape that its counts have. */
export interface NewestExponential extends NewestSample {
  readonly bounds: Float64Array
}

/** How the newest samples of a series came. */
export interface Pulse {
  /** The longest time between two of them; NaN where there are too few. */
  readonly longest_ms: number
  /** Whether the newest marks the series stale. */
  readonly stale: boolean
}

export interface SeriesWriter {
  /**
   * The id of a series, made when new. Throws `ServiceError('too_large')` where a limit (series in all or per metric, labels,
   * label length) refuses a new one: the caller rejects the point and goes on.
   */
  resolve(definition: SeriesDefinition): SeriesId
  /** What a metric is, told beside its series: what a listing of metrics shows. Nothing where there is no such metric. */
  describe?(metadata: MetricMetadata): void
  /** The definition under which an id was made. A bug for an id that is gone. */
  definition(id: SeriesId): SeriesDefinition
  /**
   * Grows when series that have ended are about to go: who keeps ids from request to request then resolves those again that are not live any
   * more, before he uses them. Undefined where no series ever goes.
   */
  readonly generation?: number | undefined
  /** Whether an id that was kept may be used without resolving it again. */
  isLive?(id: SeriesId): boolean
  /** Tells of ids that are gone for good: none of them comes again. */
  onRemoved?(listener: (ids: readonly SeriesId[]) => void): void
  /** Undefined where there is none, or where it marks the series stale. */
  newest(id: SeriesId): NewestSample | undefined
  /** Undefined for an id that is gone. Not there: nothing is known. */
  pulse?(id: SeriesId): Pulse | undefined
  /** The newest of an exponential histogram, whose samples are in several series: one a shape. Not there: nothing is known. */
  newestExponential?(labels: Labels): NewestExponential | undefined
  /** The series of the newest sample of a histogram, whatever its shape; undefined where that marks its end. Not there: nothing is known. */
  newestHistogram?(labels: Labels): SeriesId | undefined
  /**
   * Stores what is acceptable: retention and out-of-order window behind, `limits.ahead` beyond analysis time ahead.
   * A sample equal to a stored one is a duplicate; of two with one time and two values the first stays.
   */
  append(batch: SampleBatch): AppendResult
}
