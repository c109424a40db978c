import { z } from 'zod'

import type { Snapshot } from '../component.ts'
import type { Counter, Meter } from '../ports/meter.ts'
import type { Edge, ServiceGraph } from '../ports/service-graph.ts'
import type { Span, SpanLink } from '../signal.ts'
import { CallEdges } from './call-edges.ts'
import { bytesOf, jsonNumber, parseJson, textOf } from './json.ts'

/** How long a half call waits for its other half, from when it came. */
const WAIT_MS = 60_000
/** An edge that was not seen for so long is no edge any more. */
const FADE_MS = 86_400_000

export interface GraphLimits {
  /** Half calls that wait. */
  readonly pending: number
  /** Called halves that wait for one caller. */
  readonly callees: number
  /** Pairs of services. */
  readonly edges: number
}

export const GRAPH_LIMITS: GraphLimits = {
  pending: 50_000,
  callees: 64,
  edges: 10_000,
}

/** The calling half of a call: a client or producer span. It stays after the first match: a message has many consumers. */
interface Caller {
  readonly service: string
  readonly peer: string
  readonly error: boolean
  readonly time_ms: number
  matched: boolean
}

/** The called half: a server or consumer span whose caller has not come yet. */
interface Callee {
  readonly service: string
  readonly error: boolean
  readonly time_ms: number
}

/** What is known of one calling span, and the time of the graph when it was first heard of. */
interface Pending {
  readonly since_ms: number
  caller: Caller | undefined
  readonly callees: Callee[]
}

const callee = z.object({ service: z.string(), error: z.boolean(), time_ms: jsonNumber })
const schema = z.object({
  version: z.literal(1),
  time_ms: z.number().nullable(),
  ticked: z.boolean(),
  edges: z.array(
    z.object({
      caller: z.string(),
      callee: z.string(),
      calls: z.number(),
      errors: z.number(),
      last_ms: jsonNumber,
    }),
  ),
  pending: z.array(
    z.tuple([
      z.string(),
      z.object({
        since_ms: z.number(),
        caller: callee.extend({ peer: z.string(), matched: z.boolean() }).optional(),
        callees: z.array(callee),
      }),
    ]),
  ),
})

/**
 * Who calls whom, from spans. A server or consumer span is joined to the client or producer span that is its parent, who takes
 * messages also to those that it links to (a batch has no one parent), in whichever order and batches they come. A caller that names a `peer` which never reports (a database) is an edge to that
 * name once it has waited. Deterministic: moved by ticks, or without any by the spans' own time between calls.
 */
export class CallGraph implements ServiceGraph, Snapshot {
  readonly name = 'service_graph'
  readonly #limits: GraphLimits
  readonly #full: Counter
  #edges: CallEdges
  /** By trace and calling span, in order of `since_ms`. */
  readonly #pending = new Map<string, Pending>()
  #time_ms = -Infinity
  #ticked = false

