import { z } from 'zod'

import { CivilTime } from '#core/civil-time.ts'

import { day } from '../experts/day.ts'
import type { Kind } from './kind.ts'
import { Panel } from './panel.ts'

const config = z.strictObject({ kind: z.literal('seasonal') })

/** Against the profile of the day. Says nothing (score 0, no band) for the first day of a series. */
export const seasonal: Kind<z.infer<typeof config>> = {
  kind: 'seasonal',
  config,
  scores: true,
  create: (_config, context) => new Panel(context, (rows) => [day(rows, context.civil ?? new CivilTime())]),
}
