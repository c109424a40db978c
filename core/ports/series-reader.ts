import type { HistogramShape } from '../exponential.ts'
import type { Labels, MetricType } from '../series.ts'
import type { Steps } from '../steps.ts'

export const MATCH_OPERATORS = ['=', '!=', '=~', '!~'] as const

/** A label matcher. Regexes are RE2, anchored at both ends, `.` matches a newline. An absent label equals ''. */
export interface Matcher {
  readonly name: string
  readonly op: (typeof MATCH_OPERATORS)[number]
  readonly value: string
}

/** In place of the index of a shape: this sample is a float. */
export const FLOAT_SAMPLE = 0xff_ff_ff_ff

/**
 * Native histograms beside the float columns of a slice, one a sample: sample `i` has the shape
 * `shapes[shape[i]]` and owns `buckets[start[i]] … buckets[start[i + 1]]` in the order of `bucketCount`.
 */
export interface HistogramSlice {
  readonly sum: Float64Array
  readonly count: Float64Array
  readonly shapes: readonly HistogramShape[]
  readonly shape: Uint32Array
  readonly start: Uint32Array
  readonly buckets: Float64Array
  /** What is known of resets, an index into `RESET_HINTS` a sample; not there: nothing is. */
  readonly hint?: Uint8Array
}

/** Whether a histogram is known to begin anew, to go on, or to be no counter at all. */
export const RESET_HINTS = ['unknown', 'reset', 'not_reset', 'gauge'] as const

/** An exemplar found for a series. */
export interface ExemplarSlice {
  readonly labels: Labels
  /** In ascending time. */
  readonly exemplars: readonly { readonly labels: Labels; readonly value: number; readonly time_ms: number }[]
}

/**
 * Samples of one series in ascending time. A histogram row appears as its `_bucket{le}`, `_sum`, `_count` series; an
 * exponential one also under its own name, with `histograms`: `value` means nothing there.
 */
export interface SeriesSlice {
  readonly labels: Labels
  readonly time_ms: Float64Array
  readonly value: Float64Array
  /** 1 where the series was marked stale at that time (the value means nothing). */
  readonly stale: Uint8Array
  /** How many samples each stands for, where some are rollups; not there: one each. */
  readonly weight?: Float64Array
  readonly histograms?: HistogramSlice
}

/** 5 min or 1 h. */
export type RollupResolution = 300_000 | 3_600_000

/** What of a rollup stands for its samples. */
export type RollupValue = 'last' | 'min' | 'max' | 'sum'

export interface RollupChoice {
  readonly resolution_ms: RollupResolution
  readonly value: RollupValue
}

export interface MetricMetadata {
  readonly name: string
  readonly type: MetricType
  readonly unit: string
  readonly help: string
}

/** Range of time both ends included, ms. */
export interface TimeRange {
  readonly from_ms: number
  readonly to_ms: number
}

/** Where the samples of some series lie. */
export interface Extent extends TimeRange {
  /** About how many series; not there: nobody knows. */
  readonly series?: number
}

/** How a selection is read that takes turns with other work. */
export interface SelectOptions {
  /** Only the newest sample of each series in the range is needed: older ones may be left out. */
  readonly newest?: boolean
  /** Where samples of a float series are gone, rollups may stand for them, each at the time of its last sample. Only where no histogram matches. */
  readonly rollups?: RollupChoice | undefined
  /** The arrays of a batch are only read until the next is asked for: they may be used again for that. */
  readonly passing?: boolean
  /** Told how many series match and about how many samples they have in the range, before any is read, the latter perhaps later, 0 until then; may throw. */
  readonly admit?: (series: number, samples: number) => void
}

/** Series that were read together. */
export interface SeriesBatch {
  readonly slices: readonly SeriesSlice[]
  /** How much work it was, as the number of samples that cost as much. */
  readonly read: number
}

/**
 * Reads series. Synchronous over memory (a worker has its own reader over the same columns); results are copies and
 * ordered by label set (name by name, value by value), so that equal content answers equal.
 */
export interface SeriesReader {
  /** Series without a sample in the range are left out. */
  select(matchers: readonly Matcher[], range: TimeRange): SeriesSlice[]
  /**
   * The same in batches, with a turn for others at each `yield`: a series that is read later has what came meanwhile. A batch may be
   * without series. Not there: `select` does it at once.
   */
  selecting?(matchers: readonly Matcher[], range: TimeRange, options?: SelectOptions): Generator<SeriesBatch, void>
  /** Label sets of series that have a sample in the range (all series when none is given). */
  labelSets(matchers: readonly Matcher[], range?: TimeRange): Labels[]
  /**
   * The same in batches, some of which may be empty, with a turn for others at each `yield`: a series that ends meanwhile may be left out. Not there:
   * `labelSets` finds all at once.
   */
  listing?(matchers: readonly Matcher[], range?: TimeRange): Generator<readonly Labels[], void>
  /**
   * Names of labels of those series, each once, in order; in steps, as `listing` is. Not there: `labelNamesOf` (`core/label-listing.ts`) finds them in
   * the label sets.
   */
  labelNames?(matchers: readonly Matcher[], range?: TimeRange): Steps<string[]>
  /** Values that the label has in those series, each once, in order; in steps. */
  labelValues?(name: string, matchers: readonly Matcher[], range?: TimeRange): Steps<string[]>
  /**
   * Event time of the oldest and newest sample of the matching series; null when there is none. Cheap. Where it does not matter which of those at
   * or before `enough_ms` is the oldest, any of them may be given.
   */
  extent(matchers: readonly Matcher[], enough_ms?: number): Extent | null
  metadata(): MetricMetadata[]
  /** Exemplars of the matching series, ordered by label set. None where a reader keeps none. */
  exemplars?(matchers: readonly Matcher[], range: TimeRange): ExemplarSlice[]
}
