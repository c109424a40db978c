import type { AlertEvent } from '#core/alert.ts'
import type { Change } from '#core/change.ts'
import type { FindingEvent } from '#core/finding.ts'
import { contentId } from '#core/hash.ts'
import type { Incident, IncidentEvent } from '#core/incident.ts'
import type { IncidentCommand } from '#core/ports/intake.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'
import type { ServiceGraph } from '#core/ports/service-graph.ts'

import { Case, type CaseFacts } from './case.ts'
import { nextState } from './life.ts'
import { bestLink, changeLinkOf, type Link, linkOf, neighbours, type Windows } from './link.ts'
import { type Member, memberOfAlert, memberOfChange, memberOfFinding } from './member.ts'
import { Waiting } from './waiting.ts'

export interface CorrelatorLimits extends Windows {
  /** How long after its last member closed an incident is resolved. */
  readonly quiet_ms: number
  readonly open_incidents: number
  readonly incident_members: number
  readonly timeline: number
  /** Evidence, and changes, that wait for an incident. */
  readonly waiting: number
}

export const CORRELATOR_LIMITS: CorrelatorLimits = {
  window_ms: 15 * 60_000,
  change_ms: 60 * 60_000,
  quiet_ms: 5 * 60_000,
  open_incidents: 1000,
  incident_members: 1000,
  timeline: 1000,
  waiting: 2000,
}

export interface CorrelatorOptions {
  readonly graph: ServiceGraph
  readonly meter: Meter
  readonly limits?: Partial<CorrelatorLimits>
  readonly onIncident: (event: IncidentEvent) => void
}

/** All that correlation remembers, as plain data. */
export interface CorrelatorState {
  readonly cases: readonly CaseFacts[]
  readonly evidence: readonly Member[]
  readonly changes: readonly Member[]
}

const OPENED: Link = { reason: { kind: 'opened' }, weight: 2 }

/**
 * From findings, alerts and changes to incidents, without I/O: the same calls in the same order make the same incidents. Event
 * times are compared, so members may come late and in any order; `tick` closes and nothing else.
 */
export class Correlator {
  readonly #graph: ServiceGraph
  readonly #limits: CorrelatorLimits
  readonly #emit: (event: IncidentEvent) => void
  readonly #dropped: Counter
  /** By id, in order of opening. */
  readonly #open = new Map<string, Case>()
  readonly #caseOf = new Map<string, Case>()
  readonly #evidence: Waiting
  readonly #changes: Waiting

