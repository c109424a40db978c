import { z } from 'zod'

import { durationWithin } from '#core/config/duration.ts'

import type { Kind } from './kind.ts'
import { Rolling } from './rolling/detector.ts'

const config = z.strictObject({
  kind: z.literal('rolling'),
  /** Samples of the rolling median. */
  window: z.int().min(12).max(240).default(60),
  /** Parts of the season, each with a level of its own. */
  slots: z.int().min(2).max(2016).default(288),
  /** Length of the season; it begins at 1970-01-01 UTC. */
  season: durationWithin(60_000, 28 * 86_400_000).prefault('24h'),
})

/** Rolling statistics for every series of a big installation: under 1 KB a row. */
export const rolling: Kind<z.infer<typeof config>> = {
  kind: 'rolling',
  config,
  scores: true,
  create: ({ window, slots, season }, context) => new Rolling({ window, slots, season_ms: season }, context),
}
