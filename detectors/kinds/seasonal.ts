import { z } from 'zod'

import { CivilTime } from '#core/civil-time.ts'
import { durationWithin } from '#core/config/duration.ts'

import { season } from '../experts/season.ts'
import type { Kind } from './kind.ts'
import { Panel } from './panel.ts'

const config = z.strictObject({
  kind: z.literal('seasonal'),
  /** What repeats: a day or a week by the clocks of people, or any other length. */
  period: durationWithin(10 * 60_000, 28 * 86_400_000).prefault('1d'),
})

/** Against the profile of a period, of the day where nothing else is said. Says nothing (score 0, no band) for the first one of a series. */
export const seasonal: Kind<z.infer<typeof config>> = {
  kind: 'seasonal',
  config,
  scores: true,
  create: ({ period }, context) =>
    new Panel(context, (rows) => [season(rows, context.civil ?? new CivilTime(), period)]),
}
