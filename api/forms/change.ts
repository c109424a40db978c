import { z } from '@hono/zod-openapi'

import { type Change, CHANGE_KINDS } from '#core/change.ts'

import { text, time, timeOf, timeText } from './present.ts'

export const ChangeForm = z
  .object({
    id: z.string(),
    kind: z.enum(CHANGE_KINDS),
    service: z.string().optional().openapi({ description: 'absent when it concerns everything' }),
    at: time,
    title: z.string(),
    source: z.string(),
    url: z.string().optional(),
    until: time.optional(),
    factor: z.number().optional(),
  })
  .openapi('Change')

export function changeForm(change: Change): z.input<typeof ChangeForm> {
  return {
    id: change.id,
    kind: change.kind,
    service: text(change.service),
    at: timeOf(change.at_ms),
    title: change.title,
    source: change.source,
    url: text(change.url),
    until: timeText(change.until_ms),
    factor: change.factor,
  }
}
