import type { AlertEvent } from '#core/alert.ts'
import type { ServiceError } from '#core/errors.ts'
import type { ResultSeries } from '#core/ports/query-engine.ts'

/** How one kind of rule uses what its expression gave. State is its own; it is saved as JSON. */
export interface Runner {
  /** Takes the results of the steps `from_ms`…`to_ms` (a multiple of `interval_ms` apart), in order. Throws `ServiceError` before anything has changed. */
  take(results: Results): Taken | Promise<Taken>
  /** Nothing is known of so much time before the next step: what counts time goes on as if it had not passed. */
  away?(ms: number): void
  /** Time was set back: the next steps lie before those that were taken last. */
  setBack?(time_ms: number): void
  /** A step could not be evaluated. */
  failed?(): void
  /** Whether steps without input matter to it now. */
  readonly active: boolean
  /** True where steps done before may be taken again for series that are new to it: the rest is ignored. */
  readonly repeatable: boolean
  /** The rule is gone: what it said last is over. */
  end(time_ms: number): AlertEvent[]
  save(): unknown
  load(state: unknown): void
}

export interface Results {
  readonly series: readonly ResultSeries[]
  readonly from_ms: number
  readonly to_ms: number
  readonly interval_ms: number
  /** Steps that were done before. */
  readonly again: boolean
}

export interface Taken {
  readonly events: readonly AlertEvent[]
  /** Why some steps were passed over. */
  readonly error?: ServiceError | undefined
}

export const NOTHING: Taken = { events: [] }
