import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'

import type { Clock } from '#core/clock.ts'
import type { Meter } from '#core/ports/meter.ts'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS'])

interface Answered {
  /** As registered, so that there are few. */
  readonly route: string
  readonly method: string
  readonly status: number
}

/** To be called when a request comes; what it gives, when it is answered. Counts them, and how long they took. */
export function createCount(meter: Meter, clock: Clock): () => (answered: Answered) => void {
  const requests = meter.counter('barograph.api.requests', { description: 'Requests answered', unit: '{request}' })
  const duration = meter.histogram('barograph.api.duration', {
    description: 'Time until a request was answered; of a stream, until it began',
    unit: 's',
    bounds: [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120],
  })
  return () => {
    const from_ms = clock.now_ms()
    return ({ route, method, status }) => {
      requests.add(1, { route, method: METHODS.has(method) ? method : 'other', status: String(status) })
      duration.record((clock.now_ms() - from_ms) / 1000, { route })
    }
  }
}

/** Counts what goes through the router. */
export function countRequests(meter: Meter, clock: Clock): MiddlewareHandler {
  const count = createCount(meter, clock)
  return async (c, next) => {
    const counted = count()
    await next()
    const route = matchedRoutes(c).findLast(({ method }) => method !== 'ALL')?.path ?? 'none'
    counted({ route, method: c.req.method, status: c.res.status })
  }
}
