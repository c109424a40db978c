import type { Alert, AlertEvent } from '#core/alert.ts'
import type { Change } from '#core/change.ts'
import type { Finding, FindingEvent } from '#core/finding.ts'
import { contentId } from '#core/hash.ts'
import type { ServiceGraph } from '#core/ports/service-graph.ts'
import { Labels } from '#core/series.ts'

export const T0 = Date.UTC(2026, 10, 20, 10)
export const S = 1000
export const MIN = 60 * S

/** A call graph from `caller>callee` pairs. */
export function graphOf(...calls: readonly string[]): ServiceGraph {
  const pairs = calls.map((call) => call.split('>') as [string, string])
  return {
    edges: () => pairs.map(([caller, callee]) => ({ caller, callee, calls: 1, errors: 0, last_ms: T0 })),
    callees: (service) => pairs.filter(([caller]) => caller === service).map(([, callee]) => callee),
    callers: (service) => pairs.filter(([, callee]) => callee === service).map(([caller]) => caller),
  }
}

/** `at_ms`: onset, in ms after `T0`. */
export function finding(service: string, at_ms: number, over: Partial<Finding> = {}): Finding {
  const since_ms = T0 + at_ms
  const rule = over.rule ?? 'LatencyUnusual'
  return {
    id: contentId('f', rule, service, since_ms),
    rule,
    labels: Labels.of(service === '' ? {} : { service_name: service }),
    metric: 'http_server_request_duration_seconds',
    unit: 's',
    service,
    kind: 'spike',
    direction: 'up',
    since_ms,
    last_ms: since_ms,
    peak_score: 4,
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
    ...over,
  }
}

export function opened(one: Finding): FindingEvent {
  return { type: 'opened', at_ms: one.last_ms, finding: one }
}

export function closed(one: Finding, at_ms: number): FindingEvent {
  const until_ms = T0 + at_ms
  return { type: 'closed', at_ms: until_ms, finding: { ...one, state: 'closed', until_ms } }
}

export function alert(labels: Readonly<Record<string, string>>, at_ms: number, over: Partial<Alert> = {}): Alert {
  const fired_ms = T0 + at_ms
  return {
    rule: labels['alertname'] ?? 'ErrorsHigh',
    group: 'shop',
    labels: Labels.of({ alertname: 'ErrorsHigh', ...labels }),
    annotations: { summary: 'too many errors' },
    state: 'firing',
    active_ms: fired_ms,
    fired_ms,
    value: 0.3,
    expr: 'errors > 0.05',
    evaluated_ms: fired_ms,
    interval_ms: 15 * S,
    ...over,
  }
}

export function fires(one: Alert): AlertEvent {
  return { type: 'firing', at_ms: one.fired_ms ?? one.active_ms, alert: one }
}

export function ends(one: Alert, at_ms: number): AlertEvent {
  const resolved_ms = T0 + at_ms
  return { type: 'resolved', at_ms: resolved_ms, alert: { ...one, state: 'resolved', resolved_ms } }
}

export function change(service: string, at_ms: number, title = 'v42'): Change {
  const time_ms = T0 + at_ms
  const id = contentId('c', 'deploy', service, time_ms, title)
  return { id, kind: 'deploy', service, at_ms: time_ms, title, source: 'argocd', url: '' }
}
