import type { Alert } from './alert.ts'

export type IncidentState = 'open' | 'acknowledged' | 'resolved'

/** Why a member belongs: facts, rendered by `sentence.ts`. `gap_ms`: event time between it and its neighbour. */
export interface Join {
  /** `f_…`, `c_…`, or the fingerprint of an alert's labels. */
  readonly member: string
  readonly reason:
    | { readonly kind: 'opened' }
    | { readonly kind: 'same_service'; readonly service: string; readonly gap_ms: number }
    | { readonly kind: 'call'; readonly caller: string; readonly callee: string; readonly gap_ms: number }
    | { readonly kind: 'change'; readonly service: string; readonly gap_ms: number }
  readonly weight: number
}

export interface Evidence {
  readonly kind: 'metric' | 'log' | 'alert' | 'change' | 'call'
  /** The member it comes from. */
  readonly ref: string
  readonly at_ms: number
  readonly weight: number
}

export interface Cause {
  readonly service: string
  /** Of all blame, 0…1; the shares of one incident sum to 1. */
  readonly share: number
  /** The change held responsible; '' when none. */
  readonly change: string
  readonly evidence: readonly Evidence[]
}

export interface TimelineEntry {
  readonly at_ms: number
  readonly what:
    | 'opened'
    | 'finding'
    | 'finding_closed'
    | 'alert'
    | 'alert_resolved'
    | 'change'
    | 'acknowledged'
    | 'resolved'
  readonly ref: string
}

/** Findings, alerts and changes that belong together. */
export interface Incident {
  /** `i_` and a hash of the first member and its time. */
  readonly id: string
  readonly state: IncidentState
  readonly severity: string
  /** The service that shows it; the first cause is `causes[0]`. */
  readonly symptom: string
  /** Event times. */
  readonly opened_ms: number
  readonly updated_ms: number
  /** Newest event time of any evidence; older than 15 min of wall time: nobody is notified. */
  readonly evidence_ms: number
  readonly acknowledged_ms?: number
  readonly resolved_ms?: number
  readonly services: readonly string[]
  readonly findings: readonly string[]
  readonly alerts: readonly Alert[]
  readonly changes: readonly string[]
  readonly causes: readonly Cause[]
  readonly joins: readonly Join[]
  readonly timeline: readonly TimelineEntry[]
}

export interface IncidentEvent {
  readonly type: 'opened' | 'updated' | 'acknowledged' | 'resolved'
  readonly at_ms: number
  readonly incident: Incident
}
