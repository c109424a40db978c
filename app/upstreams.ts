import type { RuleReader } from '#core/ports/rules.ts'
import type { Upstreams } from '#core/ports/upstreams.ts'

import type { Wish } from '../upstream/index.ts'
import type { Rules } from './rules.ts'

/** What the rules in force want of history: their own expressions, and demands of scaling policies that are no forecast rule's name. */
export function historyWishes({ groups, policies }: Pick<Rules, 'groups' | 'policies'>): Wish[] {
  const rules = groups.flatMap((group) => group.rules)
  const forecasts = new Set(rules.filter(({ kind }) => kind === 'forecast').map(({ name }) => name))
  return [
    ...rules.map((rule) => ({
      kind: rule.kind,
      name: rule.name,
      expr: rule.expr,
      for_ms: rule.for_ms,
      evidence: rule.kind === 'anomaly' && rule.spec.evidence,
      rule: rule.key,
      datasource: rule.datasource,
    })),
    ...policies
      .filter(({ demand }) => !forecasts.has(demand))
      .map(({ name, demand }) => ({ kind: 'demand' as const, name, expr: demand, for_ms: 0, evidence: false })),
  ]
}

/** Rules as they are shown: those of an upstream that cannot be asked have its trouble, for as long as it lasts. */
export function withTrouble(rules: RuleReader, upstreams: Pick<Upstreams, 'all'>): RuleReader {
  return {
    groups() {
      const troubles = new Map(upstreams.all().map((one) => [one.name, one.rules?.trouble ?? '']))
      return rules.groups().map((group) => {
        const trouble = group.datasource === undefined ? '' : (troubles.get(group.datasource) ?? '')
        if (trouble === '') return group
        const last_error = `upstream ${group.datasource}: ${trouble}`
        return { ...group, rules: group.rules.map((rule) => ({ ...rule, health: 'err' as const, last_error })) }
      })
    },
  }
}
