import { expect, test } from 'vitest'

import type { RuleGroupInfo, RuleInfo } from '#core/ports/rules.ts'
import type { UpstreamInfo } from '#core/ports/upstreams.ts'

import { withTrouble } from './upstreams.ts'

const rule: RuleInfo = {
  kind: 'alert',
  name: 'Down',
  expr: 'up == 0',
  for_ms: 0,
  labels: {},
  annotations: {},
  health: 'ok',
  last_error: '',
  evaluated_ms: 0,
}
const group = (name: string, datasource?: string): RuleGroupInfo => ({
  name,
  file: 'rules.yml',
  interval_ms: 60_000,
  evaluated_ms: 0,
  evaluation_duration_ms: 0,
  datasource,
  rules: [rule],
})

function upstream(name: string, trouble: string): UpstreamInfo {
  const rules = { rules: 1, queries: 0, failed: 0, samples: 0, passed_over: 0, behind_ms: 0, trouble }
  return { name, server: 'http://x', writing: undefined, history: undefined, rules }
}

test('rules of an upstream that does not answer are not well, and say why; others are', () => {
  const groups = [group('here'), group('there', 'prom'), group('elsewhere', 'thanos')]
  const shown = withTrouble({ groups: () => groups }, { all: () => [upstream('prom', 'gone'), upstream('thanos', '')] })
  expect(shown.groups().map(({ rules: [one] }) => [one!.health, one!.last_error])).toEqual([
    ['ok', ''],
    ['err', 'upstream prom: gone'],
    ['ok', ''],
  ])
})
