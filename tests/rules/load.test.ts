import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { expect, test } from 'vitest'

import { formatProblem } from '#core/config/problems.ts'

import { parseDetector } from '../../detectors/index.ts'
import { loadRules, refuseProblems } from '../../detectors/rules/index.ts'
import { createQueryEngine } from '../../query/index.ts'
import { policySchema } from '../../scaling/index.ts'

const query = createQueryEngine({ readers: [] })
const load = (...paths: string[]) => loadRules(paths, { query, parseDetector, policySchema })

function folderOf(files: Record<string, string | Uint8Array>): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'barograph-load-')), 'rules')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** Problems of one file, as lines without the folder. */
function problemsOf(text: string | Uint8Array): string[] {
  const folder = folderOf({ 'x.yml': text })
  return load(folder).problems.map((problem) => formatProblem(problem).replace(`${folder}/`, ''))
}

const rule = (text: string): string => `groups:\n- name: g\n  rules:\n  - ${text}\n`

test('a plain Prometheus file loads unchanged', () => {
  const { groups, problems } = load(
    folderOf({
      'x.rules.yml': `
groups:
  - name: node
    interval: 30s
    query_offset: 5s
    limit: 10
    labels: {team: core}
    rules:
      - record: instance:cpu:rate5m
        expr: |
          sum by (instance) (
            rate(node_cpu_seconds_total{mode!="idle"}[5m])  # busy
          )
        labels:
      - alert: Down
        expr: up == 0
        for: 5m
        keep_firing_for: 1m
        labels: {severity: critical, code: 7}
        annotations: {summary: '{{ $labels.instance }} is down', runbook: }
      - alert: Down
        expr: up == 0
  - name: empty
    rules:
`,
    }),
  )
  expect(problems).toEqual([])
  expect(groups.map(({ name, interval_ms, offset_ms, limit }) => [name, interval_ms, offset_ms, limit])).toEqual([
    ['node', 30_000, 5000, 10],
    ['empty', 60_000, 0, 0],
  ])
  expect(groups[0]?.rules.map(({ kind, name, labels, for_ms }) => [kind, name, labels, for_ms])).toEqual([
    ['record', 'instance:cpu:rate5m', { team: 'core' }, 0],
    ['alert', 'Down', { team: 'core', severity: 'critical', code: '7' }, 300_000],
    ['alert', 'Down', { team: 'core' }, 0],
  ])
  expect(new Set(groups[0]?.rules.map(({ key }) => key)).size).toBe(3)
})

test('our kinds load with their defaults', () => {
  const { groups, problems } = load(
    folderOf({
      'x.yml': `
groups:
  - name: g
    interval: 15s
    rules:
      - anomaly: Plain
        expr: cpu{host="a"}
      - anomaly: Latency
        expr: histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))
        detector: {kind: band, window: 2h}
        direction: up
        budget: 3/month
        evidence: true
        for: 2m
        labels: {severity: critical}
        annotations: {summary: '{{ $value | humanizeDuration }}, expected {{ $expected | humanizeDuration }}'}
      - forecast: demand
        expr: sum(rate(x_count[5m]))
        quantiles: [0.9, 0.5, 0.9]
`,
    }),
  )
  expect(problems).toEqual([])
  const [plain, latency, demand] = groups[0]?.rules ?? []
  expect(plain).toMatchObject({
    spec: { budget_per_week: 1, direction: 'both', evidence: false, detector: { kind: 'auto' } },
  })
  expect(plain?.kind === 'anomaly' && plain.spec.plain).toHaveLength(2)
  expect(latency).toMatchObject({
    spec: { budget_per_week: 0.7, direction: 'up', evidence: true, for_ms: 120_000, plain: null, interval_ms: 15_000 },
  })
  expect(demand).toMatchObject({ spec: { horizon_ms: 7_200_000, step_ms: 60_000, quantiles: [0.5, 0.9] } })
})

test('folders are read recursively in order of name, tests and other files left out, a file once', () => {
  const folder = folderOf({
    'b.yml': 'groups: []',
    'a/z.yaml': 'groups: []',
    'a/z.test.yml': 'nonsense: true',
    'a/read.me': 'nonsense',
    'c.rules.yml': '',
  })
  const { files, problems } = load(folder, `${folder}/./b.yml`, join(folder, '../rules/b.yml'))
  expect(problems).toEqual([])
  expect(files.map((file) => file.slice(folder.length + 1))).toEqual(['a/z.yaml', 'b.yml', 'c.rules.yml'])
})