  constructor(options: { readonly meter: Meter; readonly limits?: Partial<GraphLimits> }) {
    this.#limits = { ...GRAPH_LIMITS, ...options.limits }
    this.#edges = new CallEdges(this.#limits.edges)
    this.#full = options.meter.counter('barograph.graph.dropped', {
      description: 'Half calls or pairs of services that went early because a limit was reached',
    })
  }

  /** Analysis time. Once told, it alone moves the graph. */
  advance(time_ms: number): void {
    this.#ticked = true
    this.#time_ms = Math.max(this.#time_ms, time_ms)
    this.#expire()
  }

  /** The clock was wrong: time goes on from here, and was beyond. */
  setBack(time_ms: number): void {
    this.#time_ms = Math.min(this.#time_ms, time_ms)
  }

  /** Takes the spans of one request. Those without ids or a time are no part of a call. */
  spans(spans: readonly Span[]): void {
    const calls = spans.filter((span) => {
      return span.trace_id !== '' && span.span_id !== '' && Number.isFinite(span.end_ms)
    })
    if (!this.#ticked) for (const { end_ms } of calls) this.#time_ms = Math.max(this.#time_ms, end_ms)
    for (const span of calls) {
      if (span.kind === 'client' || span.kind === 'producer') this.#called(span)
      for (const caller of callersOf(span)) this.#served(span, caller)
    }
    this.#expire()
  }

  edges(): readonly Edge[] {
    return this.#edges.since(this.#time_ms - FADE_MS)
  }

  callees(service: string): readonly string[] {
    return this.#edges.callees(service, this.#time_ms - FADE_MS)
  }

  callers(service: string): readonly string[] {
    return this.#edges.callers(service, this.#time_ms - FADE_MS)
  }

  /** JSON, format 1. */
  save(): Uint8Array {
    const state: z.input<typeof schema> = {
      version: 1,
      time_ms: Number.isFinite(this.#time_ms) ? this.#time_ms : null,
      ticked: this.#ticked,
      edges: [...this.#edges.all()],
      pending: [...this.#pending],
    }
    return bytesOf(JSON.stringify(state))
  }

  load(bytes: Uint8Array): void {
    const state = parseJson(textOf(bytes), schema, 'the service graph')
    this.#time_ms = state.time_ms ?? -Infinity
    this.#ticked = state.ticked
    this.#edges = new CallEdges(this.#limits.edges)
    for (const edge of state.edges) this.#edges.put(edge)
    this.#pending.clear()
    for (const [key, { since_ms, caller, callees }] of state.pending) {
      this.#pending.set(key, { since_ms, caller, callees })
    }
  }
  #called(span: Span): void {
    const { service, peer, error } = span
    const pending = this.#of(span.trace_id, span.span_id)
    // Sent twice.
    if (pending.caller !== undefined) return
    const matched = pending.callees.length > 0
    // The order of the fields is that of the schema: what was loaded is saved the same.
    const caller = { service, error, time_ms: this.#at(span), peer, matched }
    pending.caller = caller
    for (const one of pending.callees) this.#join(caller, one)
    pending.callees.length = 0
  }

  #served(span: Span, { trace_id, span_id }: SpanLink): void {
    const pending = this.#of(trace_id, span_id)
    const one = { service: span.service, error: span.error, time_ms: this.#at(span) }
    if (pending.caller !== undefined) {
      pending.caller.matched = true
      this.#join(pending.caller, one)
    } else if (pending.callees.length < this.#limits.callees) pending.callees.push(one)
    else this.#full.add(1, { limit: 'callees' })
  }

  #of(trace_id: string, span_id: string): Pending {
    const key = `${trace_id}\u0000${span_id}`
    const known = this.#pending.get(key)
    if (known !== undefined) return known
    const made: Pending = { since_ms: this.#time_ms, caller: undefined, callees: [] }
    this.#pending.set(key, made)
    return made
  }

  /** A clock that runs ahead must not keep an edge for ever. */
  #at({ end_ms }: Span): number {
    return this.#ticked ? Math.min(end_ms, this.#time_ms) : end_ms
  }

  #join(caller: Caller, one: Callee): void {
    const error = caller.error || one.error
    this.#edge(caller.service, one.service, { error, time_ms: Math.max(caller.time_ms, one.time_ms) })
  }

  #edge(from: string, to: string, call: { error: boolean; time_ms: number }): void {
    if (from === to || from === '' || to === '') return
    if (!this.#edges.count({ caller: from, callee: to, ...call })) this.#full.add(1, { limit: 'edges' })
  }

  /** Who has waited long enough, or is too many, waits no more. */
  #expire(): void {
    for (const [key, pending] of this.#pending) {
      const over = this.#pending.size > this.#limits.pending
      if (!over && pending.since_ms + WAIT_MS > this.#time_ms) break
      if (over) this.#full.add(1, { limit: 'pending' })
      this.#pending.delete(key)
      const { caller } = pending
      if (caller !== undefined && !caller.matched) this.#edge(caller.service, caller.peer, caller)
    }
    this.#edges.dropBefore(this.#time_ms - FADE_MS)
  }
}

/** The spans that may have called one: the parent of a called half, and what a span that takes messages links to beside that. */
function callersOf({ kind, trace_id, parent_span_id, links = [] }: Span): readonly SpanLink[] {
  if (parent_span_id === '' || (kind !== 'server' && kind !== 'consumer')) return links
  const parent = { trace_id, span_id: parent_span_id }
  const others = links.filter((link) => link.trace_id !== trace_id || link.span_id !== parent_span_id)
  return [parent, ...others]
}
