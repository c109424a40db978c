import type { Alert } from '#core/alert.ts'
import type { Incident, IncidentState, Join, TimelineEntry } from '#core/incident.ts'
import type { ServiceGraph } from '#core/ports/service-graph.ts'

import { rankCauses, symptomOf } from '../causes.ts'
import type { Link } from './link.ts'
import { byOnset, type Member } from './member.ts'
import { highestSeverity } from './severity.ts'

/** What is kept of a case over a restart: plain data. */
export interface CaseFacts {
  readonly id: string
  readonly opened_ms: number
  /** Changed since it was last told. */
  dirty: boolean
  state: IncidentState
  updated_ms: number
  acknowledged_ms?: number
  resolved_ms?: number
  /** In order of joining. */
  readonly members: Member[]
  readonly joins: Join[]
  readonly timeline: TimelineEntry[]
}

/** An incident in the making: its members by reference, and the facts that people read made from them on demand. */
export class Case {
  readonly facts: CaseFacts
  readonly #members: Map<string, Member>
  readonly #timelineLimit: number
  constructor(facts: CaseFacts, timelineLimit: number) {
    this.facts = facts
    this.#timelineLimit = timelineLimit
    this.#members = new Map(facts.members.map((member) => [member.ref, member]))
  }

  get size(): number {
    return this.#members.size
  }

  get(ref: string): Member | undefined {
    return this.#members.get(ref)
  }

  /** In order of joining. */
  members(): Iterable<Member> {
    return this.#members.values()
  }

  add(member: Member, link: Link): void {
    this.#members.set(member.ref, member)
    this.facts.joins.push({ member: member.ref, ...link })
    this.#note(member)
  }

  /** Takes the newer form of a member; how it began stays. */
  update(member: Member): void {
    const known = this.#members.get(member.ref)
    const from_ms = Math.min(known?.from_ms ?? Infinity, member.from_ms)
    const again = known?.closed_ms !== undefined && member.closed_ms === undefined
    this.#members.set(member.ref, { ...member, from_ms })
    if (member.closed_ms !== undefined && known?.closed_ms === undefined) this.#noteEnd(member, member.closed_ms)
    if (again) this.#note(member)
    this.facts.dirty = true
  }

  /** Takes over what another case had, up to `limit` members; `link` says why its first member belongs here. */
  absorb(other: Case, link: Link | undefined, limit: number): void {
    const before = new Set(this.#members.keys())
    for (const member of other.members()) {
      if (this.#members.size < limit && !before.has(member.ref)) this.#members.set(member.ref, member)
    }
    for (const join of other.facts.joins) {
      if (before.has(join.member) || !this.#members.has(join.member)) continue
      this.facts.joins.push(join.reason.kind === 'opened' && link !== undefined ? { ...join, ...link } : join)
    }
    for (const entry of other.facts.timeline) {
      const isOfBoth = before.has(entry.ref)
      if (entry.what !== 'opened' && entry.what !== 'acknowledged' && !isOfBoth) this.note(entry)
    }
  }

  note(entry: TimelineEntry): void {
    this.facts.dirty = true
    this.facts.updated_ms = Math.max(this.facts.updated_ms, entry.at_ms)
    const last = entry.what === 'acknowledged' || entry.what === 'resolved'
    if (last || this.facts.timeline.length < this.#timelineLimit) this.facts.timeline.push(entry)
  }

  /** When the last member closed; undefined while one is open. */
  closed_ms(): number | undefined {
    let last = -Infinity
    for (const { kind, closed_ms } of this.#members.values()) {
      if (closed_ms === undefined) return undefined
      if (kind !== 'change') last = Math.max(last, closed_ms)
    }
    return last
  }

  save(): CaseFacts {
    return { ...this.facts, members: [...this.#members.values()] }
  }

  /** What people read. The graph is asked for causes as it is now. */
  incident(graph: ServiceGraph): Incident {
    const { facts } = this
    const members = [...this.#members.values()].toSorted(byOnset)
    const anomalies = members.filter(({ kind }) => kind !== 'change')
    const causes = rankCauses(members, graph)
    const services = [...anomalies, ...causes].map(({ service }) => service).filter((service) => service !== '')
    return {
      id: facts.id,
      state: facts.state,
      severity: highestSeverity(anomalies.map(({ severity }) => severity)),
      symptom: symptomOf(members, graph),
      opened_ms: facts.opened_ms,
      updated_ms: facts.updated_ms,
      evidence_ms: anomalies.reduce((newest, { to_ms }) => Math.max(newest, to_ms), -Infinity),
      ...(facts.acknowledged_ms === undefined ? {} : { acknowledged_ms: facts.acknowledged_ms }),
      ...(facts.resolved_ms === undefined ? {} : { resolved_ms: facts.resolved_ms }),
      services: [...new Set(services)],
      findings: members.filter(({ kind }) => kind === 'finding').map(({ ref }) => ref),
      alerts: members.flatMap(({ alert }): Alert[] => (alert === undefined ? [] : [alert])),
      changes: members.filter(({ kind }) => kind === 'change').map(({ ref }) => ref),
      causes,
      joins: [...facts.joins],
      timeline: facts.timeline.toSorted((a, b) => a.at_ms - b.at_ms),
    }
  }

  #note(member: Member): void {
    const ref = member.ref
    this.note({ at_ms: member.alert?.fired_ms ?? member.from_ms, what: member.kind, ref })
    if (member.kind !== 'change' && member.closed_ms !== undefined) this.#noteEnd(member, member.closed_ms)
  }

  #noteEnd({ kind, ref }: Member, at_ms: number): void {
    this.note({ at_ms, what: kind === 'alert' ? 'alert_resolved' : 'finding_closed', ref })
  }
}
