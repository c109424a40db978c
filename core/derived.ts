import { ServiceError } from './errors.ts'
import type { ExponentialSample } from './exponential-sample.ts'
import type { SeriesWriter } from './ports/series-writer.ts'
import { type SampleBatch, SampleBuilder } from './sample.ts'
import type { Labels, MetricType, SeriesId } from './series.ts'
import { atOnce, type Steps } from './steps.ts'

const NO_BOUNDS = new Float64Array(0)

/** What derived series of one metric have in common. */
export interface DerivedMetric {
  readonly type: MetricType
  readonly unit: string
  readonly help: string
}

/**
 * Samples that Barograph makes itself (bands, counts, hints), on their way to the store. A series that a limit refuses is left out: the
 * store has counted it, and nothing else must fail for it.
 */
export class DerivedSamples {
  readonly #writer: SeriesWriter
  readonly #batch = new SampleBuilder()

  constructor(writer: SeriesWriter) {
    this.#writer = writer
  }

  /** `labels` with `__name__`. */
  add(metric: DerivedMetric, labels: Labels, time_ms: number, value: number, stale = false): void {
    const series = this.series(metric, labels)
    if (series !== undefined) this.push(series, time_ms, value, stale)
  }

  /** The series of which `push` adds samples until the next `flush`; undefined where a limit refuses it. `labels` with `__name__`. */
  series(metric: DerivedMetric, labels: Labels): SeriesId | undefined {
    try {
      return this.#writer.resolve({ ...metric, labels, kind: 'float', bounds: NO_BOUNDS })
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
      return undefined
    }
  }

  push(series: SeriesId, time_ms: number, value: number, stale = false): void {
    this.#batch.float(series, time_ms, value, stale)
  }

  /** A native histogram; `labels` with `__name__`. */
  histogram(metric: DerivedMetric, labels: Labels, sample: ExponentialSample, stale = false): void {
    const { kind, bounds, time_ms, sum, count, buckets } = sample
    try {
      const series = this.#writer.resolve({ ...metric, labels, kind, bounds })
      this.#batch.histogram({ series, time_ms, sum, count, buckets, stale })
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
    }
  }

  flush(): void {
    atOnce(this.flushing())
  }

  /** The same in steps. `stored` hears what was handed over and which samples are the newest of their series, as of `AppendResult.fresh`. */
  *flushing(stored?: (batch: SampleBatch, fresh: Uint8Array) => Steps<void>): Steps<void> {
    if (this.#batch.length > 0) {
      const batch = this.#batch.batch()
      const { fresh } = this.#writer.append(batch)
      if (stored !== undefined) yield* stored(batch, fresh)
    }
    this.#batch.clear()
  }
}
