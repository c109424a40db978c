import type { Labels } from './series.ts'

/** An active instance of an `alert` rule, as Prometheus keeps it. All times are event times. */
export interface Alert {
  readonly rule: string
  readonly group: string
  /** Complete: series, rule and `alertname` labels, templates expanded. */
  readonly labels: Labels
  readonly annotations: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing' | 'resolved'
  readonly active_ms: number
  /** When it began firing; absent while pending. */
  readonly fired_ms?: number
  readonly resolved_ms?: number
  /** Since when the expression no longer has it; it fires on for the rule's `keep_firing_for`. */
  readonly keep_firing_since_ms?: number
  readonly value: number
  /** The rule's expression, for the generator link. */
  readonly expr: string
  /** The step of the newest evaluation and the group's interval: together they bound `endsAt`. */
  readonly evaluated_ms: number
  /** Its rule could not be evaluated since: whether it goes on nobody knows. */
  readonly failing?: true
  readonly interval_ms: number
}

/** `forgotten`: its rule no longer knows of it, and nobody says that it is over. */
export interface AlertEvent {
  readonly type: 'firing' | 'resolved' | 'forgotten'
  readonly at_ms: number
  readonly alert: Alert
}
