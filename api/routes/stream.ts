import type { HttpBindings } from '@hono/node-server'
import { createRoute, z } from '@hono/zod-openapi'

import { ErrorForm } from '../request/answers.ts'
import { localeOf } from '../request/language.ts'
import { parameters } from '../request/parameters.ts'
import type { RouteModule } from '../route.ts'

const follow = createRoute({
  method: 'get',
  path: '/api/v1/stream',
  summary: 'Findings, incidents and hints as they come',
  description: 'Server-sent events: event is finding, incident or hint. After a break, read the lists again.',
  request: { query: parameters({}) },
  responses: {
    200: { description: 'events, until either side ends', content: { 'text/event-stream': { schema: z.string() } } },
    default: { description: 'what went wrong', content: { 'application/json': { schema: ErrorForm } } },
  },
})

export const stream: RouteModule = {
  name: 'stream',
  family: 'own',
  paths: [follow.path],
  mount(app, { streams, locale }) {
    app.openapi(follow, (c) => {
      const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>
      const body = streams.open(localeOf(c, locale), outgoing && (() => outgoing.destroy()))
      return new Response(body, {
        headers: {
          'content-type': 'text/event-stream',
          'cache-control': 'no-cache',
          // Proxies that would gather events before passing them on.
          'x-accel-buffering': 'no',
        },
      })
    })
  },
}
