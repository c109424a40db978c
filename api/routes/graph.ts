import { createRoute, z } from '@hono/zod-openapi'

import { time, timeOf } from '../forms/present.ts'
import { answers } from '../request/answers.ts'
import { parameters } from '../request/parameters.ts'
import type { RouteModule } from '../route.ts'

const EdgeForm = z.object({ caller: z.string(), callee: z.string(), calls: z.number(), errors: z.number(), last: time })

const read = createRoute({
  method: 'get',
  path: '/api/v1/graph',
  summary: 'Which service calls which, as spans showed it',
  request: { query: parameters({}) },
  responses: answers(
    z.object({ services: z.array(z.string()), edges: z.array(EdgeForm) }).openapi('ServiceGraph'),
    'services and the calls between them',
  ),
})

export const graph: RouteModule = {
  name: 'graph',
  family: 'own',
  paths: [read.path],
  mount(app, { ports }) {
    app.openapi(read, (c) => {
      const edges = ports.graph.edges()
      const services = [...new Set(edges.flatMap(({ caller, callee }) => [caller, callee]))].toSorted()
      const forms = edges.map(({ caller, callee, calls, errors, last_ms }) => {
        return { caller, callee, calls, errors, last: timeOf(last_ms) }
      })
      return c.json({ services, edges: forms }, 200)
    })
  },
}
