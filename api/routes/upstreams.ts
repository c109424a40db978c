import { createRoute, z } from '@hono/zod-openapi'

import type { UpstreamInfo } from '#core/ports/upstreams.ts'

import { text, time, timeText } from '../forms/present.ts'
import { answers } from '../request/answers.ts'
import { parameters } from '../request/parameters.ts'
import type { RouteModule } from '../route.ts'

const WritingForm = z.object({
  what: z.enum(['results', 'all']),
  waiting: z.int(),
  waiting_bytes: z.int(),
  lag_seconds: z.number(),
  sent: z.int(),
  refused: z.int(),
  dropped: z.int(),
  left_out: z.int(),
  trouble: z.string().optional(),
})

const HistoryForm = z.object({
  state: z.enum(['waiting', 'running', 'done']),
  selectors: z.int(),
  series: z.int(),
  from: time.optional(),
  to: time.optional(),
  reached: time.optional(),
  fetched: z.int(),
  refused: z.int(),
  skipped: z.int(),
  trouble: z.string().optional(),
})

const RulesForm = z.object({
  rules: z.int(),
  queries: z.int(),
  failed: z.int(),
  samples: z.int(),
  passed_over: z.int(),
  behind_seconds: z.number(),
  trouble: z.string().optional(),
})

const UpstreamForm = z.object({
  name: z.string(),
  server: z.string(),
  writing: WritingForm.optional(),
  history: HistoryForm.optional(),
  rules: RulesForm.optional(),
})

const UpstreamsForm = z.object({ upstreams: z.array(UpstreamForm) }).openapi('Upstreams')

const list = createRoute({
  method: 'get',
  path: '/api/v1/upstreams',
  summary: 'What is sent to other servers, how far their history has been fetched, and what is asked of them for rules',
  responses: answers(UpstreamsForm, 'upstreams, samples counted since the start'),
})

const backfill = createRoute({
  method: 'post',
  path: '/api/v1/backfill',
  summary: 'Fetch history that is not here yet, in the background',
  request: {
    query: parameters({
      upstream: z.string().min(1).optional(),
      again: z.enum(['true', 'false']).optional(),
    }),
  },
  responses: answers(UpstreamsForm, 'upstreams, where it has begun'),
})

function formOf({ name, server, writing, history, rules }: UpstreamInfo): z.input<typeof UpstreamForm> {
  return {
    name,
    server,
    ...(writing !== undefined && {
      writing: {
        what: writing.what,
        waiting: writing.waiting,
        waiting_bytes: writing.bytes,
        lag_seconds: writing.lag_ms / 1000,
        sent: writing.sent,
        refused: writing.refused,
        dropped: writing.dropped,
        left_out: writing.left_out,
        trouble: text(writing.trouble),
      },
    }),
    ...(history !== undefined && {
      history: {
        state: history.state,
        selectors: history.selectors,
        series: history.series,
        from: timeText(history.from_ms),
        to: timeText(history.to_ms),
        reached: timeText(history.reached_ms),
        fetched: history.fetched,
        refused: history.refused,
        skipped: history.skipped,
        trouble: text(history.trouble),
      },
    }),
    ...(rules !== undefined && {
      rules: {
        rules: rules.rules,
        queries: rules.queries,
        failed: rules.failed,
        samples: rules.samples,
        passed_over: rules.passed_over,
        behind_seconds: rules.behind_ms / 1000,
        trouble: text(rules.trouble),
      },
    }),
  }
}

export const upstreams: RouteModule = {
  name: 'upstreams',
  family: 'own',
  paths: [list.path, backfill.path],
  mount(app, { ports }) {
    const all = () => ({ upstreams: ports.upstreams.all().map(formOf) })
    app.openapi(list, (c) => c.json(all(), 200))
    app.openapi(backfill, (c) => {
      const { upstream, again } = c.req.valid('query')
      ports.upstreams.backfill(upstream, again === 'true')
      return c.json(all(), 200)
    })
  },
}
