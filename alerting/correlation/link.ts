import type { Join } from '#core/incident.ts'
import type { ServiceGraph } from '#core/ports/service-graph.ts'

import { gapOf, type Member } from './member.ts'

/** What a join weighs when no time lies between; it halves towards the edge of the window. */
const SAME_SERVICE = 2
const CALL = 1.4
const CHANGE = 1

export type Link = Pick<Join, 'reason' | 'weight'>

export interface Windows {
  /** Between members. */
  readonly window_ms: number
  /** How long before a member a change may lie. */
  readonly change_ms: number
}

/** Rounded, so that facts read well and do not hang on the last bit. */
function weight(base: number, gap_ms: number, window_ms: number): number {
  return Math.round(base * (1 - gap_ms / (2 * window_ms)) * 1000) / 1000
}

/** Services with which one service can be joined: itself and those one call away. */
export function neighbours(graph: ServiceGraph, service: string): ReadonlySet<string> {
  return new Set([service, ...graph.callers(service), ...graph.callees(service)])
}

/** Who calls whom of two services, undefined where neither does. */
function callOf(graph: ServiceGraph, a: string, b: string): { caller: string; callee: string } | undefined {
  if (graph.callees(a).includes(b)) return { caller: a, callee: b }
  return graph.callees(b).includes(a) ? { caller: b, callee: a } : undefined
}

/**
 * Why `member`, a finding or alert, belongs to `other`; undefined where it does not. A change that is a member already connects
 * its own service and those that call it: callers of a service without metrics meet in its deploy.
 */
export function linkOf(graph: ServiceGraph, member: Member, other: Member, { window_ms }: Windows): Link | undefined {
  if (member.service === '' || other.service === '') return undefined
  const gap_ms = gapOf(member, other)
  if (gap_ms > window_ms) return undefined
  if (member.service === other.service) {
    const reason = { kind: 'same_service', service: member.service, gap_ms } as const
    return { reason, weight: weight(SAME_SERVICE, gap_ms, window_ms) }
  }
  const call = callOf(graph, member.service, other.service)
  if (call === undefined || (other.kind === 'change' && call.callee !== other.service)) return undefined
  return { reason: { kind: 'call', ...call, gap_ms }, weight: weight(CALL, gap_ms, window_ms) }
}

/** Why a change belongs to a finding or alert: it came before, to its service, to one a call away, or to everything. */
export function changeLinkOf(
  graph: ServiceGraph,
  change: Member,
  member: Member,
  { change_ms }: Windows,
): Link | undefined {
  const gap_ms = member.from_ms - change.from_ms
  if (gap_ms < 0 || gap_ms > change_ms) return undefined
  const near =
    change.service === '' ||
    change.service === member.service ||
    (member.service !== '' && callOf(graph, member.service, change.service) !== undefined)
  if (!near) return undefined
  return { reason: { kind: 'change', service: change.service, gap_ms }, weight: weight(CHANGE, gap_ms, change_ms) }
}

/** The heaviest link from a member to any of the others; of equals the first. */
export function bestLink(others: Iterable<Member>, link: (other: Member) => Link | undefined): Link | undefined {
  let best: Link | undefined
  for (const other of others) {
    const found = link(other)
    if (found !== undefined && found.weight > (best?.weight ?? 0)) best = found
  }
  return best
}
