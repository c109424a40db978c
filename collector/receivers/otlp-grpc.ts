import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'

import { messageOf, ServiceError } from '#core/errors.ts'
import { Http2Listening } from '#core/net/http2-listening.ts'
import type { SignalKind } from '#core/ports/intake.ts'

import { sendHttp, sendMessage, sendStatus } from '../grpc/answer.ts'
import { askedService, HEALTH_CHECK, healthResponse } from '../grpc/health.ts'
import { readMessage } from '../grpc/message.ts'
import type { Share } from '../http/budget.ts'
import { Inflater } from '../http/inflate.ts'
import { receiptProto } from '../rpc/receipt.ts'
import { RPC, statusOf } from '../rpc/status.ts'
import type { Receiver, ReceiverDeps, RunningReceiver } from './receiver.ts'
import { createTraffic, type Traffic } from './traffic.ts'

export interface OtlpGrpcConfig {
  readonly host: string
  readonly port: number
}

const SERVICES: ReadonlyMap<string, SignalKind> = new Map([
  ['opentelemetry.proto.collector.metrics.v1.MetricsService', 'metrics'],
  ['opentelemetry.proto.collector.logs.v1.LogsService', 'logs'],
  ['opentelemetry.proto.collector.trace.v1.TraceService', 'traces'],
])
const SIGNALS: ReadonlyMap<string, SignalKind> = new Map(
  [...SERVICES].map(([service, signal]) => [`/${service}/Export`, signal]),
)
/** By `grpc-encoding`: how the same is called over HTTP. */
const ENCODINGS: ReadonlyMap<string, string> = new Map([
  ['gzip', 'gzip'],
  ['zstd', 'zstd'],
  ['deflate', 'deflate'],
  ['snappy', 'x-snappy-framed'],
])
const ACCEPTED = { 'grpc-accept-encoding': ['identity', ...ENCODINGS.keys()].join() } as const

class OtlpGrpc implements RunningReceiver {
  readonly #deps: ReceiverDeps
  readonly #inflater: Inflater
  readonly #traffic: Traffic
  readonly #listening: Http2Listening

  constructor({ host, port }: OtlpGrpcConfig, deps: ReceiverDeps) {
    this.#deps = deps
    const { limits, bodies, clock, log, meter } = deps
    this.#inflater = new Inflater(limits.body_inflated, bodies)
    this.#traffic = createTraffic(meter, 'otlp_grpc')
    const { connections, drain_ms } = limits
    this.#listening = new Http2Listening({
      host,
      port,
      setting: 'listen.otlp_grpc',
      onStream: (stream, headers) => this.#begin(stream, headers),
      onBroken: () => this.#traffic.request('none', 'broken'),
      connections,
      drain_ms,
      clock,
      log,
      meter,
    })
  }

  get addresses(): RunningReceiver['addresses'] {
    return this.#listening.addresses
  }

  lagging(): boolean {
    return false
  }

  async start(): Promise<void> {
    await this.#listening.start()
  }

  async stop(): Promise<void> {
    await this.#listening.stop()
  }

  #begin(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => {})
    const { clock, limits } = this.#deps
    const { ':method': method, ':path': path = '', 'content-type': type = '' } = headers
    if (method !== 'POST' || !type.startsWith('application/grpc')) {
      const status = method === 'POST' ? 415 : 405
      this.#traffic.request('none', `http_${status}`)
      sendHttp(stream, status, status === 405 ? { allow: 'POST' } : {})
      return
    }
    const late = { code: RPC.deadline_exceeded, message: `a request may take ${limits.request_ms} ms to arrive` }
    const waiting = clock.after(limits.request_ms, () => sendStatus(stream, late))
    stream.on('end', waiting).on('close', waiting)
    void this.#answer(stream, path, headers['grpc-encoding']?.toString() ?? 'identity')
  }

  async #answer(stream: ServerHttp2Stream, path: string, encoding: string): Promise<void> {
    const signal = SIGNALS.get(path)
    if (signal === undefined && path !== HEALTH_CHECK) {
      this.#traffic.request('none', 'unimplemented')
      sendStatus(stream, { code: RPC.unimplemented, message: `nothing answers ${path}` })
      return
    }
    const share = this.#deps.bodies.share()
    let received = 0
    try {
      if (this.#listening.stopped) throw new ServiceError('unavailable', 'stopping')
      if (encoding !== 'identity' && !ENCODINGS.has(encoding)) {
        throw new ServiceError('unsupported_media', `grpc-encoding ${encoding} is not understood`)
      }
      const { body, wire } = await this.#body(stream, encoding, share)
      received = wire
      if (signal === undefined) this.#health(stream, body)
      else sendMessage(stream, await this.#take(signal, body, wire))
    } catch (error) {
      this.#refuse(stream, signal ?? 'none', error)
    } finally {
      share.release()
      // What is read from a connection lies in memory that all requests on it share.
      this.#deps.bodies.leftBehind.add(received)
    }
  }

  async #body(stream: ServerHttp2Stream, encoding: string, share: Share): Promise<{ body: Uint8Array; wire: number }> {
    const { body: limit, body_inflated } = this.#deps.limits
    const { compressed, bytes } = await readMessage(stream, limit, share)
    if (compressed) {
      if (encoding === 'identity') throw new ServiceError('bad_data', 'a compressed message without grpc-encoding')
      return { body: await this.#inflater.inflate(ENCODINGS.get(encoding)!, bytes, share), wire: bytes.length }
    }
    if (bytes.length > body_inflated) throw new ServiceError('too_large', `a message may have ${body_inflated} bytes`)
    return { body: bytes, wire: bytes.length }
  }

  async #take(signal: SignalKind, body: Uint8Array, wire: number): Promise<Uint8Array> {
    this.#traffic.bytes(signal, wire)
    const receipt = await this.#deps.intake.submit({ kind: 'otlp', signal, encoding: 'proto', body })
    this.#traffic.request(signal, 'ok')
    return receiptProto(receipt)
  }

  #health(stream: ServerHttp2Stream, request: Uint8Array): void {
    const service = askedService(request)
    if (service === '' || SERVICES.has(service)) sendMessage(stream, healthResponse(true))
    else sendStatus(stream, { code: RPC.not_found, message: `no service ${JSON.stringify(service)}` })
  }

  #refuse(stream: ServerHttp2Stream, signal: SignalKind | 'none', error: unknown): void {
    const known = error instanceof ServiceError
    this.#traffic.request(signal, known ? error.code : 'internal')
    if (!known) this.#deps.log.error('an OTLP request failed', { signal, error: messageOf(error) })
    const told = known ? error : new ServiceError('internal', 'internal error; see the log')
    sendStatus(stream, statusOf(told), told.code === 'unsupported_media' ? ACCEPTED : {})
  }
}

/**
 * OTLP over gRPC, on Node's HTTP/2: frames of unary calls are a few lines, and a library for them costs three times what the rest of a point does. Source: OpenTelemetry protocol specification 1.11, OTLP/gRPC; gRPC over HTTP2.
 */
export const otlpGrpc: Receiver<OtlpGrpcConfig> = {
  type: 'otlp_grpc',
  create: (config, deps) => new OtlpGrpc(config, deps),
}
