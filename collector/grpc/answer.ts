import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'

import { RPC, type Status, statusProto } from '../rpc/status.ts'
import { PREFIX } from './message.ts'

const TYPE = 'application/grpc'

/** Clients take a head of 8 KiB, and one of more than 64 KiB ends the connection. */
const MESSAGE_BYTES = 4096

/** Printable ASCII but `%` stands for itself; a long text is cut. Source: gRPC over HTTP2, Status-Message. */
function percentEncoded(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text.slice(0, MESSAGE_BYTES))) {
    if (encoded.length >= MESSAGE_BYTES) break
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

function trailersOf(status: Status): OutgoingHttpHeaders {
  const trailers = { 'grpc-status': String(status.code), 'grpc-message': percentEncoded(status.message) }
  if (status.violation === undefined && status.retry_s === undefined) return trailers
  return { ...trailers, 'grpc-status-details-bin': statusProto(status).toString('base64').replace(/=+$/, '') }
}

/** One message, and that all is well. Does nothing where the sender is gone. */
export function sendMessage(stream: ServerHttp2Stream, body: Uint8Array): void {
  if (stream.destroyed || stream.headersSent) return
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(RPC.ok) }))
  stream.respond({ ':status': 200, 'content-type': TYPE }, { waitForTrailers: true })
  const message = Buffer.alloc(PREFIX + body.length)
  message.writeUInt32BE(body.length, 1)
  message.set(body, PREFIX)
  stream.end(message)
}

/** No message, and why. What the sender has not sent yet, he need not. */
export function sendStatus(stream: ServerHttp2Stream, status: Status, more: OutgoingHttpHeaders = {}): void {
  if (stream.destroyed || stream.headersSent) return
  const whole = stream.readableEnded
  stream.respond({ ':status': 200, 'content-type': TYPE, ...trailersOf(status), ...more }, { endStream: true })
  if (whole) return
  // What is on its way must be taken in, or the connection's window stays the smaller by it.
  stream.resume()
  stream.close(constants.NGHTTP2_NO_ERROR)
}

/** For those who do not speak gRPC. */
export function sendHttp(stream: ServerHttp2Stream, status: number, more: OutgoingHttpHeaders = {}): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond({ ':status': status, ...more }, { endStream: true })
  stream.resume()
  stream.close(constants.NGHTTP2_NO_ERROR)
}
