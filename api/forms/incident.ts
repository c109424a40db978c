import { z } from '@hono/zod-openapi'

import type { Evidence, Incident } from '#core/incident.ts'
import {
  evidenceSentence,
  incidentTitle,
  joinSentence,
  type Member,
  timelineSentence,
} from '#core/sentences/incident.ts'
import type { Locale } from '#core/sentences/language.ts'
import { MemberBook, type Members } from '#core/sentences/member-book.ts'
import { METRIC_NAME } from '#core/series.ts'

import { AlertForm, alertForm } from './alert.ts'
import { number, text, time, timeOf, timeText } from './present.ts'

const EvidenceForm = z.object({
  kind: z.enum(['metric', 'log', 'alert', 'change', 'call']),
  ref: z.string(),
  text: z.string(),
  series: z.string().optional(),
  at: time,
  weight: z.number().optional(),
})

const CauseForm = z.object({
  service: z.string(),
  share: z.number().optional(),
  change: z.string().optional(),
  evidence: z.array(EvidenceForm),
})

const WHATS = [
  'opened',
  'finding',
  'finding_closed',
  'alert',
  'alert_resolved',
  'change',
  'acknowledged',
  'resolved',
] as const satisfies Incident['timeline'][number]['what'][]

export const INCIDENT_STATES = ['open', 'acknowledged', 'resolved'] as const

export const IncidentForm = z
  .object({
    id: z.string(),
    state: z.enum(INCIDENT_STATES),
    severity: z.string(),
    title: z.string(),
    symptom: z.string().optional(),
    opened_at: time,
    updated_at: time,
    acknowledged_at: time.optional(),
    resolved_at: time.optional(),
    services: z.array(z.string()),
    findings: z.array(z.string()),
    alerts: z.array(AlertForm),
    changes: z.array(z.string()),
    causes: z.array(CauseForm),
    joins: z.array(z.object({ member: z.string(), reason: z.string(), weight: z.number().optional() })),
    timeline: z.array(z.object({ at: time, what: z.enum(WHATS), ref: z.string(), text: z.string() })),
  })
  .openapi('Incident')

function seriesOf({ finding }: Member): string | undefined {
  if (finding === undefined) return undefined
  return (finding.metric === '' ? finding.labels : finding.labels.with(METRIC_NAME, finding.metric)).toString()
}

function evidenceForm(evidence: Evidence, member: Member, locale: Locale): z.input<typeof EvidenceForm> {
  return {
    kind: evidence.kind,
    ref: evidence.ref,
    text: evidenceSentence(evidence, member, locale),
    series: seriesOf(member),
    at: timeOf(evidence.at_ms),
    weight: number(evidence.weight),
  }
}

export function incidentForm(incident: Incident, members: Members, locale: Locale): z.input<typeof IncidentForm> {
  const book = new MemberBook(incident, members)
  const findings = incident.findings.flatMap((id) => book.get(id).finding ?? [])
  return {
    id: incident.id,
    state: incident.state,
    severity: incident.severity,
    title: incidentTitle(incident, findings, locale),
    symptom: text(incident.symptom),
    opened_at: timeOf(incident.opened_ms),
    updated_at: timeOf(incident.updated_ms),
    acknowledged_at: timeText(incident.acknowledged_ms),
    resolved_at: timeText(incident.resolved_ms),
    services: [...incident.services],
    findings: [...incident.findings],
    alerts: incident.alerts.map(alertForm),
    changes: [...incident.changes],
    causes: incident.causes.map((cause) => ({
      service: cause.service,
      share: number(cause.share),
      change: text(cause.change),
      evidence: cause.evidence.map((evidence) => evidenceForm(evidence, book.get(evidence.ref), locale)),
    })),
    joins: incident.joins.map((join) => ({
      member: join.member,
      reason: joinSentence(join, locale),
      weight: number(join.weight),
    })),
    timeline: incident.timeline.map((entry) => ({
      at: timeOf(entry.at_ms),
      what: entry.what,
      ref: entry.ref,
      text: timelineSentence(entry, book.get(entry.ref), locale),
    })),
  }
}
