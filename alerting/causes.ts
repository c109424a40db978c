import { max, sum } from 'simple-statistics'

import type { Cause, Evidence } from '#core/incident.ts'
import type { ServiceGraph } from '#core/ports/service-graph.ts'

import { byOnset, type Member } from './correlation/member.ts'

/** How much of its blame a service passes to the anomalous services that it calls. */
const PASS = 0.85
/** Steps of the walk: longer chains of calls keep the rest where it is. */
const ROUNDS = 16
/** Evidence of the same service beyond its strongest adds this part: many series are not many troubles. */
const MORE = 0.2
/** What an anomaly of an evidence rule counts against one of a rule that people wrote. */
const EVIDENCE = 0.7
/** The most that a change, and an early onset, multiply blame by (less one). */
const CHANGE_BONUS = 1
const ONSET_BONUS = 0.5
/** Onsets this much later than the first have no bonus. */
const ONSET_MS = 5 * 60_000
/** A change reported when it was done may lie this much behind the first symptom. */
const CHANGE_LATE_MS = 60_000
const CHANGE_MS = 60 * 60_000
/** Shares below this are noise. */
const LEAST_SHARE = 0.01

export interface CauseLimits {
  readonly causes: number
  readonly evidence: number
}

export const CAUSE_LIMITS: CauseLimits = { causes: 10, evidence: 20 }

/** What is known against one service. */
interface Suspect {
  readonly service: string
  readonly members: readonly Member[]
  /** The change nearest before the first symptom, and 0…1: how near. */
  readonly change: Member | undefined
  readonly nearness: number
  /** Anomaly weight, before blame is passed on. */
  readonly own: number
  readonly onset_ms: number
}

function weightOf(member: Member): number {
  return Math.log1p(member.score) * (member.kind === 'finding' && member.evidence ? EVIDENCE : 1)
}

const round = (value: number): number => Math.round(value * 1000) / 1000

/** How near before the first symptom a change lies, 1 at once, 0 an hour or more; 0 for one that came after it. */
function nearnessOf(change: Member, first_ms: number): number {
  const gap_ms = first_ms - change.from_ms
  if (gap_ms < -CHANGE_LATE_MS || gap_ms > CHANGE_MS) return 0
  return 1 - Math.max(0, gap_ms) / CHANGE_MS
}

function suspectOf(service: string, members: readonly Member[], first_ms: number): Suspect {
  const anomalies = members.filter(({ kind }) => kind !== 'change')
  const changes = members
    .filter(({ kind }) => kind === 'change')
    .map((change) => ({ change, nearness: nearnessOf(change, first_ms) }))
    .filter(({ nearness }) => nearness > 0)
    .toSorted((a, b) => b.nearness - a.nearness || byOnset(a.change, b.change))
  const weights = anomalies.map(weightOf)
  const strongest = weights.length === 0 ? 0 : max(weights)
  const nearness = changes[0]?.nearness ?? 0
  return {
    service,
    members,
    change: changes[0]?.change,
    nearness,
    own: weights.length === 0 ? nearness : strongest + MORE * (sum(weights) - strongest),
    onset_ms: anomalies.reduce((first, { from_ms }) => Math.min(first, from_ms), Infinity),
  }
}

/** Everything that is known, by service; those without a name cannot be blamed. */
function suspectsOf(members: readonly Member[], graph: ServiceGraph): Map<string, Suspect> {
  const anomalies = members.filter(({ kind }) => kind !== 'change')
  const first_ms = anomalies.reduce((first, { from_ms }) => Math.min(first, from_ms), Infinity)
  const anomalous = new Set(anomalies.map(({ service }) => service))
  const suspects = new Map<string, Suspect>()
  const groups = Map.groupBy(members, ({ service }) => service)
  for (const service of [...groups.keys()].toSorted()) {
    const suspect = suspectOf(service, groups.get(service) ?? [], first_ms)
    // A service that shows nothing itself is suspect only when somebody who suffers calls it.
    const called = graph.callers(service).some((caller) => anomalous.has(caller))
    if (service !== '' && suspect.own > 0 && (anomalous.has(service) || called)) suspects.set(service, suspect)
  }
  return suspects
}

function bonusOf({ nearness, onset_ms }: Suspect, first_ms: number): number {
  const early = Number.isFinite(onset_ms) ? Math.max(0, 1 - (onset_ms - first_ms) / ONSET_MS) : 0
  return (1 + CHANGE_BONUS * nearness) * (1 + ONSET_BONUS * early)
}

interface Blame {
  readonly total: Map<string, number>
  /** By service that received it: from whom, how much. */
  readonly passed: Map<string, Map<string, number>>
}

/**
 * A walk down the call graph: each service hands most of its blame to the suspects that it calls, by their weight, and keeps
 * the rest; one that calls no other suspect keeps all. A random walk of the family of MonitorRank (Kim et al., 2013), with
 * absorption in place of restarts.
 */
