import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'

import type { Clock } from '#core/clock.ts'
import type { Meter } from '#core/ports/meter.ts'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS'])

/** Counts requests by route (as registered, so that there are few), method and status, and how long they took. */
export function countRequests(meter: Meter, clock: Clock): MiddlewareHandler {
  const requests = meter.counter('barograph.api.requests', { description: 'Requests answered', unit: '{request}' })
  const duration = meter.histogram('barograph.api.duration', {
    description: 'Time until a request was answered; of a stream, until it began',
    unit: 's',
    bounds: [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120],
  })
  return async (c, next) => {
    const from_ms = clock.now_ms()
    await next()
    const route = matchedRoutes(c).findLast(({ method }) => method !== 'ALL')?.path ?? 'none'
    const method = METHODS.has(c.req.method) ? c.req.method : 'other'
    requests.add(1, { route, method, status: String(c.res.status) })
    duration.record((clock.now_ms() - from_ms) / 1000, { route })
  }
}
