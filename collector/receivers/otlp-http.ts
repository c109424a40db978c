import type { IncomingMessage, ServerResponse } from 'node:http'

import { messageOf, ServiceError } from '#core/errors.ts'
import { Listening } from '#core/net/listening.ts'
import type { SignalKind } from '#core/ports/intake.ts'

import { type Answer, CONTENT_TYPES, type Encoding, send, statusBody, successBody } from '../http/answer.ts'
import { BodyReader, knowsEncoding } from '../http/body.ts'
import { createGuard } from '../http/guard.ts'
import type { Receiver, ReceiverDeps, RunningReceiver } from './receiver.ts'
import { createTraffic, type Traffic } from './traffic.ts'

export interface OtlpHttpConfig {
  readonly host: string
  readonly port: number
  /** Other names under which senders reach a loopback address. */
  readonly hosts?: readonly string[]
}

const SIGNALS: ReadonlyMap<string, SignalKind> = new Map([
  ['/v1/metrics', 'metrics'],
  ['/v1/logs', 'logs'],
  ['/v1/traces', 'traces'],
])

/** Senders try again for ten seconds or so: a longer wait would lose the batch. */
const RETRY_AFTER = { 'retry-after': '1' } as const
const TEXT = 'text/plain; charset=utf-8'

/** Parameters are allowed, and mean nothing here. */
function encodingOf({ headers }: IncomingMessage): Encoding | undefined {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type === CONTENT_TYPES.proto) return 'proto'
  return type === CONTENT_TYPES.json ? 'json' : undefined
}

function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: TEXT, body: `${body}\n`, headers }
}

/** In the encoding of the request, as text where it has none that we know. */
function failure(encoding: Encoding | undefined, status: number, message: string): Answer {
  const headers = status === 429 || status === 503 ? RETRY_AFTER : {}
  if (encoding === undefined) return text(status, message, headers)
  return { status, type: CONTENT_TYPES[encoding], body: statusBody(encoding, status, message), headers }
}

class OtlpHttp implements RunningReceiver {
  readonly #deps: ReceiverDeps
  readonly #guard: (headers: IncomingMessage['headers']) => string | undefined
  readonly #bodies: BodyReader
  readonly #traffic: Traffic
  readonly #listening: Listening

  constructor({ host, port, hosts = [] }: OtlpHttpConfig, deps: ReceiverDeps) {
    this.#deps = deps
    const { limits, bodies, clock, log, meter } = deps
    this.#guard = createGuard(host, hosts)
    this.#bodies = new BodyReader(limits, bodies)
    this.#traffic = createTraffic(meter, 'otlp_http')
    const { connections, request_ms, drain_ms } = limits
    this.#listening = new Listening({
      host,
      port,
      setting: 'listen.otlp_http',
      onRequest: (request, response) => void this.#answer(request, response),
      onBroken: (status) => this.#traffic.request('none', `http_${status}`),
      connections,
      request_ms,
      drain_ms,
      clock,
      log,
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

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {})
    const signal = SIGNALS.get(request.url?.split('?')[0] ?? '')
    const answer = signal === undefined ? this.#lost(request) : await this.#take(request, signal)
    if (!request.complete) {
      // The rest of a refused body is let pass, within `request_ms`, so that the sender gets to read the answer.
      response.setHeader('connection', 'close')
      request.resume()
    }
    if (this.#listening.stopped) response.setHeader('connection', 'close')
    send(response, answer)
  }

  #lost(request: IncomingMessage): Answer {
    this.#traffic.request('none', 'http_404')
    return failure(encodingOf(request), 404, `nothing is taken here; there are ${[...SIGNALS.keys()].join(', ')}`)
  }

  /** What can be said from the head of a request alone; undefined where its body is wanted. */
  #unwanted(request: IncomingMessage): Answer | undefined {
    const encoding = encodingOf(request)
    const refused = this.#guard(request.headers)
    if (refused !== undefined) return failure(encoding, 403, refused)
    if (request.method !== 'POST') return text(405, 'only POST', { allow: 'POST' })
    if (encoding === undefined) return text(415, `content-type must be ${Object.values(CONTENT_TYPES).join(' or ')}`)
    if (!knowsEncoding(request.headers['content-encoding']?.trim().toLowerCase() ?? '')) {
      return text(415, 'content-encoding must be gzip, zstd or identity')
    }
    if (this.#listening.stopped) return failure(encoding, 503, 'stopping')
    return undefined
  }

  async #take(request: IncomingMessage, signal: SignalKind): Promise<Answer> {
    const unwanted = this.#unwanted(request)
    if (unwanted !== undefined) {
      this.#traffic.request(signal, `http_${unwanted.status}`)
      return unwanted
    }
    const encoding = encodingOf(request) ?? 'proto'
    const share = this.#deps.bodies.share()
    try {
      const { body, wire } = await this.#bodies.read(request, share)
      this.#traffic.bytes(signal, wire)
      const receipt = await this.#deps.intake.submit({ kind: 'otlp', signal, encoding, body })
      this.#traffic.request(signal, 'ok')
      return { status: 200, type: CONTENT_TYPES[encoding], body: successBody(encoding, signal, receipt) }
    } catch (error) {
      const known = error instanceof ServiceError
      this.#traffic.request(signal, known ? error.code : 'internal')
      if (!known) this.#deps.log.error('an OTLP request failed', { signal, error: messageOf(error) })
      return failure(encoding, known ? error.status : 500, known ? error.message : 'internal error; see the log')
    } finally {
      share.release()
    }
  }
}

/** OTLP over HTTP. Source: OpenTelemetry protocol specification 1.11, OTLP/HTTP. */
export const otlpHttp: Receiver<OtlpHttpConfig> = {
  type: 'otlp_http',
  create: (config, deps) => new OtlpHttp(config, deps),
}
