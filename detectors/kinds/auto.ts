import { z } from 'zod'

import { day } from '../experts/day.ts'
import { median } from '../experts/median.ts'
import { recent } from '../experts/recent.ts'
import { trend } from '../experts/trend.ts'
import type { Kind } from './kind.ts'
import { Panel } from './panel.ts'

const config = z.strictObject({ kind: z.literal('auto') })

const MEDIAN = { window_ms: 3 * 60 * 60_000, slots: 36 } as const

/** All experts behind one score: no knob but the rule's budget. */
export const auto: Kind<z.infer<typeof config>> = {
  kind: 'auto',
  config,
  scores: true,
  create: (_config, context) =>
    new Panel(context, (rows) => [recent(rows), trend(rows), median(rows, MEDIAN), day(rows)]),
}
