import { formatDuration } from '#core/config/duration.ts'
import type { Problem } from '#core/config/problems.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'

import type { ReadPolicy, RuleGroup } from '../detectors/index.ts'
import { leadOf, type Policy, quantileOf } from '../scaling/index.ts'

type ForecastRule = Extract<RuleGroup['rules'][number], { kind: 'forecast' }>

/** What is wrong with policies beside the rules that they stand with. */
export function policyProblems(
  policies: readonly ReadPolicy<Policy>[],
  groups: readonly RuleGroup[],
  query: Pick<QueryEngine, 'inspect'>,
): Problem[] {
  const forecasts = groups.flatMap(({ rules }) => rules.filter((rule) => rule.kind === 'forecast'))
  const names = policies.map(({ policy }) => policy.name)
  const doubled = policies.filter(({ policy }, i) => names.indexOf(policy.name) < i)
  return [
    ...doubled.map(({ policy, problem }) => problem('name', `a second policy ${JSON.stringify(policy.name)}`)),
    ...policies.flatMap((read) => {
      const forecast = forecasts.find(({ name }) => name === read.policy.demand)
      return forecast === undefined ? unreadable(read, query) : unmet(read, forecast)
    }),
  ]
}

/** A demand that is neither the name of a forecast rule nor an expression. */
function unreadable({ policy, problem }: ReadPolicy<Policy>, query: Pick<QueryEngine, 'inspect'>): Problem[] {
  try {
    query.inspect(policy.demand)
    return []
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return [problem('demand', messageOf(error))]
  }
}

/** What a policy would ask of its forecast and never get: a lower quantile would decide, or none. */
function unmet({ policy, problem }: ReadPolicy<Policy>, { name, spec }: ForecastRule): Problem[] {
  const [quantile, lead_ms] = [quantileOf(policy), leadOf(policy)]
  const problems: Problem[] = []
  if (quantile > spec.quantiles.at(-1)!) {
    const message = `wants the ${quantile} quantile; the highest of forecast rule ${name} is ${spec.quantiles.at(-1)}: add it to its quantiles`
    problems.push(problem(policy.cost === undefined ? 'quantile' : 'cost', message))
  }
  if (spec.horizon_ms < 2 * lead_ms) {
    const [horizon, twice] = [spec.horizon_ms, 2 * lead_ms].map(formatDuration)
    const message = `the horizon of forecast rule ${name} is ${horizon}; it must be twice the lead at least, ${twice}`
    problems.push(problem('lead', message))
  }
  return problems
}
