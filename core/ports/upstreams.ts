/** What is sent to an upstream. Counts since the start, in samples. */
export interface UpstreamWriting {
  readonly what: 'results' | 'all'
  readonly waiting: number
  readonly bytes: number
  readonly lag_ms: number
  readonly sent: number
  readonly refused: number
  readonly dropped: number
  readonly left_out: number
  /** What the receiver said when it last did not take something; '' when it did since. */
  readonly trouble: string
}

/** What is fetched from an upstream. */
export interface UpstreamHistory {
  /** `waiting`: not begun, or it is tried again after a failure. */
  readonly state: 'waiting' | 'running' | 'done'
  readonly selectors: number
  readonly series: number
  /** Fetched so far: event times; undefined before the first run. */
  readonly from_ms: number | undefined
  readonly to_ms: number | undefined
  readonly reached_ms: number | undefined
  /** Of this process. `refused`: behind what the series have, or beyond a limit. `skipped`: histograms that have no form here. */
  readonly fetched: number
  readonly refused: number
  readonly skipped: number
  /** Why the last attempt ended early; '' when it did not. */
  readonly trouble: string
}

/** Rules that are evaluated on an upstream. Counts since the start. */
export interface UpstreamRules {
  readonly rules: number
  readonly queries: number
  /** Of those, what was no answer. */
  readonly failed: number
  /** Points in answers. */
  readonly samples: number
  /** Steps that cannot be evaluated there. */
  readonly passed_over: number
  /** How far the rule that is furthest behind is from the newest step that is due. */
  readonly behind_ms: number
  /** Why nothing is answered now; '' when it is. */
  readonly trouble: string
}

export interface UpstreamInfo {
  readonly name: string
  /** Scheme, host and port. */
  readonly server: string
  readonly writing: UpstreamWriting | undefined
  readonly history: UpstreamHistory | undefined
  readonly rules: UpstreamRules | undefined
}

export interface Upstreams {
  all(): readonly UpstreamInfo[]
  /**
   * Fetches history from one upstream, or from all of them, in the background; `again`: also what was fetched before. Throws
   * `ServiceError`: `not_found` (no such upstream, or none with history), `conflict` (it is under way).
   */
  backfill(name: string | undefined, again: boolean): void
}
