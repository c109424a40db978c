import { createRoute, z } from '@hono/zod-openapi'

import { labels, number, text, time, timeOf } from '../forms/present.ts'
import { answers } from '../request/answers.ts'
import { count, parameters } from '../request/parameters.ts'
import type { RouteModule } from '../route.ts'

const ScoreForm = z.object({
  rule: z.string(),
  metric: z.string().optional(),
  unit: z.string().optional(),
  labels,
  at: time,
  value: z.number().optional(),
  score: z.number().optional(),
  expected: z.number().optional(),
  lower: z.number().optional(),
  upper: z.number().optional(),
})

const newest = createRoute({
  method: 'get',
  path: '/api/v1/scores',
  summary: 'The newest verdict on every series of ordinary rules',
  request: { query: parameters({ limit: count(1000).optional() }) },
  responses: answers(z.object({ scores: z.array(ScoreForm) }).openapi('Scores'), 'scores; anomalous from 1'),
})

export const scores: RouteModule = {
  name: 'scores',
  family: 'own',
  paths: [newest.path],
  mount(app, { ports }) {
    app.openapi(newest, (c) => {
      const found = ports.scores.newest(c.req.valid('query').limit ?? 100)
      const forms = found.map((scored) => ({
        rule: scored.rule,
        metric: text(scored.metric),
        unit: text(scored.unit),
        labels: scored.labels.toJSON(),
        at: timeOf(scored.time_ms),
        value: number(scored.value),
        score: number(scored.verdict.score),
        expected: number(scored.verdict.expected),
        lower: number(scored.verdict.lower),
        upper: number(scored.verdict.upper),
      }))
      return c.json({ scores: forms }, 200)
    })
  },
}
