import { z } from 'zod'

import { bytes } from '#core/config/bytes.ts'
import { duration } from '#core/config/duration.ts'

import { address, headers } from '../address.ts'

const queue = z.strictObject({
  samples: z.int().min(1).default(10_000_000),
  bytes: bytes.prefault('64MiB'),
  exemplars: z.int().min(1).max(1_000_000).default(10_000),
  shards: z.int().min(1).max(64).default(4),
  batch: z.int().min(1).max(100_000).default(2000),
  deadline: duration.prefault('5s'),
  timeout: duration.prefault('30s'),
})

/** `remote_write` of an upstream, said as an object. */
export const writeObject = z.strictObject({
  url: address.optional(),
  headers: headers.optional(),
  what: z.enum(['results', 'all']).default('results'),
  version: z.union([z.literal(1), z.literal(2)]).default(1),
  send_exemplars: z.boolean().default(false),
  max_age: duration.prefault('1h'),
  queue: queue.prefault({}),
})
