import type { Incident, IncidentState } from '../incident.ts'

export interface IncidentFilter {
  readonly state?: readonly IncidentState[]
  readonly service?: string
  /** Newest first, by `opened_ms` then id; continues behind this id. */
  readonly after?: string
  readonly limit: number
}

export interface IncidentReader {
  list(filter: IncidentFilter): Incident[]
  get(id: string): Incident | undefined
}
