import type { ServiceError } from '#core/errors.ts'

import { field } from './fields.ts'

/** google.rpc.Code. */
export const RPC = {
  ok: 0,
  canceled: 1,
  unknown: 2,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  permission_denied: 7,
  resource_exhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const

/** What senders are told to wait: they try again for ten seconds or so, a longer wait would lose the batch. */
export const RETRY_S = 1

/** Senders read no more than 64 KiB of an answer. */
const MESSAGE_LENGTH = 2000

const TYPE_URL = 'type.googleapis.com/google.rpc.'

/** `google.rpc.Status` with the details that senders look for. */
export interface Status {
  readonly code: number
  readonly message: string
  /** Of `BadRequest`: what is wrong with the data. */
  readonly violation?: string
  /** Of `RetryInfo`, seconds. */
  readonly retry_s?: number
}

/** By code of a `ServiceError`, over gRPC. Source: OpenTelemetry protocol, Failures; only `unavailable` is tried again. */
const CODES: Readonly<Record<ServiceError['code'], number>> = {
  bad_data: RPC.invalid_argument,
  bad_config: RPC.invalid_argument,
  not_found: RPC.not_found,
  conflict: RPC.invalid_argument,
  too_large: RPC.resource_exhausted,
  unsupported_media: RPC.unimplemented,
  execution: RPC.invalid_argument,
  overloaded: RPC.unavailable,
  canceled: RPC.canceled,
  internal: RPC.internal,
  unavailable: RPC.unavailable,
  timeout: RPC.unavailable,
}

export function shortened(message: string): string {
  return message.slice(0, MESSAGE_LENGTH)
}

export function statusOf({ code, message }: ServiceError): Status {
  const rpc = CODES[code]
  const text = shortened(message)
  if (rpc === RPC.invalid_argument) return { code: rpc, message: text, violation: text }
  return rpc === RPC.unavailable ? { code: rpc, message: text, retry_s: RETRY_S } : { code: rpc, message: text }
}

function detail(name: string, value: Buffer): Buffer {
  return field(3, Buffer.concat([field(1, Buffer.from(`${TYPE_URL}${name}`)), field(2, value)]))
}

export function statusProto({ code, message, violation, retry_s }: Status): Buffer {
  const parts = [field(1, code), field(2, Buffer.from(message))]
  if (violation !== undefined) parts.push(detail('BadRequest', field(1, field(2, Buffer.from(violation)))))
  if (retry_s !== undefined) parts.push(detail('RetryInfo', field(1, field(1, retry_s))))
  return Buffer.concat(parts)
}

export function statusJson({ code, message, violation, retry_s }: Status): Buffer {
  const details = [
    ...(violation === undefined
      ? []
      : [{ '@type': `${TYPE_URL}BadRequest`, fieldViolations: [{ description: violation }] }]),
    ...(retry_s === undefined ? [] : [{ '@type': `${TYPE_URL}RetryInfo`, retryDelay: `${retry_s}s` }]),
  ]
  return Buffer.from(JSON.stringify({ code, message, ...(details.length > 0 && { details }) }))
}
