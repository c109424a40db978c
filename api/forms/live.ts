import type { LiveEvent } from '#core/ports/live.ts'
import type { Locale } from '#core/sentences/language.ts'
import type { Members } from '#core/sentences/member-book.ts'

import { findingForm } from './finding.ts'
import { hintForm } from './hint.ts'
import { incidentForm } from './incident.ts'
import { timeOf } from './present.ts'

interface Message {
  /** Names what happened, so that a reader can see twice that he saw it already. */
  readonly id: string
  readonly data: unknown
}

function messageOf(live: LiveEvent, members: Members, locale: Locale): Message {
  if (live.kind === 'hint') {
    const { hint } = live
    return { id: `${encodeURIComponent(hint.policy)}-${hint.as_of_ms}`, data: hintForm(hint, locale) }
  }
  const { type, at_ms } = live.event
  const about = { type, at: timeOf(at_ms) }
  if (live.kind === 'finding') {
    const { finding } = live.event
    return { id: `${finding.id}-${at_ms}`, data: { ...about, finding: findingForm(finding, locale) } }
  }
  const { incident } = live.event
  return { id: `${incident.id}-${at_ms}`, data: { ...about, incident: incidentForm(incident, members, locale) } }
}

/** A server-sent event, WHATWG HTML 9.2: `event` is finding, incident or hint; JSON has no line breaks. */
export function liveText(live: LiveEvent, members: Members, locale: Locale): string {
  const { id, data } = messageOf(live, members, locale)
  return `event: ${live.kind}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
}