test('what is not there is told, and the rest is loaded', () => {
  const { groups, problems } = load('/nowhere/rules', folderOf({ 'x.yml': rule('{record: a, expr: b}') }))
  expect(problems.map(({ file, message }) => [file, message.includes('ENOENT')])).toEqual([['/nowhere/rules', true]])
  expect(load('/nowhere/*.yml').problems).toMatchObject([
    { file: '/nowhere/*.yml', message: expect.stringMatching(/^patterns are not taken here; name the folder/) },
  ])
  expect(groups).toHaveLength(1)
})

test('state is kept under names that do not hang on where the folder lies, and never under one name twice', () => {
  const text = rule('{record: a, expr: b}')
  const keys = load(folderOf({ 'x.yml': text }), folderOf({ 'x.yml': text })).groups.flatMap(({ rules }) =>
    rules.map(({ key }) => key),
  )
  expect(keys).toEqual(['rules/x.yml;g;record;a', 'rules/x.yml#2;g;record;a'])
})

test('scaling is handed to its own schema, and read beside groups', () => {
  const policy =
    'name: shop\n  target: {kind: Deployment, namespace: shop, name: web}\n  demand: d\n  capacity: 100\n  max: 10'
  const { policies, problems } = load(
    folderOf({ 'x.yml': `scaling:\n- ${policy}\n`, 'y.yml': `groups: []\nscaling:\n- ${policy}\n  leed: 3m\n` }),
  )
  expect(policies.map((one) => one.policy)).toMatchObject([{ name: 'shop', max: 10 }, { name: 'shop' }])
  expect(problems.map(({ line, path, message }) => [line, path, message])).toEqual([
    [8, 'scaling[0].leed', 'unknown key "leed"; did you mean "lead"?'],
  ])
})

test('everything that is wrong is told at once, with line, path and what to do', () => {
  const problems = problemsOf(`groups:
  - name: one
    intervall: 15s
    rules:
      - alert: A
        expr: sum(
        fro: 5m
        labels: {severity: '{{ $label.x }}'}
        annotations: {summary: '{{ humanise $value }}', text: '{{ if true }}'}
      - anomaly: B
        expr: up[5m]
        detector: {kind: bandd}
        budget: 2 a week
        direction: sideways
      - recrod: c
        expr: up
      - record: d{e}
        expr: up
        for: 5m
      - {alert: E, anomaly: E, expr: up}
  - name: one
    rules: []
  - rules: [{record: f, expr: 'rate(x)'}]
scalling: []
`)
  expect(problems.map((text) => text.split('; there are')[0])).toEqual([
    'x.yml:24: scalling: unknown key "scalling"; did you mean "scaling"?',
    'x.yml:3: groups[0].intervall: unknown key "intervall"; did you mean "interval"?',
    'x.yml:7: groups[0].rules[0].fro: unknown key "fro"; did you mean "for"?',
    expect.stringMatching(/^x\.yml:6: groups\[0\]\.rules\[0\]\.expr: .*unclosed left parenthesis/),
    expect.stringMatching(/^x\.yml:8: groups\[0\]\.rules\[0\]\.labels\.severity: \$label is not known/),
    expect.stringMatching(/^x\.yml:9: groups\[0\]\.rules\[0\]\.annotations\.summary: no function "humanise"/),
    expect.stringMatching(/^x\.yml:9: groups\[0\]\.rules\[0\]\.annotations\.text: \{\{ if \}\} without/),
    expect.stringMatching(/^x\.yml:14: groups\[0\]\.rules\[1\]\.direction: /),
    expect.stringMatching(/^x\.yml:13: groups\[0\]\.rules\[1\]\.budget: a count and a time, like 2\/week/),
    'x.yml:11: groups[0].rules[1].expr: is a matrix; a rule needs a vector or a number',
    expect.stringMatching(/^x\.yml:12: groups\[0\]\.rules\[1\]\.detector: no detector kind "bandd"/),
    'x.yml:15: groups[0].rules[2]: a rule says one of record, alert, anomaly, forecast; this one has recrod, expr; did you mean record?',
    'x.yml:17: groups[0].rules[3].record: a metric name; braces belong in expr, labels in labels',
    'x.yml:19: groups[0].rules[3].for: unknown key "for"; known: expr, labels, record',
    'x.yml:20: groups[0].rules[4]: is alert and anomaly at once; make it two rules',
    'x.yml:21: groups[1].name: a second group "one" in this file',
    expect.stringMatching(/^x\.yml:23: groups\[2\]\.name: /),
  ])
})

