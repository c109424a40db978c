import type { Finding, FindingEvent } from '../finding.ts'

export interface FindingFilter {
  readonly state?: readonly Finding['state'][]
  readonly rule?: string
  readonly service?: string
  /** Newest first, by `since_ms` then id; continues behind this id. */
  readonly after?: string
  readonly limit: number
}

export interface FindingReader {
  list(filter: FindingFilter): Finding[]
  get(id: string): Finding | undefined
}

/** Takes findings in the order in which they were made. */
export interface FindingSink {
  finding(event: FindingEvent): void
}
