import type { Alert } from '#core/alert.ts'
import type { Change } from '#core/change.ts'
import type { Finding } from '#core/finding.ts'
import type { Forecast } from '#core/forecast.ts'
import type { Hint } from '#core/hint.ts'
import type { Incident } from '#core/incident.ts'
import type { RuleGroupInfo } from '#core/ports/rules.ts'
import type { UpstreamInfo } from '#core/ports/upstreams.ts'
import { Labels } from '#core/series.ts'

import { NOW_MS } from './series.fixture.ts'

const MINUTE_MS = 60_000

export const finding: Finding = {
  id: 'f_0000000000000001',
  rule: 'CheckoutLatencyUnusual',
  labels: Labels.of({ service_name: 'checkout' }),
  metric: 'http_server_request_duration_seconds',
  unit: 's',
  service: 'checkout',
  kind: 'spike',
  direction: 'up',
  since_ms: NOW_MS - 10 * MINUTE_MS,
  last_ms: NOW_MS - MINUTE_MS,
  peak_score: 7.3,
  value: 0.84,
  expected: 0.21,
  lower: 0.15,
  upper: 0.29,
  experts: ['seasonal', 'median_mad'],
  state: 'open',
  evidence: false,
  severity: 'warning',
  annotations: {},
  detail: '',
}

export const absence: Finding = {
  ...finding,
  id: 'f_0000000000000002',
  rule: 'Silent',
  kind: 'absent',
  direction: 'down',
  value: Number.NaN,
  expected: Number.NaN,
  lower: Number.NaN,
  upper: Number.NaN,
  state: 'closed',
  until_ms: NOW_MS,
}

export const change: Change = {
  id: 'c_0000000000000001',
  kind: 'deploy',
  service: 'payments-db',
  at_ms: NOW_MS - 12 * MINUTE_MS,
  title: 'payments-db 2.4.1',
  source: 'argocd',
  url: 'https://argocd.example/payments-db',
}

export const alert: Alert = {
  rule: 'CheckoutErrorsHigh',
  group: 'checkout',
  labels: Labels.of({ alertname: 'CheckoutErrorsHigh', service: 'checkout', severity: 'critical' }),
  annotations: { summary: 'too many errors' },
  state: 'firing',
  active_ms: NOW_MS - 9 * MINUTE_MS,
  fired_ms: NOW_MS - 4 * MINUTE_MS,
  value: 1,
  expr: 'errors > 0.05',
  evaluated_ms: NOW_MS,
  interval_ms: 30_000,
}

export const incident: Incident = {
  id: 'i_0000000000000001',
  state: 'open',
  severity: 'critical',
  symptom: 'checkout',
  opened_ms: NOW_MS - 8 * MINUTE_MS,
  updated_ms: NOW_MS,
  evidence_ms: NOW_MS,
  services: ['checkout', 'payments-db'],
  findings: [finding.id],
  alerts: [alert],
  changes: [change.id],
  causes: [
    {
      service: 'payments-db',
      share: 1,
      change: change.id,
      evidence: [
        { kind: 'metric', ref: finding.id, at_ms: finding.since_ms, weight: 2.1 },
        { kind: 'change', ref: change.id, at_ms: change.at_ms, weight: 1 },
      ],
    },
  ],
  joins: [
    { member: finding.id, reason: { kind: 'opened' }, weight: 1 },
    { member: change.id, reason: { kind: 'change', service: 'payments-db', gap_ms: 120_000 }, weight: 1.4 },
  ],
  timeline: [
    { at_ms: change.at_ms, what: 'change', ref: change.id },
    { at_ms: finding.since_ms, what: 'finding', ref: finding.id },
    { at_ms: NOW_MS - 8 * MINUTE_MS, what: 'opened', ref: '' },
    { at_ms: NOW_MS - 4 * MINUTE_MS, what: 'alert', ref: alert.labels.fingerprint },
  ],
}

export const hint: Hint = {
  policy: 'checkout',
  value: 7,
  needed_now: 4,
  current: 4,
  min: 2,
  max: 40,
  lower: 5,
  upper: 9,
  lead_ms: 180_000,
  target_ms: NOW_MS + 180_000,
  as_of_ms: NOW_MS,
  expires_ms: NOW_MS + 120_000,
  trust: 1,
  demand: 640,
  quantile: 0.95,
  capacity: 100,
}

export const forecast: Forecast = {
  rule: 'checkout_demand',
  labels: Labels.of({ service_name: 'checkout' }),
  made_ms: NOW_MS,
  model: 'holt_winters',
  trust: 1,
  skill: 0.34,
  coverage: new Map([[0.9, 0.91]]),
  step_ms: MINUTE_MS,
  target_ms: Float64Array.of(NOW_MS + MINUTE_MS, NOW_MS + 2 * MINUTE_MS, NOW_MS + 3 * MINUTE_MS),
  quantiles: [0.1, 0.5, 0.9],
  values: [Float64Array.of(81, 82, 83), Float64Array.of(102, 103, Number.NaN), Float64Array.of(131, 132, 133)],
}

export const groups: readonly RuleGroupInfo[] = [
  {
    name: 'checkout',
    file: 'rules/checkout.yml',
    interval_ms: 30_000,
    evaluated_ms: NOW_MS,
    evaluation_duration_ms: 3,
    rules: [
      {
        kind: 'alert',
        name: 'CheckoutErrorsHigh',
        expr: 'errors > 0.05',
        for_ms: 300_000,
        labels: { severity: 'critical' },
        annotations: { summary: 'too many errors: {{ $value }}' },
        health: 'ok',
        last_error: '',
        evaluated_ms: NOW_MS,
      },
      {
        kind: 'anomaly',
        name: 'CheckoutLatencyUnusual',
        expr: 'latency',
        for_ms: 120_000,
        labels: {},
        annotations: {},
        health: 'ok',
        last_error: '',
        evaluated_ms: NOW_MS,
      },
    ],
  },
  {
    name: 'records',
    file: 'rules/records.yml',
    interval_ms: 60_000,
    evaluated_ms: 0,
    evaluation_duration_ms: 0,
    rules: [
      {
        kind: 'record',
        name: 'job:up:sum',
        expr: 'sum by (job) (up)',
        for_ms: 0,
        labels: {},
        annotations: {},
        health: 'err',
        last_error: 'cannot',
        evaluated_ms: 0,
      },
    ],
  },
]

export const upstream: UpstreamInfo = {
  name: 'prom',
  server: 'http://prometheus:9090',
  writing: {
    what: 'results',
    waiting: 1200,
    bytes: 48_000,
    lag_ms: 4500,
    sent: 90_000,
    refused: 2,
    dropped: 0,
    left_out: 10,
    trouble: 'answered 503',
  },
  history: {
    state: 'running',
    selectors: 12,
    series: 340,
    from_ms: NOW_MS - 86_400_000,
    to_ms: NOW_MS,
    reached_ms: NOW_MS - 3_600_000,
    fetched: 1_800_000,
    refused: 0,
    skipped: 0,
    trouble: '',
  },
  rules: {
    rules: 40,
    queries: 5760,
    failed: 3,
    samples: 230_000,
    passed_over: 1,
    behind_ms: 15_000,
    trouble: 'http://prometheus:9090 answered 503',
  },
}
