import type { RuleGroupInfo } from '#core/ports/rules.ts'

import { success } from '../prometheus/envelope.ts'
import { Form, invalidParameter } from '../prometheus/form.ts'
import { groupToken, ruleFilterOf, ruleGroupForm } from '../prometheus/rule-group.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/rules'

/** The groups of one page, and the token of the group behind it. */
function pageOf(form: Form, all: readonly RuleGroupInfo[]): { groups: readonly RuleGroupInfo[]; next?: string } {
  const limit = form.limit('group_limit')
  const token = form.text('group_next_token')
  const from = token === '' ? 0 : all.findIndex((group) => groupToken(group) === token)
  if (from === -1) throw invalidParameter('group_next_token', `no group has the token ${JSON.stringify(token)}`)
  const next = all[from + limit]
  const groups = all.slice(from, limit === Infinity ? undefined : from + limit)
  return next === undefined ? { groups } : { groups, next: groupToken(next) }
}

export const rules: RouteModule = {
  name: 'rules',
  family: 'prometheus',
  paths: [PATH],
  mount(app, { ports }) {
    app.get(PATH, async (c) => {
      const form = await Form.of(c)
      const filter = ruleFilterOf(form, ports.query)
      const { groups, next } = pageOf(form, ports.rules.groups())
      const active = ports.alerts.active()
      const shown = groups.flatMap((group) => ruleGroupForm(group, filter, active) ?? [])
      return success({ groups: shown, ...(next === undefined ? {} : { groupNextToken: next }) })
    })
  },
}
