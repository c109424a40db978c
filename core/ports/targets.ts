import type { Labels } from '../series.ts'

/** A target that is scraped. */
export interface TargetInfo {
  /** The name of its job. */
  readonly pool: string
  readonly url: string
  /** Before relabelling. */
  readonly discovered: Labels
  readonly labels: Labels
  readonly interval_ms: number
  readonly timeout_ms: number
  /** `unknown` before the first scrape. */
  readonly health: 'up' | 'down' | 'unknown'
  /** Why the last scrape failed, or was not stored; '' where it did not. */
  readonly last_error: string
  /** Undefined before the first scrape. */
  readonly last_scrape_ms: number | undefined
  readonly last_duration_s: number
}

/** A target that relabelling or a limit leaves out. */
export interface DroppedTarget {
  readonly pool: string
  readonly discovered: Labels
}

/** Whom we scrape. */
export interface TargetReader {
  pools(): readonly string[]
  /** By pool, then by URL. */
  active(): readonly TargetInfo[]
  dropped(): readonly DroppedTarget[]
  /** By pool, also those beyond `keep_dropped_targets`. */
  droppedCounts(): ReadonlyMap<string, number>
}
