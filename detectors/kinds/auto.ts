import { z } from 'zod'

import { Joint } from './joint/joint.ts'
import type { Kind } from './kind.ts'

const config = z.strictObject({ kind: z.literal('auto') })

/** All there is to know of a series behind one score: no knob but the rule's budget. */
export const auto: Kind<z.infer<typeof config>> = {
  kind: 'auto',
  config,
  scores: true,
  create: (_config, context) => new Joint(context),
}
