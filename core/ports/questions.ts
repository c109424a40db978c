import type { ResultSeries } from './query-engine.ts'

/** A rule that is evaluated on an upstream, and how far it is. */
export interface Question {
  /** Key of the rule. */
  readonly rule: string
  /** Name of the upstream. */
  readonly datasource: string
  readonly expr: string
  /** Steps are multiples of it. */
  readonly interval_ms: number
  /** Steps are asked for as of so much earlier. */
  readonly offset_ms: number
  /** The last step that was answered; −Infinity before the first. */
  readonly mark_ms: number
  /** Its values are learned from: none is better than one of half the samples. */
  readonly learns?: boolean
}

/** What an upstream said of the steps of one rule. */
export interface Answer {
  readonly rule: string
  /** As it was asked: what a rule no longer asks is passed over. */
  readonly expr: string
  /** First and last step, both included. */
  readonly from_ms: number
  readonly to_ms: number
  readonly step_ms: number
  /** Points at steps only. */
  readonly series: readonly ResultSeries[]
  /** Why the steps have no results and are passed over; '' where they have. */
  readonly error: string
  /** True where the upstream was away itself: nothing is known of the steps, as if no time had passed. */
  readonly away?: boolean
}

/** What is to be asked of upstreams, now. */
export interface Questions {
  questions(): readonly Question[]
}
