import type { Finding } from '#core/finding.ts'
import type { Incident } from '#core/incident.ts'
import {
  causeSentence,
  incidentTitle,
  type Locale,
  type Member,
  MemberBook,
  type Members,
  moreSentence,
  timelineSentence,
} from '#core/sentences.ts'
import { Labels } from '#core/series.ts'

import type { Notice } from './notice.ts'

/** Lines of a description, causes that are named. */
const LINES = 10
const CAUSES = 3

export interface IncidentWords extends Members {
  readonly locale: Locale
  readonly external_url: string
}

export function incidentKey(id: string, severity: string): string {
  return `incident/${id}/${severity}`
}

function findingsOf(incident: Incident, { findings }: IncidentWords): Finding[] {
  return incident.findings.flatMap((id) => findings.get(id) ?? [])
}

export function titleOf(incident: Incident, words: IncidentWords): string {
  return incidentTitle(incident, findingsOf(incident, words), words.locale)
}

function causesText(incident: Incident, book: MemberBook, { locale }: IncidentWords): string {
  return incident.causes
    .slice(0, CAUSES)
    .map((cause) => {
      const [first] = cause.evidence.filter(({ ref }) => ref === cause.change).concat(cause.evidence)
      return causeSentence(cause, first, first === undefined ? {} : book.get(first.ref), locale)
    })
    .join('\n')
}

const isEvidence = ({ finding }: Member): boolean => finding?.evidence === true

function description(incident: Incident, book: MemberBook, { locale }: IncidentWords): string {
  // That it was opened is what the message says.
  const told = incident.timeline.filter(({ what }) => what !== 'opened')
  const entries = told.map((entry) => ({ entry, member: book.get(entry.ref) }))
  // What merely goes along is told where there is room.
  const ranked = entries.toSorted((a, b) => Number(isEvidence(a.member)) - Number(isEvidence(b.member)))
  const shown = new Set(ranked.slice(0, LINES))
  const lines = entries.flatMap((one) => (shown.has(one) ? [timelineSentence(one.entry, one.member, locale)] : []))
  const left = entries.length - lines.length
  return (left === 0 ? lines : [...lines, moreSentence(left, locale)]).join('\n')
}

/** Everything that may change between two sendings of an incident. */
function annotationsOf(incident: Incident, words: IncidentWords): Record<string, string> {
  const book = new MemberBook(incident, words)
  const findings = findingsOf(incident, words)
  const members = [...incident.alerts, ...findings]
  const runbook = members.map(({ annotations }) => annotations['runbook_url'] ?? '').find((url) => url !== '')
  const score = findings.reduce((peak, { peak_score }) => Math.max(peak, peak_score), 0)
  const base = words.external_url.replace(/\/+$/, '')
  const annotations = {
    summary: incidentTitle(incident, findings, words.locale),
    description: description(incident, book, words),
    causes: causesText(incident, book, words),
    runbook_url: runbook ?? '',
    incident_url: base === '' ? '' : `${base}/#/incidents/${encodeURIComponent(incident.id)}`,
    score: score > 0 ? score.toFixed(1) : '',
  }
  return Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== ''))
}

/** An incident as an alert. `fixed`: its labels as they were first sent; undefined when this is the first time. */
export function incidentNotice(incident: Incident, fixed: Notice | undefined, words: IncidentWords): Notice {
  const annotations = annotationsOf(incident, words)
  const service = incident.causes[0]?.service ?? incident.symptom
  const { id, severity } = incident
  const labels = Labels.of({ alertname: 'BarographIncident', incident_id: id, service, severity })
  return {
    key: fixed?.key ?? incidentKey(id, severity),
    group: id,
    status: 'firing',
    labels: fixed?.labels ?? labels,
    annotations,
    starts_ms: incident.opened_ms,
    interval_ms: 0,
    generator_url: annotations['incident_url'] ?? '',
  }
}
