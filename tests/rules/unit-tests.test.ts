// `barograph test` on files of promtool's unit tests: what passes and fails is what passes and fails there.
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { type TestCase, testRules } from '../../app/rule-tests/read.ts'
import { testScript } from '../../app/rule-tests/script.ts'

const PACKS = join(import.meta.dirname, '../../rules')
const promtool = process.env['BAROGRAPH_TEST_PROMTOOL'] ?? 'promtool'
const hasPromtool = spawnSync(promtool, ['--version']).error === undefined

const RULES = `
groups:
  - name: second
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: up == 0
        for: 5m
        labels: {severity: page, version: 1.10}
        annotations:
          summary: '{{ $labels.instance }} is down{{ with query "job:up:sum" }}, {{ . | first | value }} left{{ end }}'
          link: '{{ $externalURL }}/{{ $externalLabels.cluster }}'
  - name: first
    interval: 7m
    query_offset: 2m
    rules:
      - alert: Kept
        expr: job:up:sum < 2
        keep_firing_for: 4m
        annotations: {text: '{{ printf "%.1f%%|%d|%v" $value 1 $value }} {{ $value | humanize }}'}
`

function folderOf(body: string, rules = RULES): string {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-unit-'))
  mkdirSync(join(folder, 'rules'))
  writeFileSync(join(folder, 'rules/a.yml'), rules)
  writeFileSync(join(folder, 'x.test.yml'), `rule_files: [rules/*.yml]\nevaluation_interval: 1m\n${body}`)
  return folder
}

const run = (body: string, rules?: string): Promise<TestCase[]> => testRules(join(folderOf(body, rules), 'x.test.yml'))
const failures = (cases: readonly TestCase[]): string[] =>
  cases.filter(({ ok }) => !ok).map(({ name, message }) => `${name}: ${message}`)

const INPUT = `
    input_series:
      - {series: 'up{job="a",instance="x"}', values: '1x4 0x20'}
      - {series: 'up{job="a",instance="y"}', values: '1+0x14 stale _x3 1'}`
const DOWN = (left: number): string =>
  `{exp_labels: {job: a, instance: x, severity: page, version: '1.10'}, exp_annotations: {summary: 'x is down, ${left} left', link: 'http://p/eu'}}`

