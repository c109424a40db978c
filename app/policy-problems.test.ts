import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { formatProblem } from '#core/config/problems.ts'

import { createQueryEngine } from '../query/index.ts'
import { readRules } from './rules.ts'

const query = createQueryEngine({ readers: [] })

function problems(policy: string, forecasts = '- {forecast: ahead, expr: sum(x)}'): string[] {
  const file = join(mkdtempSync(join(tmpdir(), 'policies-')), 'rules.yml')
  const policies = `{name: shop, target: {kind: Deployment, namespace: a, name: b}, capacity: 10, max: 5, ${policy}}`
  writeFileSync(file, `groups:\n- name: g\n  rules:\n  ${forecasts}\nscaling:\n- ${policies}\n`)
  return readRules([file], query).problems.map((one) => formatProblem(one).replace(/^.*rules\.yml:?/, ''))
}

test.each([
  ['demand: ahead', []],
  ['demand: ahead, quantile: 0.99, lead: 1h', []],
  [
    'demand: ahead, quantile: 0.999',
    [
      '6: scaling[0].quantile: wants the 0.999 quantile; the highest of forecast rule ahead is 0.99: add it to its quantiles',
    ],
  ],
  [
    'demand: ahead, cost: {short: 999, idle: 1}',
    [
      '6: scaling[0].cost: wants the 0.999 quantile; the highest of forecast rule ahead is 0.99: add it to its quantiles',
    ],
  ],
  [
    'demand: ahead, lead: 90m',
    ['6: scaling[0].lead: the horizon of forecast rule ahead is 2h; it must be twice the lead at least, 3h'],
  ],
  ['demand: sum(x), quantile: 0.999, lead: 90m', []],
  ['demand: sum(', ['6: scaling[0].demand: 1:5: parse error: unclosed left parenthesis']],
])('what a policy asks of its forecast: %s', (policy, expected) => {
  expect(problems(policy)).toEqual(expected)
})

test('two forecast rules have two names', () => {
  const two = '- {forecast: ahead, expr: sum(x)}\n  - {forecast: ahead, expr: sum(y)}'
  expect(problems('demand: ahead', two)).toEqual([' groups.g.ahead: a second forecast rule of this name'])
})

test('two policies have two names, and the second is told of', () => {
  expect(
    problems('demand: ahead}\n- {name: shop, target: {kind: a, namespace: b, name: c}, capacity: 1, max: 2, demand: x'),
  ).toEqual(['7: scaling[1].name: a second policy "shop"'])
})
