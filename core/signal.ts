import type { Labels } from './series.ts'

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

export type Level = (typeof LEVELS)[number]

/** Characters of a body that are read: templates look at no more. */
export const BODY_MAX = 2048

/** One log record, as far as templates, counts and incidents need it. Ids are lower-case hex, '' when absent. */
export interface LogRecord {
  readonly time_ms: number
  /** Identifying labels of the resource (`service_name`, …), as on its metrics. */
  readonly labels: Labels
  readonly level: Level
  /** What it says to people, at most `BODY_MAX` characters: the message where the body is fields, else the body as text. */
  readonly body: string
  readonly trace_id: string
  readonly span_id: string
}

export const SPAN_KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const

/** Which span of which trace. */
export interface SpanLink {
  readonly trace_id: string
  readonly span_id: string
}

/** One span, as far as the service graph needs it. */
export interface Span {
  readonly trace_id: string
  readonly span_id: string
  /** '' for a root. */
  readonly parent_span_id: string
  readonly service: string
  readonly name: string
  readonly kind: (typeof SPAN_KINDS)[number]
  readonly start_ms: number
  readonly end_ms: number
  readonly error: boolean
  /** The other side as the caller names it (`peer.service`, else `db.namespace`/`db.system`, else `server.address`); '' when unknown. */
  readonly peer: string
  /** Of who takes messages: the spans that sent them, of any trace, as far as it names them beside its parent. Not there without any. */
  readonly links?: readonly SpanLink[] | undefined
}
