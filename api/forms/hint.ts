import { z } from '@hono/zod-openapi'

import type { Hint } from '#core/hint.ts'
import { hintSentence } from '#core/sentences/hint.ts'
import type { Locale } from '#core/sentences/language.ts'

import { number, time, timeOf } from './present.ts'

export const HintForm = z
  .object({
    policy: z.string(),
    value: z.number().openapi({ description: 'wanted replicas; KEDA reads it with valueLocation: value' }),
    needed_now: z.number().optional(),
    current: z.number().optional(),
    min: z.number(),
    max: z.number(),
    lower: z.number().optional(),
    upper: z.number().optional(),
    lead_seconds: z.number(),
    target_time: time,
    as_of: time,
    expires_at: time,
    trust: z.union([z.literal(0), z.literal(1)]),
    reason: z.string(),
    stale: z.literal(false),
  })
  .openapi('Hint')

export const MissingHintForm = z
  .object({ policy: z.string(), reason: z.string(), stale: z.literal(true) })
  .openapi('MissingHint', {
    description: 'A policy without a hint that could be followed: no value, so that nobody follows it',
  })

export function hintForm(hint: Hint, locale: Locale): z.input<typeof HintForm> {
  return {
    policy: hint.policy,
    value: hint.value,
    needed_now: number(hint.needed_now),
    current: number(hint.current),
    min: hint.min,
    max: hint.max,
    lower: number(hint.lower),
    upper: number(hint.upper),
    lead_seconds: hint.lead_ms / 1000,
    target_time: timeOf(hint.target_ms),
    as_of: timeOf(hint.as_of_ms),
    expires_at: timeOf(hint.expires_ms),
    trust: hint.trust,
    reason: hintSentence(hint, locale),
    stale: false,
  }
}