function walk(suspects: ReadonlyMap<string, Suspect>, graph: ServiceGraph, bonus: (suspect: Suspect) => number): Blame {
  const total = new Map<string, number>()
  const passed = new Map<string, Map<string, number>>()
  const keep = (service: string, amount: number): void => {
    total.set(service, (total.get(service) ?? 0) + amount)
  }
  let flow = new Map([...suspects].map(([service, suspect]) => [service, suspect.own * bonus(suspect)]))
  for (let step = 0; step < ROUNDS && flow.size > 0; step++) {
    const next = new Map<string, number>()
    for (const [service, amount] of flow) {
      const callees = graph.callees(service).flatMap((name) => suspects.get(name) ?? [])
      const heavy = callees.map((callee) => callee.own * bonus(callee))
      const all = sum(heavy)
      keep(service, callees.length === 0 ? amount : amount * (1 - PASS))
      for (const [i, callee] of callees.entries()) {
        const part = (amount * PASS * (heavy[i] ?? 0)) / all
        next.set(callee.service, (next.get(callee.service) ?? 0) + part)
        const from = passed.get(callee.service) ?? new Map<string, number>()
        passed.set(callee.service, from.set(service, (from.get(service) ?? 0) + part))
      }
    }
    flow = next
  }
  for (const [service, amount] of flow) keep(service, amount)
  return { total, passed }
}

function evidenceOf(
  suspect: Suspect,
  suspects: ReadonlyMap<string, Suspect>,
  { passed }: Blame,
  limit: number,
): Evidence[] {
  const own = suspect.members.flatMap((member): Evidence[] => {
    if (member.kind === 'change' && member !== suspect.change) return []
    const kind = member.kind === 'finding' ? (member.logs ? 'log' : 'metric') : member.kind
    const weight = round(member.kind === 'change' ? suspect.nearness : weightOf(member))
    return [{ kind, ref: member.ref, at_ms: member.from_ms, weight }]
  })
  const calls = [...(passed.get(suspect.service) ?? [])].flatMap(([caller, amount]): Evidence[] => {
    const anomalies = suspects.get(caller)?.members.filter(({ kind }) => kind !== 'change') ?? []
    const [strongest] = anomalies.toSorted((a, b) => weightOf(b) - weightOf(a) || byOnset(a, b))
    if (strongest === undefined) return []
    return [{ kind: 'call', ref: strongest.ref, at_ms: strongest.from_ms, weight: round(amount) }]
  })
  return [...own, ...calls]
    .toSorted((a, b) => b.weight - a.weight || a.at_ms - b.at_ms || (a.ref < b.ref ? -1 : 1))
    .slice(0, limit)
}

/**
 * Who is to blame, most first; shares sum to 1. Weights come from peak scores and alerts, go down the call graph, and grow by a
 * change just before the first symptom and by an early onset. Empty where no member names a service.
 */
export function rankCauses(
  members: readonly Member[],
  graph: ServiceGraph,
  limits: CauseLimits = CAUSE_LIMITS,
): Cause[] {
  const suspects = suspectsOf(members, graph)
  const first_ms = [...suspects.values()].reduce((first, { onset_ms }) => Math.min(first, onset_ms), Infinity)
  const blame = walk(suspects, graph, (suspect) => bonusOf(suspect, first_ms))
  const all = sum([...blame.total.values()])
  const ranked = [...suspects.values()]
    .map((suspect) => ({ suspect, part: (blame.total.get(suspect.service) ?? 0) / all }))
    .filter(({ part }) => part >= LEAST_SHARE)
    .toSorted((a, b) => b.part - a.part || (a.suspect.service < b.suspect.service ? -1 : 1))
    .slice(0, limits.causes)
  const kept = sum(ranked.map(({ part }) => part))
  return ranked.map(({ suspect, part }) => ({
    service: suspect.service,
    share: part / kept,
    change: suspect.change?.ref ?? '',
    evidence: evidenceOf(suspect, suspects, blame, limits.evidence),
  }))
}

/** How far down the call graph a symptom's reach is followed. */
const REACH = 1000

function reachOf(service: string, graph: ServiceGraph): Set<string> {
  const reach = new Set([service])
  for (const one of reach) {
    if (reach.size >= REACH) break
    for (const callee of graph.callees(one)) reach.add(callee)
  }
  return reach
}

/** The service that shows the trouble: of those with a rule's finding or alert the most upstream, else the first. */
export function symptomOf(members: readonly Member[], graph: ServiceGraph): string {
  const loud = members.filter(({ evidence, service }) => !evidence && service !== '').toSorted(byOnset)
  const services = [...new Set(loud.map(({ service }) => service))]
  let best = services[0] ?? ''
  let most = 0
  for (const service of services) {
    const reach = reachOf(service, graph)
    const below = services.filter((other) => reach.has(other)).length
    if (below > most) [best, most] = [service, below]
  }
  return best
}
