import type { Labels, SeriesId } from './series.ts'

/**
 * Float samples as columns of one length: series id, event time in ms, value, stale flag. The flag is apart from the
 * value because a NaN payload does not survive a typed array.
 */
export interface FloatColumns {
  readonly length: number
  readonly series: Uint32Array
  readonly time_ms: Float64Array
  readonly value: Float64Array
  readonly stale: Uint8Array
}

/**
 * Histogram samples, classic and exponential. Sample `i` owns `buckets[start[i]] … buckets[start[i + 1]]` (`start` has
 * `length + 1` entries), as many as `bucketCount` of its series' definition: counts per bucket, not cumulative over
 * `le`, but cumulative over time. Of a classic one the last is the one above every bound; for an exponential one see
 * `core/exponential.ts`.
 */
export interface HistogramColumns {
  readonly length: number
  readonly series: Uint32Array
  readonly time_ms: Float64Array
  /** NaN where the sender gave none. */
  readonly sum: Float64Array
  readonly count: Float64Array
  readonly start: Uint32Array
  readonly buckets: Float64Array
  readonly stale: Uint8Array
}

/** Characters of an exemplar's labels together, names included, as OpenMetrics bounds them. */
export const EXEMPLAR_LENGTH = 128

/** A measurement that stands for others: `labels` hold `trace_id`, `span_id` and what its aggregation left out. */
export interface Exemplar {
  readonly series: SeriesId
  readonly time_ms: number
  readonly value: number
  readonly labels: Labels
}

export interface SampleBatch {
  readonly floats: FloatColumns
  readonly histograms: HistogramColumns
  /** Few beside the samples, and bounded. */
  readonly exemplars: readonly Exemplar[]
}

/** The float samples `[from, to)`: views; the same columns where it is all of them. */
export function floatsBetween(floats: FloatColumns, from: number, to: number): FloatColumns {
  if (from === 0 && to === floats.length) return floats
  return {
    length: to - from,
    series: floats.series.subarray(from, to),
    time_ms: floats.time_ms.subarray(from, to),
    value: floats.value.subarray(from, to),
    stale: floats.stale.subarray(from, to),
  }
}

/** The histogram samples `[from, to)`: views; the same columns where it is all of them. */
export function histogramsBetween(histograms: HistogramColumns, from: number, to: number): HistogramColumns {
  if (from === 0 && to === histograms.length) return histograms
  return {
    length: to - from,
    series: histograms.series.subarray(from, to),
    time_ms: histograms.time_ms.subarray(from, to),
    sum: histograms.sum.subarray(from, to),
    count: histograms.count.subarray(from, to),
    start: histograms.start.subarray(from, to + 1),
    buckets: histograms.buckets,
    stale: histograms.stale.subarray(from, to),
  }
}

function grown<T extends Uint32Array | Float64Array | Uint8Array>(column: T, needed: number): T {
  if (needed <= column.length) return column
  const larger = new (column.constructor as new (length: number) => T)(Math.max(needed, column.length * 2))
  larger.set(column)
  return larger
}

/** Collects samples into columns; `batch()` gives views, valid until the next `clear()`. */
export class SampleBuilder {
  #floats = 0
  #series = new Uint32Array(64)
  #time = new Float64Array(64)
  #value = new Float64Array(64)
  #stale = new Uint8Array(64)
  #histograms = 0
  #hSeries = new Uint32Array(8)
  #hTime = new Float64Array(8)
  #hSum = new Float64Array(8)
  #hCount = new Float64Array(8)
  #hStart = new Uint32Array(9)
  #hStale = new Uint8Array(8)
  #buckets = new Float64Array(64)
  #bucketsUsed = 0
  #exemplars: Exemplar[] = []

  /** Samples; exemplars do not count. */
  get length(): number {
    return this.#floats + this.#histograms
  }

  float(series: SeriesId, time_ms: number, value: number, stale = false): void {
    const at = this.#floats++
    if (at === this.#series.length) {
      this.#series = grown(this.#series, at + 1)
      this.#time = grown(this.#time, at + 1)
      this.#value = grown(this.#value, at + 1)
      this.#stale = grown(this.#stale, at + 1)
    }
    this.#series[at] = series
    this.#time[at] = time_ms
    this.#value[at] = value
    this.#stale[at] = stale ? 1 : 0
  }

  /** `buckets` must have the width of the series' definition; a stale sample may pass zeros. */
  histogram(sample: {
    series: SeriesId
    time_ms: number
    sum: number
    count: number
    buckets: ArrayLike<number>
    stale?: boolean
  }): void {
    const at = this.#histograms++
    if (at === this.#hSeries.length) {
      this.#hSeries = grown(this.#hSeries, at + 1)
      this.#hTime = grown(this.#hTime, at + 1)
      this.#hSum = grown(this.#hSum, at + 1)
      this.#hCount = grown(this.#hCount, at + 1)
      this.#hStale = grown(this.#hStale, at + 1)
      this.#hStart = grown(this.#hStart, this.#hSeries.length + 1)
    }
    this.#hSeries[at] = sample.series
    this.#hTime[at] = sample.time_ms
    this.#hSum[at] = sample.sum
    this.#hCount[at] = sample.count
    this.#hStale[at] = sample.stale === true ? 1 : 0
    this.#buckets = grown(this.#buckets, this.#bucketsUsed + sample.buckets.length)
    this.#buckets.set(sample.buckets, this.#bucketsUsed)
    this.#bucketsUsed += sample.buckets.length
    this.#hStart[at + 1] = this.#bucketsUsed
  }

  exemplar(exemplar: Exemplar): void {
    this.#exemplars.push(exemplar)
  }

  batch(): SampleBatch {
    const n = this.#floats
    const h = this.#histograms
    return {
      floats: {
        length: n,
        series: this.#series.subarray(0, n),
        time_ms: this.#time.subarray(0, n),
        value: this.#value.subarray(0, n),
        stale: this.#stale.subarray(0, n),
      },
      histograms: {
        length: h,
        series: this.#hSeries.subarray(0, h),
        time_ms: this.#hTime.subarray(0, h),
        sum: this.#hSum.subarray(0, h),
        count: this.#hCount.subarray(0, h),
        start: this.#hStart.subarray(0, h + 1),
        buckets: this.#buckets.subarray(0, this.#bucketsUsed),
        stale: this.#hStale.subarray(0, h),
      },
      exemplars: this.#exemplars,
    }
  }

  clear(): void {
    this.#floats = 0
    this.#histograms = 0
    this.#bucketsUsed = 0
    if (this.#exemplars.length > 0) this.#exemplars = []
  }
}
