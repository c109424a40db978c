import type { Labels } from '../series.ts'
import type { Matcher } from './series-reader.ts'

/** A bucket of a histogram that is not empty. `bounds`: which ends belong to it (0 the upper, 1 the lower, 2 none, 3 both). */
export interface ResultBucket {
  readonly bounds: 0 | 1 | 2 | 3
  readonly lower: number
  readonly upper: number
  readonly count: number
}

/** A native histogram as a value of a result; buckets in ascending order. */
export interface ResultHistogram {
  readonly count: number
  readonly sum: number
  readonly buckets: readonly ResultBucket[]
  /** Where the bounds of buckets are listed, all of them without +Inf; not there where they are powers, or a peer did not say. */
  readonly custom_bounds?: Float64Array | undefined
}

/** One series of a result: parallel columns, only the steps that have a value. */
export interface ResultSeries {
  readonly labels: Labels
  readonly time_ms: Float64Array
  readonly value: Float64Array
  /** Points of the series that are native histograms, ascending; their times are not among `time_ms`. */
  readonly histograms?: readonly { readonly time_ms: number; readonly value: ResultHistogram }[]
}

/** `series` ordered by label set unless the expression sorts. A vector's series have one point each. */
export type QueryResult =
  | {
      readonly type: 'vector' | 'matrix'
      readonly series: readonly ResultSeries[]
      readonly warnings: readonly string[]
      readonly infos: readonly string[]
    }
  | {
      readonly type: 'scalar'
      readonly time_ms: number
      readonly value: number
      readonly warnings: readonly string[]
      readonly infos: readonly string[]
    }
  | {
      readonly type: 'string'
      readonly time_ms: number
      readonly value: string
      readonly warnings: readonly string[]
      readonly infos: readonly string[]
    }

export interface QueryOptions {
  /** Default 5 min. */
  readonly lookback_ms?: number
  readonly timeout_ms?: number
  readonly signal?: AbortSignal
  /** Everything else waits for the answer: others get no share of the time meanwhile. */
  readonly at_once?: boolean
  /** Told what it took, once the result is there. */
  readonly stats?: (stats: QueryStats) => void
}

/** What a query took. */
export interface QueryStats {
  /** Until its samples were found, for its operators, and for the result in its order. */
  readonly preparing_ms: number
  readonly evaluating_ms: number
  readonly sorting_ms: number
  /** Samples that were looked at, once for each step at which they were. */
  readonly samples: number
  /** The most that it held at once. */
  readonly peak_bytes: number
}

export interface RangeOptions extends QueryOptions {
  /** Where samples are gone, summaries of 5 min or 1 h may answer for them, if every step is at a multiple of that. */
  readonly rollups?: boolean
  readonly from_ms: number
  readonly to_ms: number
  readonly step_ms: number
}

/** A selector of an expression, with how far back from a step its samples may lie (lookback or range, plus offset). */
export interface SelectorInfo {
  readonly matchers: readonly Matcher[]
  readonly reach_ms: number
  /** Of that, the range over which samples are put together (`[5m]`); 0 or absent where the newest one counts. */
  readonly window_ms?: number
}

export interface ExpressionInfo {
  readonly type: 'vector' | 'matrix' | 'scalar' | 'string'
  readonly selectors: readonly SelectorInfo[]
  /** Set where the whole expression is one plain instant selector: its samples may be scored as they arrive. */
  readonly plain: readonly Matcher[] | null
  /** Of its values, in UCUM (`s`, `By/s`), as far as names of metrics tell; else ''. */
  readonly unit: string
}

/**
 * PromQL. Errors are `ServiceError`: `bad_data` (does not parse or type-check, or names what is not supported),
 * `execution` (many-to-many match, too many samples), `timeout`, `canceled`. An upstream is the same port over HTTP.
 */
export interface QueryEngine {
  instant(expr: string, time_ms: number, options?: QueryOptions): Promise<QueryResult>
  range(expr: string, options: RangeOptions): Promise<QueryResult>
  /** Parses and checks without evaluating. */
  inspect(expr: string): ExpressionInfo
  /** The expression in canonical form, long parts on lines of their own. */
  format(expr: string): string
  /** `name{a="b"}` as matchers; `bad_data` for anything else. */
  matchers(selector: string): readonly Matcher[]
}
