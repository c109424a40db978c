import { z } from 'zod'

import { duration } from '#core/config/duration.ts'

/** `rules` of an upstream: how those that name it as their `datasource` are asked of it. */
export const rulesObject = z.strictObject({
  parallel: z.int().min(1).max(64).default(2),
  rate: z.int().min(1).max(10_000).default(50),
  batch: z.int().min(1).max(100).default(10),
  spread: duration.prefault('5s'),
  delay: duration.prefault('0s'),
  samples: z.int().min(1000).default(100_000),
})

export type RulesSettings = z.output<typeof rulesObject>
