import type { ServerResponse } from 'node:http'

import type { Receipt, SignalKind } from '#core/ports/intake.ts'

export type Encoding = 'proto' | 'json'

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  proto: 'application/x-protobuf',
  json: 'application/json',
}

const REJECTED: Readonly<Record<SignalKind, string>> = {
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
  traces: 'rejectedSpans',
}

/** Senders read no more than 64 KiB of an answer. */
const MESSAGE_LENGTH = 2000

/** google.rpc.Code by HTTP status. */
const RPC_CODES: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [403, 7],
  [404, 5],
  [413, 8],
  [429, 8],
  [499, 1],
  [500, 13],
  [503, 14],
])
const RPC_UNKNOWN = 2

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

/** A field of a message: a number, or bytes. */
function field(number: number, value: number | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.from([number * 8, ...varint(value)])
  return Buffer.concat([Buffer.from([number * 8 + 2, ...varint(value.length)]), value])
}

/** `ExportXServiceResponse`: empty on full success, else with `partial_success`. */
export function successBody(encoding: Encoding, signal: SignalKind, { rejected, message }: Receipt): Buffer {
  const error = message.slice(0, MESSAGE_LENGTH)
  const full = rejected === 0 && error === ''
  if (encoding === 'json') {
    const partialSuccess = { [REJECTED[signal]]: String(rejected), errorMessage: error }
    return Buffer.from(JSON.stringify(full ? {} : { partialSuccess }))
  }
  if (full) return Buffer.alloc(0)
  return field(1, Buffer.concat([field(1, rejected), field(2, Buffer.from(error))]))
}

/** `google.rpc.Status`. */
export function statusBody(encoding: Encoding, status: number, message: string): Buffer {
  const code = RPC_CODES.get(status) ?? RPC_UNKNOWN
  const text = message.slice(0, MESSAGE_LENGTH)
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message: text }))
  return Buffer.concat([field(1, code), field(2, Buffer.from(text))])
}

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Buffer | string
  readonly headers?: Readonly<Record<string, string>>
}

/** Does nothing where the sender is gone. */
export function send(response: ServerResponse, { status, type, body, headers = {} }: Answer): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