/** Bodies of test files, with what they must come to. */
const BODIES: readonly (readonly [name: string, passes: boolean, body: string])[] = [
  [
    'alerts fire after for, with templates that ask',
    true,
    `tests:\n  - external_url: http://p\n    external_labels: {cluster: eu}${INPUT}
    alert_rule_test:
      - {eval_time: 9m, alertname: Down, exp_alerts: []}
      - {eval_time: 10m, alertname: Down, exp_alerts: [${DOWN(1)}]}
      - {eval_time: 10m30s, alertname: Down, exp_alerts: [${DOWN(1)}]}`,
  ],
  [
    'a label that is expected otherwise',
    false,
    `tests:\n  - ${INPUT.trim()}\n    alert_rule_test:\n      - {eval_time: 10m, alertname: Down, exp_alerts: [{exp_labels: {job: a, instance: x}}]}`,
  ],
  [
    'an alert that nobody expects',
    false,
    `tests:\n  - ${INPUT.trim()}\n    alert_rule_test:\n      - {eval_time: 12m, alertname: Down}`,
  ],
  [
    'an offset, and firing that is kept',
    true,
    `tests:\n  - ${INPUT.trim()}
    alert_rule_test:
      - {eval_time: 7m, alertname: Kept, exp_alerts: [{exp_labels: {job: a}, exp_annotations: {text: '1.0%|1|1 1'}}]}
      - {eval_time: 6m, alertname: Kept}`,
  ],
  [
    'series of alerts, at the time of the data',
    true,
    `tests:\n  - ${INPUT.trim()}
    promql_expr_test:
      - expr: ALERTS{alertname="Down"}
        eval_time: 6m
        exp_samples: [{labels: 'ALERTS{alertname="Down",alertstate="pending",instance="x",job="a",severity="page",version="1.10"}', value: 1}]
      - {expr: 'ALERTS_FOR_STATE{alertname="Down"}', eval_time: 6m, exp_samples: [{labels: 'ALERTS_FOR_STATE{alertname="Down",instance="x",job="a",severity="page",version="1.10"}', value: 300}]}
      - {expr: 'ALERTS_FOR_STATE{alertname="Kept"}', eval_time: 8m, exp_samples: [{labels: 'ALERTS_FOR_STATE{alertname="Kept",job="a"}', value: 420}]}
      - {expr: 'job:up:sum', eval_time: 15m, exp_samples: [{labels: 'job:up:sum{job="a"}', value: 0}]}
      - {expr: '1 + 1', exp_samples: [{value: 2}]}`,
  ],
  [
    'a value that is expected otherwise',
    false,
    `tests:\n  - ${INPUT.trim()}\n    promql_expr_test: [{expr: count(up), eval_time: 2m, exp_samples: [{labels: '{}', value: 3}]}]`,
  ],
  [
    'numbers that differ in the last bit',
    false,
    `tests:\n  - input_series: [{series: x, values: '0.1'}]\n    promql_expr_test: [{expr: x * 3, exp_samples: [{labels: '{}', value: 0.3}]}]`,
  ],
  [
    'numbers that differ in the last bit, where it does not matter',
    true,
    `fuzzy_compare: true\ntests:\n  - input_series: [{series: x, values: '0.1'}]\n    promql_expr_test: [{expr: x * 3, exp_samples: [{labels: '{}', value: 0.3}]}]`,
  ],
  ['an expression that is none', false, `tests:\n  - promql_expr_test: [{expr: 'sum('}]`],
  ['a key that nobody knows', false, `tests:\n  - promql_exp_test: []`],
  [
    'an input that cannot be read',
    false,
    `tests:\n  - input_series: [{series: 'x{', values: '1'}]\n    promql_expr_test: [{expr: x}]`,
  ],
  [
    'a group twice in the order',
    false,
    `group_eval_order: [first, first]\ntests: [{promql_expr_test: [{expr: '1', exp_samples: [{value: 1}]}]}]`,
  ],
  [
    'a group before another',
    true,
    `group_eval_order: [second, first]\ntests:\n  - ${INPUT.trim()}\n    promql_expr_test: [{expr: 'count(job:up:sum)', eval_time: 1m, exp_samples: [{labels: '{}', value: 1}]}]`,
  ],
  [
    'a rule that fails',
    false,
    `tests:\n  - input_series: [{series: 'up{job="a",instance="x"}', values: '0x9'}, {series: 'up{job="a",instance="x",extra="1"}', values: '0x9'}]\n    promql_expr_test: [{expr: up * ignoring (extra) up, eval_time: 1m}]`,
  ],
  [
    'native histograms',
    true,
    `tests:\n  - input_series: [{series: h, values: '{{schema:1 sum:4 count:4 buckets:[1 2 1]}}+{{schema:1 sum:4 count:4 buckets:[1 2 1]}}x3'}]
    promql_expr_test:
      - {expr: h, eval_time: 1m, exp_samples: [{labels: h, histogram: '{{schema:1 count:8 sum:8 counter_reset_hint:not_reset buckets:[2 4 2]}}'}]}
      - {expr: histogram_count(h), eval_time: 3m, exp_samples: [{labels: '{}', value: 16}]}`,
  ],
  [
    'a histogram that is expected otherwise',
    false,
    `tests:\n  - input_series: [{series: h, values: '{{sum:4 count:4 buckets:[4]}}'}]\n    promql_expr_test: [{expr: h, exp_samples: [{labels: h, histogram: '{{sum:5 count:4 buckets:[4]}}'}]}]`,
  ],
  [
    'values in every form',
    true,
    `tests:\n  - interval: 30s\n    input_series:\n      - {series: a, values: '1+2x2 _ -1 _x2 0x3 stale 1e3 NaN -Inf 10-1x2'}\n    promql_expr_test:\n      - {expr: 'count_over_time(a[20m])', eval_time: 10m, exp_samples: [{labels: '{}', value: 14}]}\n      - {expr: 'a', eval_time: 30s, exp_samples: [{labels: a, value: 3}]}\n      - {expr: 'a', eval_time: 5m30s, exp_samples: []}`,
  ],
]

test.each(BODIES)('%s', async (_, passes, body) => {
  const cases = await run(body)
  expect(cases.length).toBeGreaterThan(0)
  if (passes) expect(failures(cases)).toEqual([])
  else expect(failures(cases).length).toBeGreaterThan(0)
})

test.skipIf(!hasPromtool)('promtool passes and fails the same files (needs promtool 3)', (context) => {
  const version = spawnSync(promtool, ['--version'], { encoding: 'utf8' }).stdout
  if (!/version 3\./.test(version)) context.skip('it is older; BAROGRAPH_TEST_PROMTOOL may name another')
  const outcomes = BODIES.map(([name, , body]) => {
    const { status } = spawnSync(promtool, ['test', 'rules', 'x.test.yml'], { cwd: folderOf(body) })
    return [name, status === 0]
  })
  expect(outcomes).toEqual(BODIES.map(([name, passes]) => [name, passes]))
})

