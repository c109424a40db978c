import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import type { AnomalySpec } from '../scoring/spec.ts'
import type { AlertRule, AnomalyRule, ForecastRule, RecordRule, Rule } from './rule.ts'
import type { GroupText, RuleKind, RuleText } from './schema.ts'
import { type Outside, Template } from './template/template.ts'

/** Where a rule stands, and what its parts were read by. */
export interface Place {
  readonly key: string
  readonly group: GroupText
  readonly expression: ExpressionInfo
  readonly detector: AnomalySpec['detector'] | undefined
  readonly outside: Outside
}

type Templates = readonly (readonly [string, Template])[]

const templatesOf = (texts: Readonly<Record<string, string>>, outside: Outside): Templates =>
  Object.entries(texts).map(([name, source]) => [name, new Template(source, outside)])

/** From checked text to a rule, one function a kind. Throws `ServiceError('bad_config')` for a template that cannot be read. */
export const BUILDERS: { readonly [K in RuleKind]: (text: RuleText<K>, place: Place) => Rule } = {
  record(text, { key, group }): RecordRule {
    const labels = { ...group.labels, ...text.labels }
    return {
      kind: 'record',
      key,
      name: text.record,
      expr: text.expr,
      labels,
      annotations: {},
      for_ms: 0,
      extra: Labels.of(labels),
    }
  },

  alert(text, { key, group, outside }): AlertRule {
    const labels = { ...group.labels, ...text.labels }
    return {
      kind: 'alert',
      key,
      name: text.alert,
      expr: text.expr,
      labels,
      annotations: text.annotations,
      for_ms: text.for,
      keep_firing_ms: text.keep_firing_for,
      labelTemplates: templatesOf(labels, outside),
      annotationTemplates: templatesOf(text.annotations, outside),
    }
  },

  anomaly(text, { key, group, expression, detector, outside }): AnomalyRule {
    const labels = { ...group.labels, ...text.labels }
    const [severity] = templatesOf({ severity: labels['severity'] ?? '' }, outside)
    const annotations = templatesOf(text.annotations, outside)
    const spec: AnomalySpec = {
      key,
      name: text.anomaly,
      detector: detector!,
      direction: text.direction,
      budget_per_week: text.budget,
      evidence: text.evidence,
      for_ms: text.for,
      interval_ms: group.interval,
      plain: expression.plain,
      render: (facts) => ({
        severity: severity![1].expand(facts),
        annotations: Object.fromEntries(annotations.map(([name, template]) => [name, template.expand(facts)])),
      }),
    }
    return {
      kind: 'anomaly',
      key,
      name: text.anomaly,
      expr: text.expr,
      labels,
      annotations: text.annotations,
      for_ms: text.for,
      spec,
    }
  },

  forecast(text, { key, group }): ForecastRule {
    const spec = {
      key,
      name: text.forecast,
      expr: text.expr,
      horizon_ms: text.horizon,
      step_ms: text.step,
      interval_ms: group.interval,
      quantiles: text.quantiles,
    }
    return { kind: 'forecast', key, name: text.forecast, expr: text.expr, labels: {}, annotations: {}, for_ms: 0, spec }
  },
}
