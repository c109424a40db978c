/** Calls seen between two services. */
export interface Edge {
  readonly caller: string
  readonly callee: string
  readonly calls: number
  readonly errors: number
  /** Event time of the newest call. */
  readonly last_ms: number
}

export interface ServiceGraph {
  /** Ordered by caller, then callee. */
  edges(): readonly Edge[]
  callees(service: string): readonly string[]
  callers(service: string): readonly string[]
}
