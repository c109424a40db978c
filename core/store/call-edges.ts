import type { Edge } from '../ports/service-graph.ts'

interface MutableEdge {
  readonly caller: string
  readonly callee: string
  calls: number
  errors: number
  last_ms: number
}

function byServices(a: Edge, b: Edge): number {
  if (a.caller === b.caller) return a.callee < b.callee ? -1 : 1
  return a.caller < b.caller ? -1 : 1
}

/** Calls counted by caller and callee, a bounded number of pairs: where there is no room, the pair unseen for longest goes. */
export class CallEdges {
  readonly #limit: number
  /** In the order in which they were last seen. */
  readonly #edges = new Map<string, MutableEdge>()
  readonly #callees = new Map<string, Map<string, MutableEdge>>()
  readonly #callers = new Map<string, Map<string, MutableEdge>>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Returns false when another pair had to go. */
  count(call: { caller: string; callee: string; error: boolean; time_ms: number }): boolean {
    const { caller, callee, error, time_ms } = call
    const edge = this.#edges.get(keyOf(caller, callee)) ?? { caller, callee, calls: 0, errors: 0, last_ms: time_ms }
    edge.calls++
    if (error) edge.errors++
    edge.last_ms = Math.max(edge.last_ms, time_ms)
    return this.put(edge)
  }

  /** The edge as it is, newest of all. Returns false when another had to go. */
  put(edge: MutableEdge): boolean {
    const key = keyOf(edge.caller, edge.callee)
    this.#edges.delete(key)
    this.#edges.set(key, edge)
    under(this.#callees, edge.caller).set(edge.callee, edge)
    under(this.#callers, edge.callee).set(edge.caller, edge)
    if (this.#edges.size <= this.#limit) return true
    for (const oldest of this.#edges.values()) {
      this.#remove(oldest)
      break
    }
    return false
  }

  /** Lets go of pairs not seen since. */
  dropBefore(time_ms: number): void {
    for (const edge of this.#edges.values()) if (edge.last_ms < time_ms) this.#remove(edge)
  }

  /** In the order in which they were last seen. */
  all(): readonly Edge[] {
    return [...this.#edges.values()]
  }

  /** Ordered by caller, then callee. */
  since(time_ms: number): readonly Edge[] {
    return Array.from(this.#edges.values(), (edge) => ({ ...edge }))
      .filter(({ last_ms }) => last_ms >= time_ms)
      .toSorted(byServices)
  }

  callees(caller: string, since_ms: number): readonly string[] {
    return freshNames(this.#callees.get(caller), since_ms)
  }

  callers(callee: string, since_ms: number): readonly string[] {
    return freshNames(this.#callers.get(callee), since_ms)
  }

  #remove({ caller, callee }: Edge): void {
    this.#edges.delete(keyOf(caller, callee))
    forget(this.#callees, caller, callee)
    forget(this.#callers, callee, caller)
  }
}

function keyOf(caller: string, callee: string): string {
  return `${caller}\u0000${callee}`
}

function under<T>(map: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const known = map.get(name)
  if (known !== undefined) return known
  const made = new Map<string, T>()
  map.set(name, made)
  return made
}

function forget<T>(map: Map<string, Map<string, T>>, name: string, other: string): void {
  const inner = map.get(name)
  inner?.delete(other)
  if (inner?.size === 0) map.delete(name)
}

function freshNames(edges: ReadonlyMap<string, Edge> | undefined, since_ms: number): readonly string[] {
  const names: string[] = []
  for (const [name, { last_ms }] of edges ?? []) if (last_ms >= since_ms) names.push(name)
  return names.toSorted()
}
