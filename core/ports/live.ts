import type { FindingEvent } from '../finding.ts'
import type { Hint } from '../hint.ts'
import type { IncidentEvent } from '../incident.ts'

/** What `/api/v1/stream` sends. */
export type LiveEvent =
  | { readonly kind: 'finding'; readonly event: FindingEvent }
  | { readonly kind: 'incident'; readonly event: IncidentEvent }
  | { readonly kind: 'hint'; readonly hint: Hint }

export interface LiveEvents {
  /** Returns the way out. */
  subscribe(listener: (event: LiveEvent) => void): () => void
}
