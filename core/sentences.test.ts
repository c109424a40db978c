import { expect, test } from 'vitest'

import type { Alert } from './alert.ts'
import type { Finding } from './finding.ts'
import type { Hint } from './hint.ts'
import type { Incident } from './incident.ts'
import {
  causeSentence,
  evidenceSentence,
  findingSentence,
  hintSentence,
  incidentTitle,
  joinSentence,
  LANGUAGES,
  timelineSentence,
} from './sentences.ts'
import { Labels } from './series.ts'

const EN = { language: 'en', zone: 'UTC' } as const
const hint = { demand: 640, quantile: 0.95, capacity: 100, target_ms: Date.UTC(2026, 0, 5, 10, 42) } as Hint
const ZH = { language: 'zh', zone: 'UTC' } as const
const at = Date.UTC(2026, 0, 5, 10, 42)

const finding: Finding = {
  id: 'f_1',
  rule: 'CheckoutLatencyUnusual',
  labels: Labels.of({ service_name: 'checkout' }),
  metric: 'http_server_request_duration_seconds',
  unit: 's',
  service: 'checkout',
  kind: 'spike',
  direction: 'up',
  since_ms: at,
  last_ms: at,
  peak_score: 7.3,
  value: 0.84,
  expected: 0.21,
  lower: 0.15,
  upper: 0.29,
  experts: ['seasonal'],
  state: 'open',
  evidence: false,
  severity: 'warning',
  annotations: {},
  detail: '',
}

const incident: Incident = {
  id: 'i_1',
  state: 'open',
  severity: 'critical',
  symptom: 'checkout',
  opened_ms: at,
  updated_ms: at,
  evidence_ms: at,
  services: ['checkout', 'payments-db'],
  findings: ['f_1'],
  alerts: [],
  changes: [],
  causes: [{ service: 'payments-db', share: 0.7, change: '', evidence: [] }],
  joins: [],
  timeline: [],
}

const alert: Alert = {
  rule: 'DiskFull',
  group: 'host',
  labels: Labels.of({ alertname: 'DiskFull' }),
  annotations: { summary: '95 % of sda is used' },
  state: 'firing',
  active_ms: at,
  value: 0.95,
  expr: '',
  evaluated_ms: at,
  interval_ms: 60_000,
}

test('a finding is said in one sentence in the reader’s language', () => {
  expect(findingSentence(finding, EN)).toBe(
    'http server request duration of checkout is 840 ms, expected 150 to 290 ms',
  )
  expect(findingSentence(finding, ZH)).toBe(
    'checkout 的 http server request duration 自 10:42 UTC 起突增至 840 ms，预期 150 至 290 ms',
  )
  const over = {
    ...finding,
    metric: '',
    unit: 's',
    state: 'closed',
    kind: 'level_up',
    last_ms: at + 3_600_000,
  } as const
  expect(findingSentence(over, EN)).toBe(
    'CheckoutLatencyUnusual of checkout rose to 840 ms, expected 150 to 290 ms, from 10:42 to 11:42 UTC',
  )
  expect(findingSentence({ ...over, value: 0.02, direction: 'down' }, EN)).toContain(
    ' of checkout fell to 20 ms, expected ',
  )
  const drift = { ...over, kind: 'drift', value: 0.28, experts: ['new', 'hour'] } as const
  expect(findingSentence(drift, EN)).toContain(
    ' drifted up to 280 ms, a value never seen before (usually 150 to 290 ms), ',
  )
  // What is expected of a mean is not of the sample that is named.
  expect(findingSentence({ ...over, experts: ['mean above', 'hour'] }, EN)).toContain(
    ' rose to 840 ms, on average higher than usual (usually 150 to 290 ms), from ',
  )
  expect(findingSentence({ ...over, adopted: true }, EN)).toBe(
    'CheckoutLatencyUnusual of checkout has risen to 840 ms, expected 150 to 290 ms, since 10:42 UTC; the new normal from 11:42 UTC',
  )
  expect(findingSentence({ ...finding, kind: 'absent', value: NaN, expected: NaN, lower: NaN, upper: NaN }, EN)).toBe(
    'http server request duration of checkout has no samples since 10:42 UTC',
  )
  expect(findingSentence({ ...finding, kind: 'new_template', detail: 'cannot reach <*>' }, EN)).toBe(
    'checkout logs a message never seen before: cannot reach <*>',
  )
  expect(findingSentence({ ...finding, kind: 'new_template', detail: '长'.repeat(201) }, ZH)).toBe(
    `checkout 出现从未见过的日志：${'长'.repeat(199)}…`,
  )
})

