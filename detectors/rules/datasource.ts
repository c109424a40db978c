import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'

import type { ForecastRule, RecordRule, Rule, RuleGroup } from './rule.ts'

type Inspect = (expr: string) => ExpressionInfo

/** What a forecast reads that is asked of an upstream. */
const INPUT = 'barograph_input'
const INPUT_OF = 'barograph_rule'

/** The metrics that an expression reads by name; undefined where a selector may find others as well. */
export function metricsOf({ selectors }: ExpressionInfo): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  for (const { matchers } of selectors) {
    const named = matchers.find(({ name, op }) => name === METRIC_NAME && op === '=')
    if (named === undefined) return undefined
    names.add(named.value)
  }
  return names
}

/**
 * Where each rule of groups with a `datasource` is evaluated. There; but here, like any other, where it reads nothing but what rules of the same
 * datasource record: that is here first. A forecast learns from days of its input: that is recorded here, from there.
 */
export function placed(groups: readonly RuleGroup[], inspect: Inspect): RuleGroup[] {
  const recorded = new Map<string, Set<string>>()
  for (const { datasource, rules } of groups) {
    if (datasource === undefined) continue
    const names = recorded.get(datasource) ?? new Set<string>()
    recorded.set(datasource, names)
    for (const { kind, name } of rules) if (kind === 'record') names.add(name)
  }
  return groups.map((group) => {
    const { datasource } = group
    if (datasource === undefined) return group
    const here = recorded.get(datasource)!
    return { ...group, rules: group.rules.flatMap((rule) => placedRule(rule, datasource, here, inspect)) }
  })
}

function placedRule(rule: Rule, datasource: string, recorded: ReadonlySet<string>, inspect: Inspect): Rule[] {
  const metrics = metricsOf(inspect(rule.expr))
  if (metrics !== undefined && metrics.size > 0 && metrics.isSubsetOf(recorded)) return [rule]
  // Its samples do not come here: results are scored at steps.
  if (rule.kind === 'anomaly') return [{ ...rule, datasource, spec: { ...rule.spec, plain: null } }]
  if (rule.kind === 'forecast') return [inputOf(rule, datasource), readingInput(rule)]
  return [{ ...rule, datasource }]
}

function inputOf({ key, expr }: ForecastRule, datasource: string): RecordRule {
  const labels = { [INPUT_OF]: key }
  const input = { key: `${key};input`, name: INPUT, expr, labels, extra: Labels.of(labels) }
  return { ...input, kind: 'record', datasource, annotations: {}, for_ms: 0 }
}

function readingInput(rule: ForecastRule): ForecastRule {
  const expr = `sum without (${INPUT_OF}) (${INPUT}{${INPUT_OF}=${JSON.stringify(rule.key)}})`
  return { ...rule, expr, spec: { ...rule.spec, expr } }
}
