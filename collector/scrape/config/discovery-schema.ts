import { z } from 'zod'

import { duration } from '#core/config/duration.ts'

import { HTTP_CLIENT, oneAuthorization } from './http-client-schema.ts'

const labels = z.record(z.string().min(1), z.string())
const refresh = duration.refine((ms) => ms > 0, 'must be more than 0')
const ADDRESS = 'an address, host:port, without scheme and path'
const address = z.string().regex(/^[^/\s]+$/, ADDRESS)

/** Targets that share labels, as they are written in files and sent by servers too. */
export const targetGroup = z.strictObject({ targets: z.array(address), labels: labels.default({}) })

export const staticConfig = z.strictObject({ targets: z.array(address), labels: labels.default({}) })

const PATTERN = 'a path that ends in .json, .yml or .yaml; its last part may hold *'
export const fileSdConfig = z.strictObject({
  files: z.array(z.string().regex(/^[^*]*(?:\*[^*/]*)*\.(?:json|ya?ml)$/, PATTERN)).min(1),
  refresh_interval: refresh.prefault('5m'),
})

export const httpSdConfig = z
  .strictObject({ url: z.url({ protocol: /^https?$/ }), refresh_interval: refresh.prefault('1m'), ...HTTP_CLIENT })
  .superRefine(oneAuthorization)

export type TargetGroupConfig = z.output<typeof targetGroup>
export type FileSdConfig = z.output<typeof fileSdConfig>
export type HttpSdConfig = z.output<typeof httpSdConfig>
