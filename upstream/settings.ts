import { z } from 'zod'

import { duration } from '#core/config/duration.ts'
import { secret } from '#core/config/secret.ts'

import { historyObject } from './history/settings.ts'
import { writeObject } from './write/settings.ts'

const off = z.union([z.literal('off'), z.literal(false)]).transform(() => null)

/** One entry of `upstream`: a server with a Prometheus API. */
export const upstreamSchema = z.strictObject({
  url: z.url(),
  headers: z.record(z.string(), secret).default({}),
  timeout: duration.prefault('30s'),
  history: z
    .union([off, duration.transform((range) => historyObject.parse({ range: `${range}ms` })), historyObject])
    .prefault({}),
  remote_write: z.union([off, z.literal(true).transform(() => writeObject.parse({})), writeObject]).default(null),
})

export type UpstreamSettings = z.output<typeof upstreamSchema>
