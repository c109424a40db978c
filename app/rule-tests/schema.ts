import { z } from 'zod'

import { duration } from '#core/config/duration.ts'

const scalar = z
  .union([z.string(), z.number(), z.boolean(), z.null()], { error: 'a text' })
  .transform((value) => (value === null ? '' : String(value)))
const texts = z.record(z.string(), scalar).default({})
const value = z
  .union([z.number(), z.string()])
  .transform((given) =>
    typeof given === 'number'
      ? given
      : Number(given.replace(/^([+-]?)\.?inf$/i, '$1Infinity').replace(/^\.?nan$/i, 'NaN')),
  )

/** A time as Prometheus' tests write it: seconds since 1970, or RFC 3339. */
const moment = z.union([z.number(), z.string()]).transform((given, context): number => {
  const ms = typeof given === 'number' || /^\d+(\.\d+)?$/.test(given) ? Number(given) * 1000 : Date.parse(given)
  if (Number.isFinite(ms)) return Math.round(ms)
  context.addIssue({
    code: 'custom',
    message: `not a time: ${JSON.stringify(given)}; write seconds, or 2026-01-05T00:00:00Z`,
  })
  return z.NEVER
})

const inputSeries = z.strictObject({ series: z.string(), values: scalar })

const alertTest = z.strictObject({
  eval_time: duration.default(0),
  alertname: z.string({ error: 'the name of an alert' }).min(1),
  exp_alerts: z.array(z.strictObject({ exp_labels: texts, exp_annotations: texts })).default([]),
})

/** Ours: findings of an anomaly rule that are open. What is not said is not looked at. */
const anomalyTest = z.strictObject({
  eval_time: duration.default(0),
  anomaly: z.string({ error: 'the name of an anomaly rule' }).min(1),
  exp_findings: z
    .array(
      z.strictObject({
        exp_labels: texts,
        exp_annotations: z.record(z.string(), scalar).optional(),
        exp_direction: z.enum(['up', 'down']).optional(),
        exp_kind: z.string().optional(),
        exp_severity: z.string().optional(),
      }),
    )
    .default([]),
})

const exprTest = z.strictObject({
  expr: z.union([z.string(), z.number().transform(String)]),
  eval_time: duration.default(0),
  exp_samples: z
    .array(
      z.strictObject({ labels: z.string().default(''), value: value.default(0), histogram: z.string().default('') }),
    )
    .default([]),
})

const testGroup = z.strictObject({
  name: z.string().default(''),
  interval: duration.optional(),
  start_timestamp: moment.default(0),
  input_series: z.array(inputSeries).default([]),
  alert_rule_test: z.array(alertTest).default([]),
  anomaly_rule_test: z.array(anomalyTest).default([]),
  promql_expr_test: z.array(exprTest).default([]),
  external_labels: texts,
  external_url: z.string().default(''),
})

/** A file of promtool's unit tests for rules; `anomaly_rule_test` is ours. */
export const testFileSchema = z.strictObject({
  rule_files: z.array(z.string()).default([]),
  evaluation_interval: duration.default(60_000),
  group_eval_order: z.array(z.string()).default([]),
  fuzzy_compare: z.boolean().default(false),
  tests: z.array(testGroup).default([]),
})

export type TestFile = z.output<typeof testFileSchema>
export type TestGroup = z.output<typeof testGroup>
export type AlertTest = z.output<typeof alertTest>
export type AnomalyTest = z.output<typeof anomalyTest>
export type ExprTest = z.output<typeof exprTest>
