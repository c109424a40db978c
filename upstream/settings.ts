import { z } from 'zod'

import { duration } from '#core/config/duration.ts'

import { address, headers } from './address.ts'
import { rulesObject } from './asking/settings.ts'
import { historyObject } from './history/settings.ts'
import { writeObject } from './write/settings.ts'

const off = z.union([z.literal('off'), z.literal(false)]).transform(() => null)

/** One entry of `upstream`: a server with a Prometheus API. */
export const upstreamSchema = z.strictObject({
  url: address,
  headers: headers.default({}),
  timeout: duration.prefault('30s'),
  history: z
    .union([off, duration.transform((range) => historyObject.parse({ range: `${range}ms` })), historyObject])
    .prefault({}),
  rules: rulesObject.prefault({}),
  remote_write: z.union([off, z.literal(true).transform(() => writeObject.parse({})), writeObject]).default(null),
})

export type UpstreamSettings = z.output<typeof upstreamSchema>
