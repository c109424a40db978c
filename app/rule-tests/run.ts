import { formatDuration } from '#core/config/duration.ts'
import { messageOf, ServiceError } from '#core/errors.ts'

import type { RuleGroup } from '../../detectors/index.ts'
import { wrongAlerts, wrongFindings, wrongSamples } from './compare.ts'
import { samplesOf, TestHouse } from './house.ts'
import type { TestFile, TestGroup } from './schema.ts'
import { unknownRule } from './unknown-rule.ts'

/** What became of one expectation. */
export interface Outcome {
  /** Where in the file. */
  readonly path: readonly PropertyKey[]
  readonly name: string
  /** '' where all is well. */
  readonly message: string
}

const STEPS_MAX = 10_000_000
const MANY = 1_000_000

/** Something that is looked at when the step for it is done. */
interface Look {
  readonly at_ms: number
  readonly path: readonly PropertyKey[]
  readonly name: string
  readonly message: (house: TestHouse) => string
}

/** Runs one test of a file as promtool does: every group at every step of the evaluation interval, in order. */
export async function runTest(
  test: TestGroup,
  file: TestFile,
  groups: readonly RuleGroup[],
  path: readonly PropertyKey[],
): Promise<Outcome[]> {
  const start_ms = test.start_timestamp
  const step_ms = file.evaluation_interval
  const last_ms = Math.max(
    0,
    ...[...test.alert_rule_test, ...test.anomaly_rule_test, ...test.promql_expr_test].map(({ eval_time }) => eval_time),
  )
  const name = test.name === '' ? '' : `${test.name}: `
  try {
    if (step_ms <= 0 || last_ms / step_ms > STEPS_MAX)
      throw new ServiceError('bad_data', `more than ${STEPS_MAX} steps`)
    const given = test.input_series.flatMap(({ series, values }) =>
      samplesOf(series, values, start_ms, test.interval ?? step_ms),
    )
    const house = new TestHouse(ordered(groups, file.group_eval_order), given, start_ms)
    const looks = looksOf(test, groups, path, name).toSorted((a, b) => a.at_ms - b.at_ms)
    const outcomes: Outcome[] = []
    for (let time = 0; time <= last_ms; time += step_ms) {
      const failed = await house.step(start_ms + time)
      if (failed.length > 0) {
        const message = `at ${formatDuration(time)} a rule fails: ${failed.join('; ')}`
        return [...outcomes, { path, name: `${name}rules`, message }]
      }
      // What is expected between two steps is that of the first.
      while (looks.length > 0 && looks[0]!.at_ms < time + step_ms) {
        const look = looks.shift()!
        outcomes.push({ path: look.path, name: look.name, message: look.message(house) })
      }
    }
    return [...outcomes, ...(await expressions(test, file, house, { path, name }))]
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return [{ path, name: `${name}input`, message: messageOf(error) }]
  }
}

/** Groups that are named come in that order, the others before them as they lie. */
function ordered(groups: readonly RuleGroup[], order: readonly string[]): readonly RuleGroup[] {
  const rank = new Map(order.map((name, i) => [name, i]))
  return groups.toSorted((a, b) => (rank.get(a.name) ?? 0) - (rank.get(b.name) ?? 0))
}

function looksOf(test: TestGroup, groups: readonly RuleGroup[], path: readonly PropertyKey[], name: string): Look[] {
  const alerts = test.alert_rule_test.map((one, i): Look => ({
    at_ms: one.eval_time,
    path: [...path, 'alert_rule_test', i],
    name: `${name}${one.alertname} at ${formatDuration(one.eval_time)}`,
    message: ({ detectors }) => wrongAlerts(one, detectors.alerts.active()),
  }))
  const anomalies = test.anomaly_rule_test.map((one, i): Look => ({
    at_ms: one.eval_time,
    path: [...path, 'anomaly_rule_test', i],
    name: `${name}${one.anomaly} at ${formatDuration(one.eval_time)}`,
    message: ({ detectors }) =>
      unknownRule('anomaly', one.anomaly, groups) ||
      wrongFindings(one, detectors.findings.list({ rule: one.anomaly, state: ['open'], limit: MANY })),
  }))
  return [...alerts, ...anomalies]
}

async function expressions(
  test: TestGroup,
  { fuzzy_compare }: TestFile,
  { query }: TestHouse,
  { path, name }: { readonly path: readonly PropertyKey[]; readonly name: string },
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const [i, one] of test.promql_expr_test.entries()) {
    const about = {
      path: [...path, 'promql_expr_test', i],
      name: `${name}${one.expr} at ${formatDuration(one.eval_time)}`,
    }
    outcomes.push({ ...about, message: await wrong(one) })
  }
  return outcomes

  async function wrong(one: TestGroup['promql_expr_test'][number]): Promise<string> {
    try {
      return wrongSamples(one, await query.instant(one.expr, test.start_timestamp + one.eval_time), fuzzy_compare)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      return messageOf(error)
    }
  }
}
