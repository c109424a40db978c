// What `barograph check` takes for a rule file is what Prometheus takes for one. BAROGRAPH_TEST_PROMTOOL may say where promtool 3 is.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { readRules } from '../../app/rules.ts'
import { createQueryEngine } from '../../query/index.ts'

const promtool = process.env['BAROGRAPH_TEST_PROMTOOL'] ?? 'promtool'
const isThere = /version 3\./.test(spawnSync(promtool, ['--version'], { encoding: 'utf8' }).stdout ?? '')
const query = createQueryEngine({ readers: [] })
const rule = (text: string): string => `groups:\n- name: g\n  rules:\n  - ${text}\n`

const FILES: readonly (readonly [good: boolean, text: string])[] = [
  [true, rule('{record: a, expr: b}')],
  [true, rule('{record: a.b-c, expr: b, labels: {d.e: 7}}')],
  [true, rule('{alert: two words, expr: b, for: 1h30m, keep_firing_for: 5m, annotations: {x: }}')],
  [true, rule('{alert: a, expr: 1}')],
  [true, 'groups: [{name: g, interval: 30s, limit: 5, query_offset: 1m, labels: {a: b}, rules: []}]'],
  [
    true,
    rule("{alert: a, expr: b, annotations: {x: '{{ range query `up` }}{{ .Labels.job }}{{ end }}{{ .Nothing }}'}}"),
  ],
  [true, rule('{alert: a, expr: b}') + '  - {alert: a, expr: b}\n'],
  [false, rule('{record: a}')],
  [false, rule('{expr: a}')],
  [false, rule('{record: a, alert: b, expr: c}')],
  [false, rule("{record: 'a{b}', expr: c}")],
  [false, rule('{record: a, expr: b, for: 1m}')],
  [false, rule('{record: a, expr: b, annotations: {c: d}}')],
  [false, rule('{alert: a, expr: sum(b}')],
  [false, rule('{alert: a, expr: rate(b)}')],
  [false, rule('{alert: a, expr: b, labels: {__name__: c}}')],
  [false, rule('{alert: a, expr: b, labels: {"": c}}')],
  [false, rule('{alert: a, expr: b, for: soon}')],
  [false, rule('{alert: a, expr: b, sverity: c}')],
  [false, rule("{alert: a, expr: b, annotations: {x: '{{ nothing 1 }}'}}")],
  [false, rule("{alert: a, expr: b, annotations: {x: '{{ if true }}'}}")],
  [false, rule("{alert: a, expr: b, labels: {x: '{{ $none }}'}}")],
  [false, 'groups: [{name: g}, {name: g}]'],
  [false, 'groups: [{name: "", rules: []}]'],
  [false, 'groups: [{name: g, interval: x}]'],
  [false, 'groups: [{name: g, concurrency: 2}]'],
  [false, 'group: []'],
  [false, 'groups: ['],
]

function fileOf(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'barograph-check-')), 'x.yml')
  writeFileSync(file, text)
  return file
}

test('good files are taken, bad ones are not', () => {
  const verdicts = FILES.map(([, text]) => [readRules([fileOf(text)], query).problems.length === 0, text])
  expect(verdicts).toEqual(FILES)
})

test.skipIf(!isThere)('promtool says the same of each (needs promtool 3)', () => {
  const verdicts = FILES.map(([, text]) => [spawnSync(promtool, ['check', 'rules', fileOf(text)]).status === 0, text])
  expect(verdicts).toEqual(FILES)
})
