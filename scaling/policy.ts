import { z } from 'zod'

import { duration } from '#core/config/duration.ts'

const percent = z
  .string()
  .regex(/^\d+(\.\d+)?%$/, 'a percentage like 20%')
  .transform((text) => Number(text.slice(0, -1)) / 100)

/** An entry of `scaling:` in a rule file. */
export const policySchema = z
  .strictObject({
    name: z.string().min(1),
    target: z.strictObject({ kind: z.string().min(1), namespace: z.string().min(1), name: z.string().min(1) }),
    demand: z.string().min(1),
    capacity: z.number().positive(),
    min: z.int().nonnegative().default(1),
    max: z.int().positive(),
    lead: z.union([z.literal('auto'), duration]).default('auto'),
    quantile: z.number().gt(0).lt(1).optional(),
    cost: z.strictObject({ short: z.number().positive(), idle: z.number().positive() }).optional(),
    down: z.strictObject({ stabilize: duration.default(600_000), step: percent.default(0.2) }).prefault({}),
  })
  .refine(({ min, max }) => min <= max, { path: ['max'], error: 'max is below min' })
  .refine(({ quantile, cost }) => quantile === undefined || cost === undefined, {
    path: ['cost'],
    error: 'quantile and cost both say how careful to be; keep one',
  })

export type Policy = z.output<typeof policySchema>

/** From decision to ready while nothing was measured: image pull, start and first readiness of a usual service. */
const LEAD_UNMEASURED_MS = 180_000

export function leadOf(policy: Policy): number {
  return policy.lead === 'auto' ? LEAD_UNMEASURED_MS : policy.lead
}

/** The quantile of demand to be ready for; from costs by the newsvendor's ratio, short / (short + idle). */
export function quantileOf({ quantile, cost }: Policy): number {
  return cost === undefined ? (quantile ?? 0.95) : cost.short / (cost.short + cost.idle)
}
