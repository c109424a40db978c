import { z } from 'zod'

import { durationWithin } from '#core/config/duration.ts'

import { median } from '../experts/median.ts'
import { recent } from '../experts/recent.ts'
import type { Kind } from './kind.ts'
import { Panel } from './panel.ts'

const config = z.strictObject({
  kind: z.literal('band'),
  /** How far back the band looks. */
  window: durationWithin(60_000, 7 * 86_400_000).prefault('1h'),
  method: z.enum(['median_mad', 'ewma']).default('median_mad'),
})

/** A sample a minute, within what a row may cost. */
const slots = (window_ms: number): number => Math.min(360, Math.max(60, Math.round(window_ms / 60_000)))

/** Around the rolling median of a window, as wide as its MAD says; or around a mean that forgets in that time. */
export const band: Kind<z.infer<typeof config>> = {
  kind: 'band',
  config,
  scores: true,
  create: ({ window, method }, context) =>
    new Panel(context, (rows) => [
      method === 'ewma'
        ? recent(rows, { name: 'ewma', tau_ms: window })
        : median(rows, { window_ms: window, slots: slots(window) }),
    ]),
}
