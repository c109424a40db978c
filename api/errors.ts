import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'

import { type ErrorCode, ERROR_CODES, messageOf, ServiceError } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'

import { failure } from './prometheus/envelope.ts'
import type { RouteModule } from './route.ts'

interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly status: number
}

/** What the libraries under us refuse, in our words. */
const BY_STATUS = new Map<number, { readonly code: ErrorCode; readonly message: string }>([
  [400, { code: 'bad_data', message: 'body: not JSON' }],
  [415, { code: 'unsupported_media', message: 'expected content-type: application/json' }],
])

/** A body broke off: nobody is there who would read this, it is for the count. */
const GONE: Failure = { code: 'canceled', message: 'the client went away', status: ERROR_CODES.canceled.http }

/** What the client is told. Of what we did not expect it hears nothing but that; the log has the rest. */
function failureOf(error: Error, c: Context, log: Log): Failure {
  if (error instanceof ServiceError) return { code: error.code, message: messageOf(error), status: error.status }
  if (error instanceof HTTPException) {
    const known = BY_STATUS.get(error.status)
    if (known !== undefined) return { ...known, status: ERROR_CODES[known.code].http }
  }
  if ('code' in error && error.code === 'ECONNRESET') return GONE
  log.error('a request failed', { method: c.req.method, path: c.req.path, error })
  return { code: 'internal', message: 'internal error; the log says more', status: 500 }
}

/** The error form of our own paths. */
export function ownFailure({ code, message, status }: { code: string; message: string; status: number }): Response {
  return Response.json({ error: { code, message } }, { status })
}

/** Says to clients that go by it when to come again: what is full or away is so for more than a moment. */
function inTime(response: Response): Response {
  if (response.status === 429 || response.status === 503) response.headers.set('retry-after', '1')
  return response
}

/** How a family of routes answers whatever its handlers throw. */
export function errorHandler(family: RouteModule['family'], log: Log): (error: Error, c: Context) => Response {
  return (error, c) => {
    const told = failureOf(error, c, log)
    return inTime(family === 'prometheus' ? failure(told.code, told.message, told.status) : ownFailure(told))
  }
}
