import type { Labels } from '#core/series.ts'

import type { Described } from './families.ts'
import type { WireHistogram } from './histogram.ts'

/** Series of a body that are read in one step. */
export const STEP = 256

/** What a series says of itself, read only where it is new. Valid until the next series. */
export interface SeriesSource {
  /** Or why they are none. */
  labels(): Labels | string
  /** Undefined where this version does not say it beside the series. */
  described(): Described | undefined
}

/** Between the wire and the normal form: both versions tell the same story here. A series, what it holds, its end. */
export interface WriteSink {
  /** `[start, end)` of `key` names it; `end` below `start`: nothing short enough does. */
  series(key: DataView, start: number, end: number, source: SeriesSource): void
  /** A series that cannot be named; what it holds follows. */
  unreadable(message: string): void
  /** `start_ms`: from when a counter counts; 0 where that is not said. */
  float(time_ms: number, value: number, stale: boolean, start_ms: number): void
  histogram(histogram: WireHistogram): void
  exemplar(time_ms: number, value: number, labels: Labels | string): void
  end(): void
  /** What is known of a metric family, apart from series. */
  family(name: string, what: Described): void
}

/** Takes a story to its end without keeping any of it: a body is read so before it makes new series. */
export const checkingSink: WriteSink = {
  series() {},
  unreadable() {},
  float() {},
  histogram() {},
  exemplar() {},
  end() {},
  family() {},
}
