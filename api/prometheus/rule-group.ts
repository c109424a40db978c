import type { Alert } from '#core/alert.ts'
import { fnv1a64 } from '#core/hash.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { RuleGroupInfo, RuleInfo } from '#core/ports/rules.ts'

import { alertForm } from './alert.ts'
import { type Form, invalidParameter } from './form.ts'
import { matcherSets, matchesAny } from './matching.ts'
import { formatTime } from './time.ts'

/** `type` in a request to the kinds that it shows. Prometheus' clients know two; the rest is shown when asked for. */
const KINDS: Readonly<Record<string, readonly RuleInfo['kind'][]>> = {
  '': ['alert', 'record'],
  alert: ['alert'],
  record: ['record'],
  anomaly: ['anomaly'],
  forecast: ['forecast'],
  all: ['alert', 'record', 'anomaly', 'forecast'],
}

const TYPES: Readonly<Record<RuleInfo['kind'], string>> = {
  alert: 'alerting',
  record: 'recording',
  anomaly: 'anomaly',
  forecast: 'forecast',
}

export interface RuleFilter {
  /** Whether a rule of a group is shown. */
  readonly rule: (rule: RuleInfo) => boolean
  readonly group: (group: RuleGroupInfo) => boolean
  readonly withAlerts: boolean
}

/** The filters of `/api/v1/rules`; several of one name are alternatives, different names must all agree. */
export function ruleFilterOf(form: Form, engine: QueryEngine): RuleFilter {
  const type = form.text('type')
  const kinds = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined
  if (kinds === undefined) throw invalidParameter('type', `not supported value ${JSON.stringify(type)}`)
  const oneOf = (name: string): ((value: string) => boolean) => {
    const wanted = new Set(form.all(name))
    return (value) => wanted.size === 0 || wanted.has(value)
  }
  const [name, group, file] = [oneOf('rule_name[]'), oneOf('rule_group[]'), oneOf('file[]')]
  const sets = matcherSets(form, engine)
  return {
    rule: (rule) => kinds.includes(rule.kind) && name(rule.name) && matchesAny(sets, rule.labels),
    group: (info) => group(info.name) && file(info.file),
    withAlerts: !form.flag('exclude_alerts'),
  }
}

function stateOf(alerts: readonly Alert[]): string {
  if (alerts.some(({ state }) => state === 'firing')) return 'firing'
  return alerts.length > 0 ? 'pending' : 'inactive'
}

function ruleForm(rule: RuleInfo, alerts: readonly Alert[], withAlerts: boolean): Record<string, unknown> {
  const base = {
    name: rule.name,
    query: rule.expr,
    labels: rule.labels,
    health: rule.health,
    ...(rule.last_error === '' ? {} : { lastError: rule.last_error }),
    evaluationTime: (rule.evaluation_duration_ms ?? 0) / 1000,
    lastEvaluation: formatTime(rule.evaluated_ms),
    type: TYPES[rule.kind],
  }
  if (rule.kind === 'record' || rule.kind === 'forecast') return base
  return {
    ...base,
    state: stateOf(alerts),
    duration: rule.for_ms / 1000,
    keepFiringFor: (rule.keep_firing_ms ?? 0) / 1000,
    annotations: rule.annotations,
    alerts: withAlerts ? alerts.map(alertForm) : [],
    ...(rule.fired_last_week !== undefined && { firedLastWeek: rule.fired_last_week }),
    ...(rule.found_last_week !== undefined && { foundLastWeek: rule.found_last_week }),
    ...(rule.series !== undefined && { series: rule.series }),
    ...(rule.bytes !== undefined && { bytes: rule.bytes }),
    ...(rule.learning !== undefined && { learning: rule.learning }),
  }
}

/** A group as `/api/v1/rules` shows it; undefined where none of its rules is shown. */
export function ruleGroupForm(
  info: RuleGroupInfo,
  filter: RuleFilter,
  active: readonly Alert[],
): Record<string, unknown> | undefined {
  const shown = filter.group(info) ? info.rules.filter(filter.rule) : []
  if (shown.length === 0) return undefined
  const alertsOf = (rule: RuleInfo): Alert[] =>
    active.filter((alert) => alert.group === info.name && alert.rule === rule.name)
  return {
    name: info.name,
    file: info.file,
    rules: shown.map((rule) => ruleForm(rule, rule.kind === 'alert' ? alertsOf(rule) : [], filter.withAlerts)),
    interval: info.interval_ms / 1000,
    limit: info.limit ?? 0,
    evaluationTime: info.evaluation_duration_ms / 1000,
    lastEvaluation: formatTime(info.evaluated_ms),
  }
}

/** Where the next page of groups begins: the name of a group, opaque to the client. */
export function groupToken({ file, name }: RuleGroupInfo): string {
  return fnv1a64([file, name])
}
