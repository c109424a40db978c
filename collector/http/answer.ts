import type { ServerResponse } from 'node:http'

import type { Receipt, SignalKind } from '#core/ports/intake.ts'

import { receiptJson, receiptProto } from '../rpc/receipt.ts'
import { RPC, shortened, type Status, statusJson, statusProto } from '../rpc/status.ts'

export type Encoding = 'proto' | 'json'

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  proto: 'application/x-protobuf',
  json: 'application/json',
}

/** google.rpc.Code by HTTP status. */
const RPC_CODES: ReadonlyMap<number, number> = new Map([
  [400, RPC.invalid_argument],
  [403, RPC.permission_denied],
  [404, RPC.not_found],
  [413, RPC.resource_exhausted],
  [429, RPC.resource_exhausted],
  [499, RPC.canceled],
  [500, RPC.internal],
  [503, RPC.unavailable],
])

/** `ExportXServiceResponse`. */
export function successBody(encoding: Encoding, signal: SignalKind, receipt: Receipt): Buffer {
  return encoding === 'json' ? receiptJson(signal, receipt) : receiptProto(receipt)
}

/** `google.rpc.Status`. */
export function statusBody(encoding: Encoding, status: number, message: string): Buffer {
  const text = shortened(message)
  const code = RPC_CODES.get(status) ?? RPC.unknown
  const told: Status = { code, message: text, ...(code === RPC.invalid_argument && { violation: text }) }
  return encoding === 'json' ? statusJson(told) : statusProto(told)
}

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Buffer | string
  readonly headers?: Readonly<Record<string, string>>
  /** Of short work: it may leave together with others. */
  readonly short?: boolean
}

/** Does nothing where the sender is gone. */
export function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  if (response.destroyed || response.headersSent) return
  // A flat list is written as it stands.
  const head = ['content-type', type, 'content-length', String(Buffer.byteLength(body))]
  if (headers !== undefined) for (const name in headers) head.push(name, headers[name]!)
  response.writeHead(status, head)
  // Nothing is sent apart from nothing: one write, not two.
  if (body.length === 0) response.end()
  else response.end(body)
}
