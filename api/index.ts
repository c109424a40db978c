import { OpenAPIHono } from '@hono/zod-openapi'
import { cors } from 'hono/cors'
import { methodNotAllowed } from 'hono/method-not-allowed'

import { loopIdle_ms, monotonicNow_ms } from '#core/clock.ts'
import type { Component } from '#core/component.ts'
import { LeftBehind } from '#core/left-behind.ts'
import { Turns } from '#core/turns.ts'

import { errorHandler } from './errors.ts'
import { liveText } from './forms/live.ts'
import { type ApiOptions, DEFAULT_LIMITS } from './options.ts'
import { Deliveries } from './prometheus/delivery.ts'
import { badRequest } from './request/parameters.ts'
import { type Api, type RouteModule, routerPath } from './route.ts'
import * as LIST from './routes.ts'
import { limitBody } from './server/body.ts'
import { countRequests, createCount } from './server/count.ts'
import { createGuard, type Guard } from './server/guard.ts'
import { Listener } from './server/listener.ts'
import { withMounts } from './server/mounted.ts'
import { Streams } from './stream/streams.ts'

export { alertForm } from './forms/alert.ts'
export { changeForm } from './forms/change.ts'
export { findingForm } from './forms/finding.ts'
export { incidentForm } from './forms/incident.ts'
export type { ApiOptions, ApiPorts } from './options.ts'

const ROUTES: readonly RouteModule[] = Object.values(LIST)

/** The listener of the API. */
export interface ApiComponent extends Component {
  /** Where it listens; empty before `start` and after `stop`. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
}

/** One module of the list under the rules of its family. */
function mounted(module: RouteModule, api: Api, guard: Guard): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw badRequest(result.error, result.target)
    },
  })
  app.onError(errorHandler(module.family, api.log))
  for (const path of module.paths) {
    app.use(routerPath(path), module.family === 'prometheus' ? cors({ origin: '*' }) : guard.origin)
  }
  module.mount(app, api)
  return app
}

function apiOf(options: ApiOptions, whole: () => OpenAPIHono): Api {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const { ports, clock, meter } = options
  const streams = new Streams({
    live: ports.live,
    encode: (event, locale) => liveText(event, ports, locale),
    clock,
    meter,
    clients: limits.stream_clients,
    bytes: limits.stream_bytes,
  })
  const turns = options.turns ?? new Turns(monotonicNow_ms, loopIdle_ms)
  const deliveries = new Deliveries({
    points: limits.answer_points,
    turns,
    leftBehind: options.leftBehind ?? new LeftBehind(() => {}),
  })
  return { ...options, limits, streams, turns, deliveries, started_ms: clock.now_ms(), whole }
}

/**
 * Everything that is asked over HTTP: `app` answers requests (also without a socket, `app.request(…)`), `component`
 * listens. `start` throws `conflict` where the port is taken, `bad_config` where the address cannot be had.
 */
export function createApi(options: ApiOptions): { readonly app: OpenAPIHono; readonly component: ApiComponent } {
  const app = new OpenAPIHono()
  const api = apiOf(options, () => app)
  const { limits, clock, log, meter } = api
  const guard = createGuard({ host: api.listen.host, hosts: api.hosts ?? [], external_url: api.external_url })
  app.use(countRequests(meter, clock))
  app.use(guard.host)
  app.use(methodNotAllowed({ app }))
  app.use(limitBody(limits.body_bytes))
  app.onError(errorHandler('own', log))
  for (const module of ROUTES) app.route('/', mounted(module, api, guard))
  app.notFound(async (c) => {
    for (const module of ROUTES) {
      const response = await module.fallback?.(c, api)
      if (response !== undefined) return response
    }
    return c.text('404 page not found\n', 404, { 'content-type': 'text/plain; charset=utf-8' })
  })
  const broken = createCount(meter, clock)
  const component = new Listener({
    ...api.listen,
    fetch: (request, env) => app.fetch(request, env as object),
    around: (rest) => withMounts({ mounts: api.mounts ?? [], guard, meter, clock, rest }),
    onBroken: (status) => broken()({ route: 'none', method: 'other', status }),
    onStop: () => api.streams.close(),
    connections: limits.connections,
    drain_ms: limits.drain_ms,
    clock,
    log,
    meter,
  })
  return { app, component }
}
