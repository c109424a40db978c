import type { FindingKind } from '#core/finding.ts'
import type { Labels } from '#core/series.ts'
import type { Level } from '#core/signal.ts'

/** Records of one service, level and template in one minute of event time, as a log detector sees them. */
export interface LogCount {
  /** `service_name` and what else identifies the sender. */
  readonly labels: Labels
  readonly service: string
  readonly level: Level
  readonly template_id: string
  readonly template: string
  /** True on the minute in which the template was seen first. */
  readonly isNew: boolean
  /** End of the minute, event time. */
  readonly time_ms: number
  readonly count: number
  /** Event time of the service's first record ever. */
  readonly service_since_ms: number
}

/** What a log detector noticed. */
export interface LogSighting {
  readonly kind: FindingKind
  readonly rule: string
  readonly labels: Labels
  readonly service: string
  readonly time_ms: number
  readonly score: number
  readonly value: number
  readonly expected: number
  readonly lower: number
  readonly upper: number
  readonly detail: string
  /** True: joins incidents and never opens one. */
  readonly evidence: boolean
}

/** One file, one line on `log-findings.ts`. State is per instance and saved as JSON. */
export interface LogDetector {
  /** The counts of one closed minute, all services, ordered by service, level, template, labels. */
  minute(time_ms: number, counts: readonly LogCount[]): LogSighting[]
  /**
   * Those of a minute that came long after it was closed (a shipper was down), and they alone. What is told of it is evidence, since it may be over
   * for long; nothing is learned from it, since the minute was learned from without them.
   */
  late(time_ms: number, counts: readonly LogCount[]): LogSighting[]
  /** A service that is followed no more. */
  forget(service: string): void
  save(): unknown
  load(state: unknown): void
}

export interface LogDetectorKind {
  readonly name: string
  create(): LogDetector
}
