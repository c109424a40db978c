import type { IncomingMessage, ServerResponse } from 'node:http'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { SignalKind } from '#core/ports/intake.ts'

import type { ReceiverDeps } from '../receivers/receiver.ts'
import type { Traffic } from '../receivers/traffic.ts'
import { type Answer, CONTENT_TYPES, type Encoding, send, statusBody, successBody } from './answer.ts'
import { BodyReader, knowsEncoding, packingOf } from './body.ts'
import { Leaving } from './leaving.ts'

/** Senders try again for ten seconds or so: a longer wait would lose the batch. */
const RETRY_AFTER = { 'retry-after': '1' } as const
const TEXT = 'text/plain; charset=utf-8'
/** Inflated; what comes of a longer body does not wait for others. */
const SHORT_BODY = 2 ** 16

const ignored = (): void => {}

/** Parameters are allowed, and mean nothing here. */
function encodingOf({ headers }: IncomingMessage): Encoding | undefined {
  const given = headers['content-type']
  if (given === CONTENT_TYPES.proto) return 'proto'
  const type = given?.split(';')[0]?.trim().toLowerCase()
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

/** Who may not send: the refusal, undefined for all others. */
export type Guard = (headers: IncomingMessage['headers']) => string | undefined

export interface OtlpDoor {
  readonly traffic: Traffic
  readonly guard: Guard
  readonly stopped: () => boolean
}

/** Answers OTLP over HTTP, whatever port and path it came to. */
export class OtlpAnswers {
  readonly #deps: ReceiverDeps
  readonly #door: OtlpDoor
  readonly #bodies: BodyReader
  readonly #leaving = new Leaving()

  constructor(deps: ReceiverDeps, door: OtlpDoor) {
    this.#deps = deps
    this.#door = door
    this.#bodies = new BodyReader(deps.limits, deps.bodies)
  }

  /** `lost`: where no signal is taken, what is said instead. */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    signal: SignalKind | { readonly lost: string },
  ): Promise<void> {
    response.on('error', ignored)
    const answer = typeof signal === 'object' ? this.#lost(request, signal.lost) : await this.#take(request, signal)
    if (!request.complete) {
      // The rest of a refused body is let pass, within `request_ms`, so that the sender gets to read the answer.
      response.setHeader('connection', 'close')
      request.resume()
    }
    if (this.#door.stopped()) response.setHeader('connection', 'close')
    if (answer.short === true) this.#leaving.add(response, answer)
    else send(response, answer)
  }

  #lost(request: IncomingMessage, message: string): Answer {
    this.#door.traffic.request('none', 'http_404')
    return failure(encodingOf(request), 404, message)
  }

  /** What can be said from the head of a request alone; undefined where its body is wanted. */
  #unwanted(request: IncomingMessage, encoding: Encoding | undefined, packing: string): Answer | undefined {
    const refused = this.#door.guard(request.headers)
    if (refused !== undefined) return failure(encoding, 403, refused)
    if (request.method !== 'POST') return text(405, 'only POST', { allow: 'POST' })
    if (encoding === undefined) return text(415, `content-type must be ${Object.values(CONTENT_TYPES).join(' or ')}`)
    if (!knowsEncoding(packing)) {
      return text(415, 'content-encoding must be gzip, zstd, deflate, zlib, snappy, x-snappy-framed, lz4 or identity')
    }
    if (this.#door.stopped()) return failure(encoding, 503, 'stopping')
    return undefined
  }

  async #take(request: IncomingMessage, signal: SignalKind): Promise<Answer> {
    const { traffic } = this.#door
    const known = encodingOf(request)
    const packing = packingOf(request)
    const unwanted = this.#unwanted(request, known, packing)
    if (unwanted !== undefined) {
      traffic.request(signal, `http_${unwanted.status}`)
      return unwanted
    }
    const encoding = known ?? 'proto'
    const share = this.#deps.bodies.share()
    try {
      const { body, wire } = await this.#bodies.read(request, share, packing)
      const { length } = body
      traffic.bytes(signal, wire)
      const receipt = await this.#deps.intake.submit({ kind: 'otlp', signal, encoding, body })
      traffic.request(signal, 'ok')
      const short = length <= SHORT_BODY
      return { status: 200, type: CONTENT_TYPES[encoding], body: successBody(encoding, signal, receipt), short }
    } catch (error) {
      const told = error instanceof ServiceError
      traffic.request(signal, told ? error.code : 'internal')
      if (!told) this.#deps.log.error('an OTLP request failed', { signal, error: messageOf(error) })
      return failure(encoding, told ? error.status : 500, told ? error.message : 'internal error; see the log')
    } finally {
      share.release()
    }
  }
}
