import { createRoute, z } from '@hono/zod-openapi'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { Hint } from '#core/hint.ts'
import type { Locale } from '#core/sentences/language.ts'

import { HintForm, hintForm, MissingHintForm } from '../forms/hint.ts'
import { answers } from '../request/answers.ts'
import { localeOf } from '../request/language.ts'
import { count, parameters } from '../request/parameters.ts'
import type { Api, RouteModule } from '../route.ts'

const list = createRoute({
  method: 'get',
  path: '/api/v1/scaling',
  summary: 'The newest hint of every policy',
  request: { query: parameters({}) },
  responses: answers(
    z.object({ policies: z.array(z.union([HintForm, MissingHintForm])) }).openapi('Hints'),
    'a hint for each policy; one without a value where there is none to follow',
  ),
})

const one = createRoute({
  method: 'get',
  path: '/api/v1/scaling/{policy}',
  summary: 'Wanted replicas of one policy',
  description: 'What KEDA’s metrics-api scaler reads. 503 when demand is stale or was never seen: never a made-up 0.',
  request: {
    params: z.object({ policy: z.string() }),
    query: parameters({ history: count(1000).optional() }),
  },
  responses: answers(HintForm.extend({ history: z.array(HintForm).optional() }), 'the hint'),
})

/** A hint that may be followed now; `unavailable` otherwise, so that the autoscaler's own fallback works. */
function followable({ ports, clock }: Api, policy: string): Hint {
  const hint = ports.hints.hint(policy)
  if (clock.now_ms() >= hint.expires_ms) {
    throw new ServiceError('unavailable', `the hint of ${JSON.stringify(policy)} is stale`)
  }
  if (!Number.isFinite(hint.value)) {
    throw new ServiceError('unavailable', `the hint of ${JSON.stringify(policy)} has no value`)
  }
  return hint
}

function listed(api: Api, policy: string, locale: Locale) {
  try {
    return hintForm(followable(api, policy), locale)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return { policy, reason: messageOf(error), stale: true as const }
  }
}

export const scaling: RouteModule = {
  name: 'scaling',
  family: 'own',
  paths: [list.path, one.path],
  mount(app, api) {
    const { hints } = api.ports
    app.openapi(list, (c) => {
      const reader = localeOf(c, api.locale)
      return c.json({ policies: hints.policies().map((policy) => listed(api, policy, reader)) }, 200)
    })
    app.openapi(one, (c) => {
      const { policy } = c.req.valid('param')
      const { history } = c.req.valid('query')
      const reader = localeOf(c, api.locale)
      const form = hintForm(followable(api, policy), reader)
      if (history === undefined) return c.json(form, 200)
      return c.json({ ...form, history: hints.history(policy, history).map((hint) => hintForm(hint, reader)) }, 200)
    })
  },
}
