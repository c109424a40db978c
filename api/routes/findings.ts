import { createRoute, z } from '@hono/zod-openapi'

import { existing } from '#core/errors.ts'
import type { Finding } from '#core/finding.ts'

import { feedbackBody, FindingForm, findingForm } from '../forms/finding.ts'
import { answers } from '../request/answers.ts'
import { localeOf } from '../request/language.ts'
import { given, pageOf, pageShape } from '../request/page.ts'
import { parameters, someOf, word } from '../request/parameters.ts'
import type { Api, RouteModule } from '../route.ts'

const list = createRoute({
  method: 'get',
  path: '/api/v1/findings',
  summary: 'Findings, newest first',
  request: {
    query: parameters({
      ...pageShape,
      state: someOf(['open', 'closed']).optional(),
      rule: word.optional(),
      service: word.optional(),
    }),
  },
  responses: answers(
    z.object({ findings: z.array(FindingForm), next: z.string().optional() }).openapi('Findings'),
    'a page of findings',
  ),
})

const one = createRoute({
  method: 'get',
  path: '/api/v1/findings/{id}',
  summary: 'One finding',
  request: { params: z.object({ id: z.string() }), query: parameters({}) },
  responses: answers(FindingForm, 'the finding'),
})

const feedback = createRoute({
  method: 'post',
  path: '/api/v1/findings/{id}/feedback',
  summary: 'What it was: what was learned in it is taken back (real), or is normal (expected, noise)',
  request: {
    params: z.object({ id: z.string() }),
    query: parameters({}),
    body: feedbackBody,
  },
  responses: answers(FindingForm, 'the finding'),
})

const findingOf = ({ ports }: Api, id: string): Finding => existing(ports.findings.get(id), 'finding', id)

export const findings: RouteModule = {
  name: 'findings',
  family: 'own',
  paths: [list.path, one.path, feedback.path],
  mount(app, api) {
    const { ports, locale, clock } = api
    app.openapi(list, (c) => {
      const { limit, next, state, rule, service } = c.req.valid('query')
      const filter = given({ state, rule, service })
      const page = pageOf(
        { limit, next },
        (part) => ports.findings.list({ ...filter, ...part }),
        (id) => ports.findings.get(id),
      )
      const reader = localeOf(c, locale)
      return c.json({ findings: page.items.map((finding) => findingForm(finding, reader)), next: page.next }, 200)
    })
    app.openapi(one, (c) => {
      const finding = findingOf(api, c.req.valid('param').id)
      return c.json(findingForm(finding, localeOf(c, locale)), 200)
    })
    app.openapi(feedback, async (c) => {
      const { id } = findingOf(api, c.req.valid('param').id)
      const at_ms = clock.now_ms()
      await ports.intake.submit({ kind: 'feedback', finding: id, ...c.req.valid('json'), at_ms })
      return c.json(findingForm(findingOf(api, id), localeOf(c, locale)), 200)
    })
  },
}