// A day of minutes in one of them: long on a busy machine.
test.each(globSync('*.rules.test.yml', { cwd: PACKS }))('the tests of the pack %s pass', async (file) => {
  const cases = await testRules(join(PACKS, file))
  expect(cases.length).toBeGreaterThan(0)
  expect(failures(cases)).toEqual([])
})

test('findings of an anomaly rule, its scores and bands, and forecasts are tested too', async () => {
  const rules = `
groups:
  - name: g
    rules:
      - anomaly: Odd
        expr: 2 * load
        for: 2m
        labels: {severity: critical}
      - anomaly: Plain
        expr: load
      - forecast: next
        expr: load
        horizon: 10m
`
  const cases = await run(
    `tests:
  - input_series: [{series: 'load{host="a"}', values: '10 11 10 12 ${'10 11 10 12 '.repeat(100)} 500x30'}]
    anomaly_rule_test:
      - {eval_time: 6h, anomaly: Odd}
      - {eval_time: 6h54m, anomaly: Odd, exp_findings: [{exp_labels: {host: a}, exp_direction: up, exp_severity: critical}]}
      - {eval_time: 6h54m, anomaly: Plain, exp_findings: [{exp_labels: {host: a}}]}
      - {eval_time: 6h54m, anomaly: Plain}
    promql_expr_test:
      - {expr: 'max_over_time(barograph_score{rule="Odd"}[15m]) >= bool 1', eval_time: 6h54m, exp_samples: [{labels: '{host="a",rule="Odd"}', value: 1}]}
      - {expr: 'count(barograph_forecast_ahead{rule="next"}) > bool 0', eval_time: 6h54m, exp_samples: [{labels: '{}', value: 1}]}`,
    rules,
  )
  expect(failures(cases)).toEqual([expect.stringMatching(/^Plain at 6h54m: expected nothing\n.*host="a"/)])
  expect(cases).toHaveLength(6)
})

test('what a test names and nobody has is told: it would pass for ever', async () => {
  const notes: string[] = []
  const folder = folderOf(
    `tests:
  - anomaly_rule_test: [{eval_time: 1m, anomaly: Od}]
    alert_rule_test:
      - {eval_time: 1m, alertname: Dow}
      - {eval_time: 1m, alertname: Down}`,
    `${RULES}      - {anomaly: Odd, expr: up}\n`,
  )
  const file = join(folder, 'x.test.yml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('rules/*.yml]', 'rules/*.yml, nix/*.yml]'))
  const cases = await testRules(file, (text) => notes.push(text.replace(/^.*test\.yml/, '')))
  expect(failures(cases)).toEqual(['Od at 1m: no anomaly rule of that name in rule_files; did you mean Odd?'])
  expect(notes).toEqual([
    ': rule_files: no file is nix/*.yml',
    ':6: Dow: no alert rule of that name in rule_files; did you mean Down?',
  ])
})

test('a case says where it stands', async () => {
  const cases = await run(
    `tests:\n  - name: adding\n    promql_expr_test:\n      - {expr: '1', exp_samples: [{value: 1}]}\n      - {expr: '1', exp_samples: [{value: 2}]}\n`,
  )
  expect(cases).toMatchObject([
    { line: 6, name: 'adding: 1 at 0s', ok: true, message: '' },
    { line: 7, name: 'adding: 1 at 0s', ok: false, message: 'expected {} 2\n     got {} 1' },
  ])
})

test('rule files that cannot be loaded fail the test with every problem', async () => {
  const cases = await run(
    `tests: [{promql_expr_test: [{expr: '1'}]}]`,
    'groups: [{name: g, rules: [{record: a}, {alert: b}]}]',
  )
  expect(cases).toMatchObject([
    { ok: false, message: expect.stringMatching(/rules\[0\]\.expr.*\n.*rules\[1\]\.expr/) as string },
  ])
})

test('a file without an end is told', async () => {
  expect(await run('tests: &t\n- *t\n')).toMatchObject([
    { ok: false, message: 'cannot be read: line 4: *t stands in what it stands for' },
  ])
})

test('scripts of the PromQL test language are run, a case an eval', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'barograph-script-')), 'a.test')
  writeFileSync(file, 'load 1m\n  x 1 2\n\neval instant at 1m x\n  x 2\n\neval instant at 1m x\n  x 3\n')
  expect(await testScript(file)).toMatchObject([
    { line: 4, name: 'x', ok: true },
    { line: 7, name: 'x', ok: false },
  ])
})