test.each<[string | Uint8Array, RegExp]>([
  ['groups: [', /x\.yml:1: not YAML/],
  ['groups: []\ngroups: []', /x\.yml:2: not YAML: Map keys must be unique/],
  ['- 1\n- 2', /has groups:, scaling: or both/],
  ['groups: {a: 1}', /groups: .*a list is expected/],
  ['groups: [7]', /groups\[0\]: .*a map of keys is expected/],
  [rule('7'), /rules\[0\]: /],
  [rule('{record: a}'), /rules\[0\]\.expr: is missing/],
  [rule('{record: a, expr: b, labels: {__name__: c}}'), /labels: __name__ cannot be set/],
  [rule('{record: a, expr: b, labels: {"": c}}'), /labels\.: not a label name/],
  [rule('{anomaly: a, expr: b, annotations: {x: "{{ query `up` }}"}}'), /annotations\.x: query is for alert rules/],
  [
    'apiVersion: v1\nkind: ConfigMap\ndata: {}',
    /kind: an object of kind ConfigMap; rules are in those of kind PrometheusRule/,
  ],
  [
    'apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec: {groups: [{nam: a}]}',
    /x\.yml:3: spec\.groups\[0\]\.nam: /,
  ],
  [rule('{alert: a, expr: b, for: soon}'), /for: not a duration: "soon"/],
  [rule('{forecast: a, expr: b, horizon: 10s}'), /horizon: must be at least one step/],
  ['groups: [{name: g, interval: 10ms}]', /interval: at least 1s/],
  [
    'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\ngroups: [*c,*c,*c,*c]',
    /cannot be read: .*alias/,
  ],
  ['groups: &g\n- *g\n', /cannot be read: line 2: \*g stands in what it stands for/],
  [Buffer.from(rule('{alert: NAME, expr: up}').replace('NAME', '\xb1\xb1'), 'latin1'), /is not UTF-8; save it/],
])('%j is refused with its place', (text, message) => {
  expect(problemsOf(text).join('\n')).toMatch(message)
})

test('keys are merged from anchors', () => {
  const { groups, problems } = load(
    folderOf({ 'x.yml': rule('&a {alert: A, expr: up, labels: {x: y}}') + '  - {<<: *a, alert: B}\n' }),
  )
  expect(problems).toEqual([])
  expect(groups[0]?.rules.map(({ name, labels }) => [name, labels])).toEqual([
    ['A', { x: 'y' }],
    ['B', { x: 'y' }],
  ])
})

test('what is well is loaded although something else is not, and refusing says all of it', () => {
  const { groups, problems } = load(
    folderOf({ 'x.yml': `${rule('{record: a, expr: b}')}  - {record: c, expr: '+'}\n  - {record: d}\n` }),
  )
  expect(groups[0]?.rules.map(({ name }) => name)).toEqual(['a'])
  expect(() => refuseProblems(problems)).toThrow(/rules\[1\]\.expr.*\n.*rules\[2\]\.expr/)
  expect(() => refuseProblems([])).not.toThrow()
})

test('objects for the Prometheus operator load as files, several in one, each with names of its own', () => {
  const object = (name: string, rules: string): string =>
    `apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: ${name}, namespace: obs, labels: {a: b}}\nspec:\n  groups:\n  - {name: g, partial_response_strategy: warn, rules: [${rules}]}\n`
  const { groups, problems } = load(
    folderOf({
      'x.yml': `---\n${object('one', '{record: a, expr: b}')}---\n${object('two', '{alert: A, expr: b}')}`,
      'y.yml':
        'apiVersion: v1\nkind: List\nitems:\n- apiVersion: monitoring.coreos.com/v1\n  kind: PrometheusRule\n  spec: {groups: [{name: g, rules: [{record: c, expr: d}]}]}\n',
    }),
  )
  expect(problems).toEqual([])
  expect(groups.flatMap(({ rules }) => rules.map(({ key }) => key))).toEqual([
    'rules/x.yml;obs/one;g;record;a',
    'rules/x.yml;obs/two;g;alert;A',
    'rules/y.yml;g;record;c',
  ])
})

test('any Unicode is a name of a label or a metric', () => {
  const { groups, problems } = load(
    folderOf({ 'x.yml': rule('{record: shop.latency, expr: \'{"http.requests"}\', labels: {k8s.pod: a}}') }),
  )
  expect(problems).toEqual([])
  expect(groups[0]?.rules[0]).toMatchObject({ name: 'shop.latency', labels: { 'k8s.pod': 'a' } })
})

test('rules of one name are told apart by their labels, detectors by name alone', () => {
  const text =
    rule(`{alert: A, expr: a, labels: {severity: page}}`) +
    '  - {alert: A, expr: a, labels: {severity: log}}\n  - {anomaly: B, expr: a, labels: {severity: log}}\n'
  const keys = load(folderOf({ 'x.yml': text })).groups.flatMap(({ rules }) => rules.map(({ key }) => key))
  expect(keys).toEqual([
    'rules/x.yml;g;alert;A{severity="page"}',
    'rules/x.yml;g;alert;A{severity="log"}',
    'rules/x.yml;g;anomaly;B',
  ])
})
