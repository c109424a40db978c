import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { formatProblem } from '#core/config/problems.ts'

import { createQueryEngine } from '../query/index.ts'
import { readRules } from './rules.ts'
import { unmatched } from './unmatched.ts'

const query = createQueryEngine({ readers: [] })
const RULES = `
groups:
  - name: g
    rules:
      - {record: 'job:up:sum', expr: 'sum by (job) (up)'}
      - {alert: Recorded, expr: 'job:up:sum == 0'}
      - {alert: Nameless, expr: 'upp == 0'}
      - {alert: Elsewhere, expr: 'up{job="shop", instance=~"a.*"} == 0 and up{job="shop"} == 0'}
      - {alert: Unicode, expr: '{"温度"} > 1'}
      - {alert: Silence, expr: 'absent(nothing)'}
      - {anomaly: Twice, expr: 'upp'}
      - {alert: Ours, expr: 'barograph_score > 1 and ALERTS'}
`

test('rules that nothing at hand matches are told, with what is to blame', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'barograph-unmatched-')), 'x.yml')
  writeFileSync(file, RULES)
  const { groups, problems } = readRules([file], query)
  expect(problems).toEqual([])
  const asked: string[] = []
  const found = await unmatched(groups, query, async (selector) => {
    asked.push(selector)
    return selector === '{__name__="up"}' || selector === '{__name__="up",instance=~"a.*"}'
  })
  expect(found.map((one) => formatProblem(one).slice(file.length + 2))).toEqual([
    'g: alert Nameless: no series matches upp',
    'g: alert Elsewhere: no series matches up{job="shop",instance=~"a.*"}; up is there, without job="shop"',
    'g: alert Elsewhere: no series matches up{job="shop"}; up is there, without job="shop"',
    'g: alert Unicode: no series matches {__name__="温度"}',
    'g: anomaly Twice: no series matches upp',
  ])
  // Each selector is asked for once.
  expect(new Set(asked).size).toBe(asked.length)
})