  constructor({ graph, meter, limits, onIncident }: CorrelatorOptions) {
    this.#graph = graph
    this.#limits = { ...CORRELATOR_LIMITS, ...limits }
    this.#emit = onIncident
    this.#evidence = new Waiting(this.#limits.waiting)
    this.#changes = new Waiting(this.#limits.waiting)
    this.#dropped = meter.counter('barograph.alerting.dropped', {
      description: 'Findings, alerts and changes that a limit kept out of incidents',
    })
    meter.gauge('barograph.alerting.open_incidents', { description: 'Incidents not resolved' }, () => this.#open.size)
  }

  finding(event: FindingEvent): void {
    this.#take(memberOfFinding(event), event.type === 'opened', event.at_ms)
  }

  alert(event: AlertEvent): void {
    this.#take(memberOfAlert(event), event.type === 'firing', event.at_ms)
  }

  change(change: Change): void {
    const member = memberOfChange(change)
    if (this.#changes.has(member.ref)) return
    this.#wait(this.#changes, member, 'changes')
    for (const one of this.#open.values()) this.#offerChange(one, member)
    this.#connect(member)
  }

  /** Moves analysis time: resolves what is over and quiet, tells what changed since. */
  tick(time_ms: number): void {
    for (const one of this.#open.values()) {
      const closed_ms = one.closed_ms()
      const over_ms = closed_ms === undefined ? Infinity : closed_ms + this.#limits.quiet_ms
      if (time_ms >= over_ms) this.#resolve(one, Math.max(over_ms, one.facts.updated_ms), '')
      else if (one.facts.dirty) this.#tell(one, 'updated', one.facts.updated_ms)
    }
  }

  /** True when it was done; false when the incident is not open here. */
  command({ command, incident, by, at_ms }: IncidentCommand): boolean {
    const one = this.#open.get(incident)
    const state = one === undefined ? undefined : nextState(one.facts.state, command)
    if (one === undefined || state === undefined) return false
    if (state === 'resolved') this.#resolve(one, at_ms, by)
    else if (one.facts.state !== state) {
      one.facts.state = state
      one.facts.acknowledged_ms = at_ms
      one.note({ at_ms, what: 'acknowledged', ref: by })
      this.#tell(one, 'acknowledged', at_ms)
    }
    return true
  }

  get(id: string): Incident | undefined {
    return this.#open.get(id)?.incident(this.#graph)
  }

  has(id: string): boolean {
    return this.#open.has(id)
  }

  /** Incidents that are not resolved, as they are now, in order of opening. */
  open(): Incident[] {
    return [...this.#open.values()].map((one) => one.incident(this.#graph))
  }

  /** Those that changed since they were last told. */
  changed(): Incident[] {
    return [...this.#open.values()].filter(({ facts }) => facts.dirty).map((one) => one.incident(this.#graph))
  }

  save(): CorrelatorState {
    return {
      cases: [...this.#open.values()].map((one) => one.save()),
      evidence: this.#evidence.all(),
      changes: this.#changes.all(),
    }
  }

  load({ cases, evidence, changes }: CorrelatorState): void {
    this.#open.clear()
    this.#caseOf.clear()
    this.#evidence.clear()
    this.#changes.clear()
    for (const facts of cases) {
      const one = new Case(facts, this.#limits.timeline)
      this.#open.set(facts.id, one)
      for (const { ref, kind } of one.members()) if (kind !== 'change') this.#caseOf.set(ref, one)
    }
    for (const member of evidence) this.#evidence.put(member)
    for (const member of changes) this.#changes.put(member)
  }

  #take(member: Member, isNew: boolean, at_ms: number): void {
    const known = this.#caseOf.get(member.ref)
    if (known !== undefined) {
      known.facts.updated_ms = Math.max(known.facts.updated_ms, at_ms)
      known.update(member)
    } else if (isNew || this.#evidence.has(member.ref)) this.#place(member, at_ms)
  }

  /** A new member joins the oldest incident that it belongs to, connects it with the others, or opens one. */
  #place(member: Member, at_ms: number): void {
    const found = this.#casesOf(member)
    const [first, ...others] = found
    if (first !== undefined) {
      if (first.one.size >= this.#limits.incident_members) return this.#dropped.add(1, { limit: 'incident_members' })
      first.one.facts.updated_ms = Math.max(first.one.facts.updated_ms, at_ms)
      this.#join(first.one, member, first.link)
      for (const { one } of others) this.#merge(first.one, one, at_ms)
    } else if (member.evidence) this.#wait(this.#evidence, member, 'waiting')
    else this.#openWith(member, at_ms)
  }

  /** Open incidents that a member belongs to, oldest first, with the heaviest reason. */
  #casesOf(member: Member): { one: Case; link: Link }[] {
    if (member.service === '') return []
    const near = neighbours(this.#graph, member.service)
    const found: { one: Case; link: Link }[] = []
    for (const one of this.#open.values()) {
      const others = [...one.members()].filter(({ service }) => near.has(service))
      const link = bestLink(others, (other) => linkOf(this.#graph, member, other, this.#limits))
      if (link !== undefined) found.push({ one, link })
    }
    return found.toSorted((a, b) => byOpening(a.one, b.one))
  }

  #openWith(member: Member, at_ms: number): void {
    if (this.#open.size >= this.#limits.open_incidents) return this.#dropped.add(1, { limit: 'open_incidents' })
    const id = contentId('i', member.ref, at_ms)
    const times = { opened_ms: at_ms, updated_ms: at_ms }
    const facts: CaseFacts = { id, ...times, dirty: false, state: 'open', members: [], joins: [], timeline: [] }
    const one = new Case(facts, this.#limits.timeline)
    this.#open.set(id, one)
    one.note({ at_ms, what: 'opened', ref: member.ref })
    this.#join(one, member, OPENED)
    this.#tell(one, 'opened', at_ms)
  }

  /** Adds a member, then what waited for it: evidence near it, evidence near that, and the changes before all of them. */
  #join(one: Case, member: Member, link: Link): void {
    this.#add(one, member, link)
    const added = [member]
    for (const next of added) {
      for (const change of this.#changes.all()) this.#offerChange(one, change, [next])
      for (const waiting of this.#evidence.all()) {
        const near = linkOf(this.#graph, waiting, next, this.#limits)
        if (near === undefined || one.size >= this.#limits.incident_members) continue
        this.#add(one, waiting, near)
        added.push(waiting)
      }
    }
  }

  #add(one: Case, member: Member, link: Link): void {
    this.#evidence.delete(member.ref)
    this.#caseOf.set(member.ref, one)
    one.add(member, link)
  }

  #offerChange(one: Case, change: Member, to: Iterable<Member> = one.members()): void {
    if (one.get(change.ref) !== undefined || one.size >= this.#limits.incident_members) return
    const others = [...to].filter(({ kind }) => kind !== 'change')
    const link = bestLink(others, (other) => changeLinkOf(this.#graph, change, other, this.#limits))
    if (link !== undefined) one.add(change, link)
  }

  /** A change that comes late connects incidents as it would have had it been there before them. */
  #connect(change: Member): void {
    const [first, ...others] = [...this.#open.values()]
      .filter((one) => one.get(change.ref) !== undefined)
      .toSorted(byOpening)
    if (first === undefined) return
    for (const one of others) {
      const anomalies = [...one.members()].filter(({ kind }) => kind !== 'change')
      const link = bestLink(anomalies, (other) => linkOf(this.#graph, other, change, this.#limits))
      if (link !== undefined) this.#merge(first, one, change.from_ms)
    }
  }

  /** The younger goes into the older one and is resolved by it. */
  #merge(older: Case, younger: Case, at_ms: number): void {
    const [first] = younger.members()
    const others = [...older.members(), ...younger.members()].filter((other) => other !== first)
    const link =
      first === undefined ? undefined : bestLink(others, (other) => linkOf(this.#graph, first, other, this.#limits))
    older.absorb(younger, link, this.#limits.incident_members)
    this.#resolve(younger, Math.max(at_ms, younger.facts.updated_ms), older.facts.id)
    for (const { ref, kind } of younger.members()) {
      if (older.get(ref) === undefined) this.#dropped.add(1, { limit: 'incident_members' })
      else if (kind !== 'change') this.#caseOf.set(ref, older)
    }
  }

  #resolve(one: Case, at_ms: number, by: string): void {
    one.facts.state = 'resolved'
    one.facts.resolved_ms = at_ms
    one.note({ at_ms, what: 'resolved', ref: by })
    this.#open.delete(one.facts.id)
    for (const { ref } of one.members()) if (this.#caseOf.get(ref) === one) this.#caseOf.delete(ref)
    this.#tell(one, 'resolved', at_ms)
  }

  #tell(one: Case, type: IncidentEvent['type'], at_ms: number): void {
    one.facts.dirty = false
    this.#emit({ type, at_ms, incident: one.incident(this.#graph) })
  }

  #wait(list: Waiting, member: Member, limit: string): void {
    if (list.put(member)) this.#dropped.add(1, { limit })
  }
}

function byOpening(a: Case, b: Case): number {
  return a.facts.opened_ms - b.facts.opened_ms || (a.facts.id < b.facts.id ? -1 : 1)
}
