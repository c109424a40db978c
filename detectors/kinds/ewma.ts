import { z } from 'zod'

import { duration } from '#core/config/duration.ts'

import { recent } from '../experts/recent.ts'
import type { Kind } from './kind.ts'
import { Panel } from './panel.ts'

const config = z.strictObject({
  kind: z.literal('ewma'),
  /** Time constant of the mean: what is older counts for less than a third. */
  memory: duration
    .pipe(
      z
        .number()
        .min(1000)
        .max(30 * 86_400_000),
    )
    .prefault('15m'),
})

/** Distance from an exponentially weighted mean, in its own mean deviation. */
export const ewma: Kind<z.infer<typeof config>> = {
  kind: 'ewma',
  config,
  scores: true,
  create: ({ memory }, context) => new Panel(context, (rows) => [recent(rows, { name: 'ewma', tau_ms: memory })]),
}
