import { z } from 'zod'

import { duration } from '#core/config/duration.ts'

import { HTTP_CLIENT, oneAuthorization } from './http-client-schema.ts'

const labels = z.record(z.string().min(1), z.string())
const refresh = duration.refine((ms) => ms > 0, 'must be more than 0')
const ADDRESS = 'an address, host:port, without scheme and path'
const address = z.string().regex(/^[^/\s]+$/, ADDRESS)

export const staticConfig = z.strictObject({ targets: z.array(address), labels: labels.default({}) })

/** Programs that list targets write null for what is empty. */
const orNothing = <T>(schema: z.ZodType<T>, nothing: T) => schema.nullish().transform((value) => value ?? nothing)

/** Targets that share labels, as files and servers list them. One that is no address is left out by itself, and the others are scraped. */
export const targetGroups = orNothing(
  z.array(
    z.strictObject({
      targets: orNothing(z.array(z.string()), []),
      labels: orNothing(z.record(z.string().min(1), orNothing(z.string(), '')), {}),
    }),
  ),
  [],
)

const PATTERN = 'a path that ends in .json, .yml or .yaml; its last part may hold *'
export const fileSdConfig = z.strictObject({
  files: z.array(z.string().regex(/^[^*]*(?:\*[^*/]*)*\.(?:json|ya?ml)$/, PATTERN)).min(1),
  refresh_interval: refresh.prefault('5m'),
})

export const httpSdConfig = z
  .strictObject({ url: z.url({ protocol: /^https?$/ }), refresh_interval: refresh.prefault('1m'), ...HTTP_CLIENT })
  .superRefine(oneAuthorization)

export type TargetGroupConfig = z.output<typeof staticConfig>
export type FileSdConfig = z.output<typeof fileSdConfig>
export type HttpSdConfig = z.output<typeof httpSdConfig>
