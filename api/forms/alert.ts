import { z } from '@hono/zod-openapi'

import type { Alert } from '#core/alert.ts'

import { labels, number, time, timeOf, timeText } from './present.ts'

export const AlertForm = z
  .object({
    rule: z.string(),
    fingerprint: z.string(),
    labels,
    annotations: z.record(z.string(), z.string()),
    state: z.enum(['pending', 'firing', 'resolved']),
    active_at: time,
    fired_at: time.optional(),
    resolved_at: time.optional(),
    value: z.number().optional(),
    expr: z.string(),
  })
  .openapi('Alert')

export function alertForm(alert: Alert): z.input<typeof AlertForm> {
  return {
    rule: alert.rule,
    fingerprint: alert.labels.fingerprint,
    labels: alert.labels.toJSON(),
    annotations: { ...alert.annotations },
    state: alert.state,
    active_at: timeOf(alert.active_ms),
    fired_at: timeText(alert.fired_ms),
    resolved_at: timeText(alert.resolved_ms),
    value: number(alert.value),
    expr: alert.expr,
  }
}
