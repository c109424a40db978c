import type { RequestListener } from 'node:http'

import { getRequestListener } from '@hono/node-server'

import type { Clock } from '#core/clock.ts'
import { Listening } from '#core/net/listening.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly fetch: (request: Request, env: unknown) => Response | Promise<Response>
  /** What is looked at before the router. */
  readonly around: (rest: RequestListener) => RequestListener
  /** What came was no HTTP: it was answered with this status. */
  readonly onBroken: (status: number) => void
  /** Ends answers that would never end by themselves. */
  readonly onStop: () => void
  readonly connections: number
  readonly drain_ms: number
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
}

/** For a whole request to arrive; answers may take longer. */
const REQUEST_MS = 60_000

/** The API's HTTP server; `localhost` is both loopback addresses on one port. */
export class Listener extends Listening {
  constructor({ fetch, around, ...options }: ListenerOptions) {
    super({
      ...options,
      setting: 'listen.http',
      request_ms: REQUEST_MS,
      onRequest: around(getRequestListener(fetch, { overrideGlobalObjects: false })),
    })
  }
}