test('a finding says which series of its service it is about: in few labels, places last, long values cut', () => {
  const labels = { service_name: 'checkout', job: 'shop/checkout', service_namespace: 'shop', http_route: '/cart' }
  const routed = { ...finding, labels: Labels.of(labels) }
  expect(findingSentence(routed, EN)).toBe(
    'http server request duration of checkout (http_route=/cart) is 840 ms, expected 150 to 290 ms',
  )
  expect(findingSentence(routed, ZH)).toBe(
    'checkout 的 http server request duration（http_route=/cart）自 10:42 UTC 起突增至 840 ms，预期 150 至 290 ms',
  )
  const more = { ...labels, instance: 'a:1', k8s_pod_name: 'p', status: '500', zone: 'z'.repeat(41) }
  expect(findingSentence({ ...finding, labels: Labels.of(more) }, EN)).toContain(
    ` of checkout (http_route=/cart, status=500, zone=${'z'.repeat(39)}…, …) is `,
  )
  const host = { ...finding, labels: Labels.of({ job: 'checkout', instance: 'a:1' }) }
  expect(findingSentence(host, EN)).toContain(' of checkout (instance=a:1) is ')
  expect(findingSentence({ ...routed, kind: 'new_template', detail: 'cannot reach <*>' }, EN)).toMatch(
    /^checkout logs /,
  )
})

test('a finding that lasts over midnight says the day on which it began', () => {
  const long = { ...finding, kind: 'level_up', last_ms: at + 86_400_000 } as const
  expect(findingSentence(long, EN)).toMatch(/since 5 Jan 10:42 UTC$/)
  expect(findingSentence({ ...long, state: 'closed' }, EN)).toMatch(/from 5 Jan 10:42 UTC to 6 Jan 10:42 UTC$/)
  expect(findingSentence(long, ZH)).toContain('自 1 月 5 日 10:42 UTC 起升高至')
})

test('what is not below 0 is not expected there, and shares are written as percents', () => {
  const ratio = {
    ...finding,
    metric: 'error_ratio',
    unit: '1',
    value: 0.122,
    expected: 0.001,
    lower: -0.003,
    upper: 0.005,
  }
  expect(findingSentence(ratio, EN)).toBe('error ratio of checkout is 12.2 %, expected up to 0.5 %')
  expect(findingSentence(ratio, ZH)).toContain('突增至 12.2%，预期不超过 0.5%')
  const cold = { ...finding, metric: 'temperature', unit: 'Cel', value: -12, expected: 1, lower: -3, upper: 5 }
  expect(findingSentence({ ...cold, kind: 'dip', direction: 'down' }, EN)).toBe(
    'temperature of checkout is -12 °C, expected -3 to 5 °C',
  )
})

test('of a value that lies where it should the sentence says what is unusual about it', () => {
  const within = { ...finding, value: 0.25 }
  expect(findingSentence({ ...within, experts: ['new', 'recent'] }, EN)).toBe(
    'http server request duration of checkout is 250 ms, a value never seen before (usually 150 to 290 ms)',
  )
  expect(findingSentence({ ...within, experts: ['mean above', 'last'] }, ZH)).toContain(
    '近来平均偏高（通常 150 至 290 ms）',
  )
  expect(findingSentence({ ...within, kind: 'variance' }, EN)).toMatch(
    /varies unlike before since 10:42 UTC, about 250 ms$/,
  )
  expect(findingSentence({ ...finding, kind: 'flat' }, EN)).toMatch(/has stood still at 840 ms since 10:42 UTC$/)
})

test('what is told of a new series says so, and of a rule that is gone until when it was watched', () => {
  expect(findingSentence({ ...finding, learning: true }, EN)).toMatch(
    /290 ms; the series is new, and little is known of it yet$/,
  )
  expect(findingSentence({ ...finding, learning: true }, ZH)).toMatch(/；该序列刚开始观察，所知尚少$/)
  const gone = { ...finding, state: 'closed', withdrawn: true, until_ms: at + 300_000 } as const
  expect(findingSentence(gone, EN)).toMatch(/; no longer watched: its rule went at 10:47 UTC$/)
  expect(findingSentence(gone, ZH)).toMatch(/；其规则已于 10:47 UTC 移除，不再观察$/)
})

test('the way back from a level that was adopted is told as that', () => {
  const back = { ...finding, kind: 'level_down', direction: 'down', restores_ms: at - 86_400_000 } as const
  expect(findingSentence(back, EN)).toMatch(/, since 10:42 UTC; back to what it was before 4 Jan 10:42 UTC$/)
  expect(findingSentence(back, ZH)).toMatch(/；已回到 1 月 4 日 10:42 UTC 之前的水平$/)
})

test('a burst counts errors a minute', () => {
  const burst = {
    ...finding,
    kind: 'burst',
    metric: 'barograph_log_records_total',
    unit: '{record}',
    detail: 'cannot reach <*>',
  } as const
  const many = { ...burst, value: 120, expected: 2, lower: 0, upper: 11 }
  expect(findingSentence(many, EN)).toBe('checkout logs 120 errors a minute, expected up to 11: cannot reach <*>')
  expect(findingSentence(many, ZH)).toBe('checkout 每分钟出现 120 条错误日志，预期不超过 11：cannot reach <*>')
})

