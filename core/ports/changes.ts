import type { Change } from '../change.ts'

export interface ChangeFilter {
  readonly service?: string
  readonly from_ms?: number
  readonly to_ms?: number
  /** Newest first, by `at_ms` then id; continues behind this id. */
  readonly after?: string
  readonly limit: number
}

export interface ChangeReader {
  list(filter: ChangeFilter): Change[]
  get(id: string): Change | undefined
}
