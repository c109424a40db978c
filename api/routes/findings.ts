import { createRoute, z } from '@hono/zod-openapi'

import { ServiceError } from '#core/errors.ts'

import { FindingForm, findingForm } from '../forms/finding.ts'
import { answers } from '../request/answers.ts'
import { languageOf } from '../request/language.ts'
import { given, pageOf, pageShape } from '../request/page.ts'
import { parameters, someOf, word } from '../request/parameters.ts'
import type { RouteModule } from '../route.ts'

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

export const findings: RouteModule = {
  name: 'findings',
  family: 'own',
  paths: [list.path, one.path],
  mount(app, { ports, language }) {
    app.openapi(list, (c) => {
      const { limit, next, state, rule, service } = c.req.valid('query')
      const filter = given({ state, rule, service })
      const page = pageOf(
        { limit, next },
        (part) => ports.findings.list({ ...filter, ...part }),
        (id) => ports.findings.get(id),
      )
      const reader = languageOf(c, language)
      return c.json({ findings: page.items.map((finding) => findingForm(finding, reader)), next: page.next }, 200)
    })
    app.openapi(one, (c) => {
      const { id } = c.req.valid('param')
      const finding = ports.findings.get(id)
      if (finding === undefined) throw new ServiceError('not_found', `no finding ${JSON.stringify(id)}`)
      return c.json(findingForm(finding, languageOf(c, language)), 200)
    })
  },
}