test('an incident is titled by what shows it and what began it', () => {
  expect(incidentTitle(incident, [finding], EN)).toBe('checkout slow: payments-db')
  expect(incidentTitle(incident, [finding], ZH)).toBe('checkout 变慢：payments-db')
  expect(incidentTitle(incident, [{ ...finding, evidence: true }], EN)).toBe('checkout unusual: payments-db')
  expect(incidentTitle({ ...incident, causes: [] }, [], EN)).toBe('checkout unusual')
  const own = Labels.of({ alertname: 'DiskFull', service_name: 'checkout' })
  const alerted = { ...incident, alerts: [alert, { ...alert, labels: own }] }
  expect(incidentTitle({ ...alerted, causes: [] }, [], EN)).toBe('DiskFull of checkout')
  expect(incidentTitle(alerted, [{ ...finding, evidence: true }], ZH)).toBe('checkout 的 DiskFull：payments-db')
  expect(incidentTitle(alerted, [finding], EN)).toBe('checkout slow: payments-db')
  const nameless = { ...incident, symptom: '', causes: [] }
  expect(incidentTitle(nameless, [finding], EN)).toBe(finding.rule)
  expect(incidentTitle({ ...nameless, alerts: [alert] }, [finding], ZH)).toBe('DiskFull：95 % of sda is used')
})

test('joins, timeline, evidence and hints read as sentences', () => {
  const call = { kind: 'call', caller: 'checkout', callee: 'payments-db', gap_ms: 20_000 } as const
  expect(joinSentence({ member: 'f_1', reason: call, weight: 1 }, EN)).toBe('checkout calls payments-db; 20 s apart')
  expect(timelineSentence({ at_ms: at, what: 'finding_closed', ref: 'f_1' }, { finding }, EN)).toMatch(
    /^back to normal: http server request duration of checkout/,
  )
  expect(timelineSentence({ at_ms: at, what: 'acknowledged', ref: 'ann' }, {}, EN)).toBe('acknowledged by ann')
  const change = {
    id: 'c_1',
    kind: 'deploy',
    service: 'payments-db',
    at_ms: at,
    title: 'v42',
    source: 'argocd',
    url: '',
  } as const
  const evidence = { kind: 'change', ref: 'c_1', at_ms: at, weight: 1 } as const
  expect(evidenceSentence(evidence, { change }, EN)).toBe('deploy of payments-db: v42')
  expect(evidenceSentence(evidence, {}, EN)).toBe('c_1')
  const cause = { service: 'payments-db', share: 0.856, evidence: [evidence], change: 'c_1' }
  expect(causeSentence(cause, evidence, { change }, EN)).toBe('payments-db 86 %: deploy of payments-db: v42')
  expect(causeSentence(cause, evidence, { change }, ZH)).toBe('payments-db 86%：payments-db 部署：v42')
  expect(causeSentence(cause, undefined, {}, ZH)).toBe('payments-db 86%')
  expect(hintSentence(hint, EN)).toBe('demand 640 at 10:42 UTC (q0.95), 100 a replica')
  expect(hintSentence({ ...hint, quantile: NaN }, EN)).toBe('demand 640 now, 100 a replica')
})

test('every language says every kind', () => {
  const kinds = ['spike', 'dip', 'level_up', 'level_down', 'drift', 'variance', 'flat', 'absent', 'burst'] as const
  for (const language of LANGUAGES) {
    for (const kind of kinds)
      expect(findingSentence({ ...finding, kind }, { language, zone: 'UTC' })).toContain('checkout')
  }
})

test('times are those of the clocks on the wall, and say of which zone', () => {
  const berlin = { language: 'en', zone: 'Europe/Berlin' } as const
  const shanghai = { language: 'zh', zone: 'Asia/Shanghai' } as const
  const level = { ...finding, kind: 'level_up', last_ms: at + 3_600_000 } as const
  expect(findingSentence(level, berlin)).toMatch(/, since 11:42 CET$/)
  expect(findingSentence({ ...level, state: 'closed' }, berlin)).toMatch(/, from 11:42 to 12:42 CET$/)
  expect(findingSentence(level, shanghai)).toContain('自 18:42 GMT+8 起升高至')
  expect(hintSentence({ ...hint, target_ms: at }, berlin)).toBe('demand 640 at 11:42 CET (q0.95), 100 a replica')
  // Midnight is another one there; and the hour that summer time gives back is not told as if it were one.
  const night = { ...level, since_ms: at + 5 * 3_600_000, last_ms: at + 6 * 3_600_000 }
  expect(findingSentence(night, shanghai)).toContain('自 1 月 5 日 23:42 GMT+8 起')
  const back_ms = Date.UTC(2026, 9, 25, 0, 30)
  const twice = { ...level, state: 'closed', since_ms: back_ms, last_ms: back_ms + 3_600_000 } as const
  expect(findingSentence(twice, berlin)).toMatch(/from 02:30 CEST to 02:30 CET$/)
})
