import { createRoute, z } from '@hono/zod-openapi'

import { existing, ServiceError } from '#core/errors.ts'
import type { Incident } from '#core/incident.ts'

import { feedbackBody } from '../forms/finding.ts'
import { INCIDENT_STATES, IncidentForm, incidentForm } from '../forms/incident.ts'
import { answers } from '../request/answers.ts'
import { localeOf } from '../request/language.ts'
import { given, pageOf, pageShape } from '../request/page.ts'
import { parameters, someOf, word } from '../request/parameters.ts'
import type { Api, RouteModule } from '../route.ts'

const list = createRoute({
  method: 'get',
  path: '/api/v1/incidents',
  summary: 'Incidents, newest first',
  request: {
    query: parameters({
      ...pageShape,
      state: someOf(INCIDENT_STATES).optional(),
      service: word.optional(),
    }),
  },
  responses: answers(
    z.object({ incidents: z.array(IncidentForm), next: z.string().optional() }).openapi('Incidents'),
    'a page of incidents',
  ),
})

const target = {
  params: z.object({ id: z.string() }),
  query: parameters({}),
}

const one = createRoute({
  method: 'get',
  path: '/api/v1/incidents/{id}',
  summary: 'One incident',
  request: target,
  responses: answers(IncidentForm, 'the incident'),
})

const person = {
  content: {
    'application/json': {
      schema: z
        .strictObject({ by: z.string().max(200).default('') })
        .openapi({ description: 'who does it; the body may be left out' }),
    },
  },
}

/** What a person does to an incident. */
const doing = <Body extends typeof person | typeof feedbackBody>(name: string, summary: string, body: Body) =>
  createRoute({
    method: 'post',
    path: `/api/v1/incidents/{id}/${name}`,
    summary,
    request: { ...target, body },
    responses: answers(IncidentForm, 'the incident, as it is then'),
  })

const commands = {
  ack: doing('ack', 'Somebody looks at it', person),
  resolve: doing('resolve', 'It is over', person),
}

const feedback = doing(
  'feedback',
  'What it was: the same is said of each of its findings, the oldest first',
  feedbackBody,
)

const incidentOf = (api: Api, id: string): Incident => existing(api.ports.incidents.get(id), 'incident', id)

/** Through the one door; saying twice what was said already changes nothing and is no error. */
async function command(api: Api, what: 'ack' | 'resolve', id: string, by: string): Promise<Incident> {
  const { state } = incidentOf(api, id)
  if (what === 'ack' && state === 'resolved') {
    throw new ServiceError('conflict', `incident ${JSON.stringify(id)} is resolved; it cannot be acknowledged any more`)
  }
  const done = what === 'ack' ? 'acknowledged' : 'resolved'
  if (state !== done) {
    await api.ports.intake.submit({ kind: 'command', command: what, incident: id, by, at_ms: api.clock.now_ms() })
  }
  return incidentOf(api, id)
}

export const incidents: RouteModule = {
  name: 'incidents',
  family: 'own',
  paths: [list.path, one.path, commands.ack.path, commands.resolve.path, feedback.path],
  mount(app, api) {
    const { ports, locale } = api
    app.openapi(list, (c) => {
      const { limit, next, state, service } = c.req.valid('query')
      const filter = given({ state, service })
      const page = pageOf(
        { limit, next },
        (part) => ports.incidents.list({ ...filter, ...part }),
        (id) => ports.incidents.get(id),
      )
      const reader = localeOf(c, locale)
      const forms = page.items.map((incident) => incidentForm(incident, ports, reader))
      return c.json({ incidents: forms, next: page.next }, 200)
    })
    app.openapi(one, (c) => {
      const incident = incidentOf(api, c.req.valid('param').id)
      return c.json(incidentForm(incident, ports, localeOf(c, locale)), 200)
    })
    for (const what of ['ack', 'resolve'] as const) {
      app.openapi(commands[what], async (c) => {
        const incident = await command(api, what, c.req.valid('param').id, c.req.valid('json').by ?? '')
        return c.json(incidentForm(incident, ports, localeOf(c, locale)), 200)
      })
    }
    app.openapi(feedback, async (c) => {
      const incident = incidentOf(api, c.req.valid('param').id)
      // Findings of long ago may be gone.
      const findings = incident.findings.flatMap((id) => ports.findings.get(id) ?? [])
      const said = { ...c.req.valid('json'), at_ms: api.clock.now_ms() }
      for (const { id } of findings.toSorted((a, b) => a.since_ms - b.since_ms)) {
        await ports.intake.submit({ kind: 'feedback', finding: id, ...said })
      }
      return c.json(incidentForm(incident, ports, localeOf(c, locale)), 200)
    })
  },
}
