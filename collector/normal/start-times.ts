import type { SeriesId } from '#core/series.ts'
import { ID_MASK, ID_SHIFT } from '#core/store/id-pages.ts'

const PAGE = 2 ** ID_SHIFT

/** Before the first sample of a series its start counts no further back than PromQL looks for a sample. */
export const NEAR_MS = 300_000

/** From when a point has counted, up to when. */
export interface Interval {
  /** 0 where the sender does not know. */
  readonly start_ms: number
  readonly time_ms: number
}

/** The newest sample of a series, or of a histogram, which has a series for each of its shapes. */
export interface LastSample {
  readonly series: SeriesId
  /** Undefined where there is none, or where it marks the end of the series. */
  readonly time_ms: number | undefined
}

/**
 * When cumulative series began to count: the start of the newest point of each, below 0 where that was seen on one point only. A counter that
 * began anew and is beyond its last value already looks as if it had never stopped, and what a new one has counted before its first sample is
 * in no difference of two samples: a sample of 0 at the start says both. Source: OpenTelemetry metrics data model, Resets and Gaps; Prometheus,
 * `created-timestamp-zero-ingestion`.
 */
export class StartTimes {
  readonly #isOn: boolean
  readonly #pages: (Float64Array | undefined)[] = []
  /** As far back as anything was heard. */
  #since_ms = Infinity

  /** `start_timestamp_zero_ingestion`; off, every start is as good as known. */
  constructor(isOn = true) {
    this.#isOn = isOn
  }

  /** A request has a point of this time. */
  heard(time_ms: number): void {
    if (time_ms > 0 && time_ms < this.#since_ms) this.#since_ms = time_ms
  }

  /** Whether the points of a series have said this start before, at least twice: there is nothing to do. */
  isKnown(id: SeriesId, start_ms: number): boolean {
    return !this.#isOn || this.#of(id) === start_ms
  }

  /**
   * Takes down the start of a point; true where a 0 belongs there. Not where the start before was seen once only: who moves it with each point
   * would have its counter fall to 0 as often. Not at first sight either, unless it began while we listened: who does not know when
   * a counter began says the time of its first point, which we may have missed.
   */
  begins(id: SeriesId, { start_ms, time_ms }: Interval, last: () => LastSample): boolean {
    if (!this.#isOn || !(start_ms > 0)) return false
    const own = this.#of(id)
    this.#set(id, own === -start_ms ? start_ms : -start_ms)
    if (!(start_ms < time_ms) || own < 0) return false
    const { series, time_ms: newest_ms } = last()
    const before = series === id ? own : this.#of(series)
    if (Math.abs(before) === start_ms) {
      this.#set(id, start_ms)
      return false
    }
    if (newest_ms !== undefined) return before > 0 && start_ms > newest_ms
    return time_ms - start_ms <= NEAR_MS && (before > 0 || start_ms >= this.#since_ms)
  }

  /** Forgets pages of series that have ended. */
  forgetEnded(isLive: (id: SeriesId) => boolean): void {
    for (const [at, page] of this.#pages.entries()) {
      if (page?.some((start, i) => start !== 0 && isLive(at * PAGE + i)) === false) this.#pages[at] = undefined
    }
  }

  clear(): void {
    this.#pages.length = 0
  }

  #of(id: SeriesId): number {
    const page = this.#pages[id >>> ID_SHIFT]
    return page === undefined ? 0 : page[id & ID_MASK]!
  }

  #set(id: SeriesId, start_ms: number): void {
    const at = id >>> ID_SHIFT
    while (this.#pages.length <= at) this.#pages.push(undefined)
    const page = (this.#pages[at] ??= new Float64Array(PAGE))
    page[id & ID_MASK] = start_ms
  }
}
