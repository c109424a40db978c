import { z } from 'zod'

import { duration } from '#core/config/duration.ts'

/** `history` of an upstream, said as an object. */
export const historyObject = z.strictObject({
  range: duration.prefault('15d'),
  wait: duration.prefault('5m'),
  series: z.int().min(1).default(20_000),
  samples: z.int().min(1000).default(100_000),
  parallel: z.int().min(1).max(16).default(2),
  rate: z.int().min(1).max(1000).default(20),
})

export type HistorySettings = z.output<typeof historyObject>
