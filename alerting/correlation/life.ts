import type { IncidentState } from '#core/incident.ts'

/** What happens to an incident: a person acknowledges or resolves it, or its members are over and it has been quiet. */
export const LIFE_EVENTS = ['ack', 'resolve', 'quiet'] as const

export type LifeEvent = (typeof LIFE_EVENTS)[number]

/**
 * The next state, undefined where the event is refused. A resolved incident stays so; acknowledging twice is harmless, since two people
 * may press at once.
 */
export function nextState(state: IncidentState, event: LifeEvent): IncidentState | undefined {
  if (state === 'resolved') return undefined
  return event === 'ack' ? 'acknowledged' : 'resolved'
}
