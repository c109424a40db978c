import type { Alert } from '#core/alert.ts'
import type { Finding } from '#core/finding.ts'
import type { Incident } from '#core/incident.ts'
import { findingSentence, joinSentence, type Locale } from '#core/sentences.ts'

import { timeText } from '../../sending/notice.ts'

const optional = (name: string, time_ms: number | undefined): Record<string, string> =>
  time_ms === undefined ? {} : { [name]: timeText(time_ms) }

/** NaN and infinities are left out: Elasticsearch has no word for them. */
const finite = (values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)))

/**
 * A finding when it opened or closed, as `barograph-findings` holds it: at the event time at which it began or was over, so that it is the
 * same document whenever it is written.
 */
export function findingDocument(finding: Finding, locale: Locale): Record<string, unknown> {
  const { id, rule, metric, unit, service, kind, direction, state, evidence, severity, detail } = finding
  return {
    '@timestamp': timeText(state === 'closed' ? (finding.until_ms ?? finding.last_ms) : finding.since_ms),
    id,
    state,
    rule,
    service,
    severity,
    kind,
    direction,
    metric,
    unit,
    labels: finding.labels.toJSON(),
    since: timeText(finding.since_ms),
    last: timeText(finding.last_ms),
    ...optional('until', finding.until_ms),
    ...finite({
      peak_score: finding.peak_score,
      value: finding.value,
      expected: finding.expected,
      lower: finding.lower,
      upper: finding.upper,
    }),
    experts: finding.experts,
    evidence,
    detail,
    sentence: findingSentence(finding, locale),
  }
}

function alertDocument(alert: Alert): Record<string, unknown> {
  return {
    rule: alert.rule,
    group: alert.group,
    fingerprint: alert.labels.fingerprint,
    labels: alert.labels.toJSON(),
    annotations: alert.annotations,
    state: alert.state,
    active_at: timeText(alert.active_ms),
    ...optional('fired_at', alert.fired_ms),
    ...optional('resolved_at', alert.resolved_ms),
    ...finite({ value: alert.value }),
    expr: alert.expr,
  }
}

/** An incident as `barograph-incidents` holds it, under its id. */
export function incidentDocument(incident: Incident, title: string, locale: Locale): Record<string, unknown> {
  const { id, state, severity, symptom, services, findings, changes } = incident
  return {
    '@timestamp': timeText(incident.opened_ms),
    id,
    state,
    severity,
    title,
    symptom,
    cause: incident.causes[0]?.service ?? '',
    opened_at: timeText(incident.opened_ms),
    updated_at: timeText(incident.updated_ms),
    ...optional('acknowledged_at', incident.acknowledged_ms),
    ...optional('resolved_at', incident.resolved_ms),
    services,
    findings,
    alerts: incident.alerts.map(alertDocument),
    changes,
    causes: incident.causes.map((cause) => ({
      service: cause.service,
      share: cause.share,
      change: cause.change,
      evidence: cause.evidence.map(({ kind, ref, at_ms, weight }) => ({ kind, ref, at: timeText(at_ms), weight })),
    })),
    joins: incident.joins.map((join) => {
      return { member: join.member, reason: joinSentence(join, locale), weight: join.weight }
    }),
    timeline: incident.timeline.map(({ at_ms, what, ref }) => ({ at: timeText(at_ms), what, ref })),
  }
}
