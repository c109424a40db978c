import { formatDuration } from '#core/config/duration.ts'
import type { Problem } from '#core/config/problems.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'

import type { RuleGroup } from '../detectors/index.ts'
import { leadOf, type Policy, quantileOf } from '../scaling/index.ts'

type ForecastRule = Extract<RuleGroup['rules'][number], { kind: 'forecast' }>

/** What is wrong with policies beside the rules that they stand with. */
export function policyProblems(
  policies: readonly Policy[],
  groups: readonly RuleGroup[],
  query: Pick<QueryEngine, 'inspect'>,
): Problem[] {
  const forecasts = groups.flatMap(({ rules }) => rules.filter((rule) => rule.kind === 'forecast'))
  const doubled = policies.filter(({ name }, i) => policies.findIndex((one) => one.name === name) < i)
  return [
    ...doubled.map(({ name }) => problem(name, 'a second policy of this name')),
    ...policies.flatMap((policy) => {
      const forecast = forecasts.find(({ name }) => name === policy.demand)
      return forecast === undefined ? unreadable(policy, query) : unmet(policy, forecast)
    }),
  ]
}

function problem(path: string, message: string): Problem {
  return { file: 'scaling', line: 0, path, message }
}

/** A demand that is neither the name of a forecast rule nor an expression. */
function unreadable({ name, demand }: Policy, query: Pick<QueryEngine, 'inspect'>): Problem[] {
  try {
    query.inspect(demand)
    return []
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return [problem(`${name}.demand`, messageOf(error))]
  }
}

/** What a policy would ask of its forecast and never get: a lower quantile would decide, or none. */
function unmet(policy: Policy, { name, spec }: ForecastRule): Problem[] {
  const [quantile, lead_ms] = [quantileOf(policy), leadOf(policy)]
  const problems: Problem[] = []
  if (quantile > spec.quantiles.at(-1)!) {
    const path = `${policy.name}.${policy.cost === undefined ? 'quantile' : 'cost'}`
    const message = `wants the ${quantile} quantile; the highest of forecast rule ${name} is ${spec.quantiles.at(-1)}: add it to its quantiles`
    problems.push(problem(path, message))
  }
  if (spec.horizon_ms < 2 * lead_ms) {
    const [horizon, twice] = [spec.horizon_ms, 2 * lead_ms].map(formatDuration)
    const message = `the horizon of forecast rule ${name} is ${horizon}; it must be twice the lead at least, ${twice}`
    problems.push(problem(`${policy.name}.lead`, message))
  }
  return problems
}
