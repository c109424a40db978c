import type { Labels } from './series.ts'

export const FINDING_KINDS = [
  'spike',
  'dip',
  'level_up',
  'level_down',
  'drift',
  'variance',
  'flat',
  'absent',
  'new_template',
  'burst',
] as const

export type FindingKind = (typeof FINDING_KINDS)[number]

/** What people say that a finding was: trouble; meant to be, as of a sale; nothing at all. */
export const FEEDBACK = ['real', 'expected', 'noise'] as const

export type Feedback = (typeof FEEDBACK)[number]

/** Anomalous for long enough. Facts only; sentences are rendered by `sentence.ts` in the reader's language. */
export interface Finding {
  /** `f_` and a hash of rule, labels and start. */
  readonly id: string
  readonly rule: string
  /** Those of the series, without its metric name. */
  readonly labels: Labels
  /** The metric name, '' where an expression dropped it. */
  readonly metric: string
  /** UCUM or '' when unknown: how values are written for people. */
  readonly unit: string
  readonly service: string
  readonly kind: FindingKind
  readonly direction: 'up' | 'down'
  /** Event time of the first anomalous sample. */
  readonly since_ms: number
  /** Event time of the last anomalous sample. */
  readonly last_ms: number
  /** Event time at which it closed; absent while open. */
  readonly until_ms?: number
  /** The highest. */
  readonly peak_score: number
  /** Farthest from what was expected on its side, with that and the band of then; NaN where the kind has none (absent, new_template). */
  readonly value: number
  readonly expected: number
  readonly lower: number
  readonly upper: number
  readonly experts: readonly string[]
  readonly state: 'open' | 'closed'
  /** True: joins incidents and never opens one. */
  readonly evidence: boolean
  readonly severity: string
  /** Of the rule, templates expanded at the peak. */
  readonly annotations: Readonly<Record<string, string>>
  /** A new log template or the like; of an absence `late`, `broken` (others of its service still come) or `decommissioned`; '' otherwise. */
  readonly detail: string
  /** When the one before began that was like this: same rule, series and kind; absent where none is remembered. */
  readonly similar_ms?: number
  /** Where it is the way back from a level that was adopted not long ago: when that level began. */
  readonly restores_ms?: number
  /** True where it closed because its level lasted and is the new normal. */
  readonly adopted?: boolean
  /** True where little was known of its series: the band is of the little that was seen. */
  readonly learning?: true
  /** True where it closed because its rule went, or another took its place: nobody looks at it any more. */
  readonly withdrawn?: true
  /** What somebody said last that it was. */
  readonly feedback?: Feedback
  /** Where it came back within an hour of calm: how often since the first time, and when that was. */
  readonly flapping?: { readonly returns: number; readonly since_ms: number }
}

/** `updated`: same id, a higher peak or a later last sample. Each id opens once and closes once. */
export interface FindingEvent {
  readonly type: 'opened' | 'updated' | 'closed'
  readonly at_ms: number
  readonly finding: Finding
}
