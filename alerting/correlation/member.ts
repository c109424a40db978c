import type { Alert, AlertEvent } from '#core/alert.ts'
import type { Change } from '#core/change.ts'
import type { Finding, FindingEvent } from '#core/finding.ts'
import { serviceOf } from '#core/series.ts'

/** Scores above this say no more than "very unusual"; also keeps infinities out of sums and files. */
const MAX_SCORE = 1e6
/** An alert is as convincing as a finding of this score. */
const ALERT_SCORE = 4

/** A finding, alert or change as correlation and blame see it. Times are event times. */
export interface Member {
  /** `f_…`, `c_…`, or the fingerprint of an alert's labels. */
  readonly ref: string
  readonly kind: 'finding' | 'alert' | 'change'
  readonly service: string
  /** When it began and the newest time at which it was seen: together what it is compared by. */
  readonly from_ms: number
  readonly to_ms: number
  /** How unusual at its peak; 0 for a change. */
  readonly score: number
  readonly severity: string
  /** True: joins and never opens. */
  readonly evidence: boolean
  readonly logs: boolean
  /** When it closed; absent while open. A change is over at once. */
  readonly closed_ms?: number
  readonly alert?: Alert
}

const score = (value: number): number => (value > 0 ? Math.min(value, MAX_SCORE) : 0)

export function memberOfFinding({ finding, type, at_ms }: FindingEvent): Member {
  return {
    ref: finding.id,
    kind: 'finding',
    service: finding.service,
    from_ms: finding.since_ms,
    to_ms: Math.max(finding.since_ms, finding.last_ms),
    score: score(finding.peak_score),
    severity: finding.severity,
    evidence: finding.evidence,
    logs: isOfLogs(finding),
    ...(type === 'closed' ? { closed_ms: finding.until_ms ?? at_ms } : {}),
  }
}

function isOfLogs(finding: Finding): boolean {
  return finding.kind === 'new_template' || finding.kind === 'burst'
}

export function memberOfAlert({ alert, type, at_ms }: AlertEvent): Member {
  const from_ms = alert.fired_ms ?? at_ms
  return {
    ref: alert.labels.fingerprint,
    kind: 'alert',
    service: serviceOf(alert.labels),
    from_ms,
    to_ms: Math.max(from_ms, type === 'firing' ? at_ms : (alert.resolved_ms ?? at_ms)),
    score: ALERT_SCORE,
    severity: alert.labels.get('severity'),
    evidence: false,
    logs: false,
    alert,
    ...(type === 'firing' ? {} : { closed_ms: alert.resolved_ms ?? at_ms }),
  }
}

export function memberOfChange(change: Change): Member {
  return {
    ref: change.id,
    kind: 'change',
    service: change.service,
    from_ms: change.at_ms,
    to_ms: change.at_ms,
    score: 0,
    severity: '',
    evidence: true,
    logs: false,
    closed_ms: change.at_ms,
  }
}

/** Event time between two members; 0 where they overlap. */
export function gapOf(a: Member, b: Member): number {
  return Math.max(0, a.from_ms - b.to_ms, b.from_ms - a.to_ms)
}

/** By onset, then reference: an order that does not depend on arrival. */
export function byOnset(a: Member, b: Member): number {
  return a.from_ms - b.from_ms || (a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0)
}
