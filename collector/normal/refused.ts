import type { Reason } from './rejections.ts'

/** Why a point is not taken; never leaves this room. */
export class Refused extends Error {
  readonly reason: Reason

  constructor(reason: Reason, message: string) {
    const { stackTraceLimit } = Error
    // A body may hold millions of them, and where they come from is no secret.
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.reason = reason
  }
}
