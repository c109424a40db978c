/** Something read only where it is not known yet. */
export interface Source {
  /** Equal keys mean equal content; equal content may have several keys (order, encoding). */
  key(): string
  /** In the form of OTLP/JSON. Throws `ServiceError('bad_data')`. */
  read(): unknown
}

export const METRIC_DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const

export interface MetricHeader {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly data: (typeof METRIC_DATA)[number]
  /** 0 unspecified, 1 delta, 2 cumulative; 0 where the data has none. */
  readonly temporality: number
  readonly monotonic: boolean
}

/** What all points have. Times: 0 where absent, NaN where absurd. */
export interface Point {
  readonly attributes: Source
  readonly start_ms: number
  readonly time_ms: number
  readonly flags: number
}

export interface NumberPoint extends Point {
  /** Undefined: neither of the two values is set. */
  readonly value: number | undefined
}

export interface HistogramPoint extends Point {
  readonly count: number
  /** NaN where absent. */
  readonly sum: number
  readonly bounds: readonly number[]
  /** Not cumulative. */
  readonly buckets: readonly number[]
}

export interface SummaryPoint extends Point {
  readonly count: number
  readonly sum: number
  readonly quantiles: readonly (readonly [quantile: number, value: number])[]
}

/**
 * Between the wire and the normal form: both encodings tell the same story here. A resource, then its metrics, each followed by its
 * points. What is passed is valid during the call only.
 */
export interface MetricSink {
  resource(source: Source): void
  metric(header: MetricHeader): void
  number(point: NumberPoint): void
  histogram(point: HistogramPoint): void
  /** Their values are not read: they are refused. */
  exponential(point: Point): void
  summary(point: SummaryPoint): void
}

/** Takes a story to its end without keeping any of it: a body is read so before anything of it counts. */
export const checkingSink: MetricSink = {
  resource(source) {
    source.read()
  },
  metric() {},
  number() {},
  histogram() {},
  exponential() {},
  summary() {},
}
