import { expect, test } from 'vitest'

import type { Finding } from '#core/finding.ts'
import type { RuleInfo } from '#core/ports/rules.ts'

import { RuleList } from './rule-list.ts'

const DAY_MS = 86_400_000
const NOW = 1_795_000_000_000

function rule(kind: RuleInfo['kind'], name: string): RuleInfo {
  const rest = {
    expr: 'x',
    for_ms: 0,
    labels: {},
    annotations: {},
    health: 'ok',
    last_error: '',
    evaluated_ms: 0,
  } as const
  return { key: `f;g;${kind};${name}`, kind, name, ...rest }
}

test('an anomaly rule tells how much it found in the last week, and what its series cost', () => {
  const found = [
    ['Odd', 1],
    ['Odd', 6.9],
    ['Odd', 7.1],
    ['Other', 1],
  ].map(([name, days]) => ({ rule: name, since_ms: NOW - Number(days) * DAY_MS }) as Finding)
  const rules = [rule('anomaly', 'Odd'), rule('anomaly', 'Quiet'), rule('alert', 'Odd')]
  const group = { name: 'g', file: 'f', interval_ms: 1, evaluated_ms: 0, evaluation_duration_ms: 0, rules }
  const list = new RuleList({
    rules: { groups: () => [group] },
    findings: { list: () => found, get: () => undefined },
    following: () => new Map([['f;g;anomaly;Odd', { series: 3, bytes: 4000, learning: 1 }]]),
    analysis_ms: () => NOW,
  })
  const [odd, quiet, alert] = list.groups()[0]!.rules
  expect(odd).toMatchObject({ found_last_week: 2, series: 3, bytes: 4000, learning: 1 })
  expect(quiet).toMatchObject({ found_last_week: 0 })
  expect(alert).toBe(rules[2])
})
