import { createRoute, z } from '@hono/zod-openapi'

import { type Change, CHANGE_KINDS } from '#core/change.ts'
import { ServiceError } from '#core/errors.ts'
import { contentId } from '#core/hash.ts'

import { ChangeForm, changeForm } from '../forms/change.ts'
import { answers } from '../request/answers.ts'
import { given, pageOf, pageShape } from '../request/page.ts'
import { instant, parameters, strict, word } from '../request/parameters.ts'
import type { RouteModule } from '../route.ts'

const ChangesForm = z.object({ changes: z.array(ChangeForm), next: z.string().optional() }).openapi('Changes')

const list = createRoute({
  method: 'get',
  path: '/api/v1/changes',
  summary: 'Changes, newest first',
  request: {
    query: parameters({
      ...pageShape,
      service: word.optional(),
      from: instant.optional(),
      to: instant.optional(),
    }),
  },
  responses: answers(ChangesForm, 'a page of changes'),
})

const NewChange = strict({
  id: z
    .string()
    .regex(/^c_[\w.:-]{1,100}$/, 'an id begins with c_; leave it out and it is made from the content')
    .optional(),
  kind: z.enum(CHANGE_KINDS),
  service: z.string().max(200).default('').openapi({ description: 'left out: it concerns everything' }),
  at: instant.optional().openapi({ description: 'left out: now' }),
  title: z.string().min(1).max(500),
  source: z.string().min(1).max(100).default('api'),
  url: z
    .union([z.literal(''), z.url({ protocol: /^https?$/, error: 'expected an http or https address' })])
    .default(''),
  until: instant.optional().openapi({ description: 'of maintenance and events, which need it: when it is over' }),
  factor: z
    .number()
    .min(0.01)
    .max(1000)
    .exactOptional()
    .openapi({ description: 'of an event: values are expected to be so many times what they usually are' }),
})
  .refine(({ kind, until }) => (kind === 'maintenance' || kind === 'event') === (until !== undefined), {
    path: ['until'],
    error: 'maintenance and events, and nothing else, last until a time',
  })
  .refine(({ kind, factor }) => (kind === 'event') === (factor !== undefined), {
    path: ['factor'],
    error: 'an event, and nothing else, has a factor',
  })
  .openapi('NewChange')

const add = createRoute({
  method: 'post',
  path: '/api/v1/changes',
  summary: 'Tells of one change, or of several',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.union([NewChange, z.array(NewChange).min(1)], { error: 'expected a change or a list of changes' }),
        },
      },
    },
  },
  responses: answers(ChangesForm, 'the changes as they are kept'),
})

function changeOf(body: z.output<typeof NewChange>, now_ms: number): Change {
  const { kind, service, title, source, url, until, factor } = body
  const at_ms = body.at ?? now_ms
  const id = body.id ?? contentId('c', kind, service, at_ms, title)
  const told = { id, kind, service, at_ms, title, source, url }
  return {
    ...told,
    ...(until !== undefined && { until_ms: until }),
    ...(factor !== undefined && { factor }),
  }
}

export const changes: RouteModule = {
  name: 'changes',
  family: 'own',
  paths: [list.path],
  mount(app, { ports, clock, limits }) {
    app.openapi(list, (c) => {
      const { limit, next, service, from, to } = c.req.valid('query')
      const filter = given({ service, from_ms: from, to_ms: to })
      const page = pageOf(
        { limit, next },
        (part) => ports.changes.list({ ...filter, ...part }),
        (id) => ports.changes.get(id),
      )
      return c.json({ changes: page.items.map(changeForm), next: page.next }, 200)
    })
    app.openapi(add, async (c) => {
      const body = c.req.valid('json')
      const told = Array.isArray(body) ? body : [body]
      if (told.length > limits.changes) {
        throw new ServiceError('too_large', `${told.length} changes at once; at most ${limits.changes}`)
      }
      const made = told.map((item) => changeOf(item, clock.now_ms()))
      for (const change of made) {
        const { rejected, message } = await ports.intake.submit({ kind: 'change', change })
        if (rejected > 0) throw new ServiceError('bad_data', `change ${change.id} was refused: ${message}`)
      }
      return c.json({ changes: made.map(changeForm) }, 200)
    })
  },
}
