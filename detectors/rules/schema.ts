import { z } from 'zod'

import { duration } from '#core/config/duration.ts'

/** YAML's scalars as text; a key with nothing behind it is ''. */
const scalar = z
  .union([z.string(), z.number(), z.boolean(), z.null()], { error: 'must be a text' })
  .transform((value) => (value === null ? '' : String(value)))
const texts = z.record(z.string(), scalar).superRefine((given, context) => {
  for (const key of Object.keys(given)) {
    if (key !== '' && key.isWellFormed()) continue
    context.addIssue({ code: 'custom', path: [key], message: 'not a label name: it is empty, or not Unicode' })
  }
})
const labels = texts.refine((given) => !('__name__' in given), '__name__ cannot be set by a rule').default({})
const expr = z.union([z.string().min(1), z.number().transform(String)], { error: 'must be an expression' })
const name = z.string().min(1)

const A_WEEK: Readonly<Record<string, number>> = { day: 7, week: 1, month: 7 / 30 }

const BUDGET = 'a count and a time, like 2/week, 1/day or 1/month'

/** `2/week` as false alarms a week. */
const budget = z
  .string(BUDGET)
  .regex(/^\d+(\.\d+)?\/(day|week|month)$/, BUDGET)
  .transform((text) => {
    const [count, unit] = text.split('/')
    return Number(count) * A_WEEK[unit!]!
  })
  .refine((weekly) => weekly > 0, 'more than 0')

const quantiles = z
  .array(z.number().gt(0).lt(1))
  .min(1)
  .transform((given) => [...new Set(given)].toSorted((a, b) => a - b))

/** What each kind of rule may say, by the key that names it. */
export const RULE_SCHEMAS = {
  record: z.strictObject({
    record: name.refine((given) => !/[{}]/.test(given), 'a metric name; braces belong in expr, labels in labels'),
    expr,
    labels,
  }),
  alert: z.strictObject({
    alert: name,
    expr,
    for: duration.default(0),
    keep_firing_for: duration.default(0),
    labels,
    annotations: texts.default({}),
  }),
  anomaly: z.strictObject({
    anomaly: name,
    expr,
    detector: z.union([z.string(), z.record(z.string(), z.unknown())]).default('auto'),
    direction: z.enum(['up', 'down', 'both']).default('both'),
    budget: budget.default(1),
    evidence: z.boolean().default(false),
    for: duration.default(0),
    labels,
    annotations: texts.default({}),
  }),
  forecast: z
    .strictObject({
      forecast: name,
      expr,
      horizon: duration.default(7_200_000),
      step: duration.default(60_000),
      quantiles: quantiles.default([0.1, 0.5, 0.9, 0.95, 0.99]),
    })
    .refine(({ step }) => step > 0, { path: ['step'], error: 'must be more than 0' })
    .refine(({ horizon, step }) => horizon >= step, { path: ['horizon'], error: 'must be at least one step' })
    .refine(({ horizon, step }) => step === 0 || horizon / step <= 10_000, {
      path: ['horizon'],
      error: 'more than 10000 steps',
    }),
} as const

export type RuleKind = keyof typeof RULE_SCHEMAS

export const RULE_KINDS = Object.keys(RULE_SCHEMAS) as readonly RuleKind[]

export const groupSchema = z.strictObject({
  name,
  interval: duration.refine((ms) => ms >= 1000, 'at least 1s').default(60_000),
  query_offset: duration.default(0),
  limit: z.int().default(0),
  datasource: name.optional(),
  labels,
  rules: z.array(z.record(z.string(), z.unknown()), { error: 'must be a list of rules' }).default([]),
})

export type GroupText = z.output<typeof groupSchema>
export type RuleText<K extends RuleKind> = z.output<(typeof RULE_SCHEMAS)[K]>
