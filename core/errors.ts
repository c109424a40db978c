/** The stable codes of operating errors. What a caller may do about one is in the table, not in its message. */
export const ERROR_CODES = {
  bad_data: { http: 400, retryable: false },
  bad_config: { http: 400, retryable: false },
  not_found: { http: 404, retryable: false },
  conflict: { http: 409, retryable: false },
  too_large: { http: 413, retryable: false },
  unsupported_media: { http: 415, retryable: false },
  execution: { http: 422, retryable: false },
  overloaded: { http: 429, retryable: true },
  canceled: { http: 499, retryable: false },
  internal: { http: 500, retryable: false },
  unavailable: { http: 503, retryable: true },
  timeout: { http: 503, retryable: true },
} as const satisfies Record<string, { http: number; retryable: boolean }>

export type ErrorCode = keyof typeof ERROR_CODES

export interface ServiceErrorOptions {
  cause?: unknown
  /** Overrides the table: a peer's 4xx is final even where the code would allow a retry. */
  retryable?: boolean
  /** Where a peer said when it wants to be asked again. */
  retry_after_ms?: number | undefined
}

/** An operating error: expected, answerable, never a bug. Bugs are asserted (`assert.ts`). */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly retry_after_ms: number | undefined

  constructor(code: ErrorCode, message: string, options: ServiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? ERROR_CODES[code].retryable
    this.retry_after_ms = options.retry_after_ms
  }

  /** The HTTP status that the code is answered with. */
  get status(): number {
    return ERROR_CODES[this.code].http
  }
}

/** What was looked for; throws `ServiceError('not_found')` where it is not there. */
export function existing<T>(found: T | undefined, what: string, id: string): T {
  if (found === undefined) throw new ServiceError('not_found', `no ${what} ${JSON.stringify(id)}`)
  return found
}

/** The message of anything thrown, without losing what a library put into `cause`, nor saying it twice. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause === undefined) return error.message
  const cause = messageOf(error.cause)
  return error.message.includes(cause) ? error.message : `${error.message}: ${cause}`
}
