import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

import type { Clock } from '#core/clock.ts'
import { messageOf, ServiceError } from '#core/errors.ts'

import { type BodyReader, knowsEncoding } from '../../http/body.ts'
import type { Share } from '../../http/budget.ts'
import type { HttpClientConfig } from '../config/http-client-schema.ts'
import { Credentials, type TlsOptions } from './credentials.ts'

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const MOST_REDIRECTS = 10
/** Of a connection that the other side has closed. */
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE'])
/** A timer that is later than this was held up with everything else. */
const HELD_UP_MS = 50
/** Idle connections of one server that are kept. */
const IDLE_SOCKETS = 4

type Headers = Readonly<Record<string, string | string[]>>

export interface Answer {
  readonly body: Uint8Array
  /** Bytes on the wire. */
  readonly wire: number
  /** '' where there is none. */
  readonly contentType: string
}

export interface HttpClientOptions {
  readonly config: HttpClientConfig
  /** Where relative files of the configuration lie. */
  readonly folder: string
  readonly clock: Clock
  readonly bodies: BodyReader
}

export interface Asking {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** For all of it, redirects and body included. */
  readonly timeout_ms: number
  /** What the body may take of all bodies. */
  readonly share: Share
}

/** What is said to each server, and what only the first may know: who we are. */
interface Sent {
  readonly open: Headers
  readonly own: Headers
}

/** A request under way, and why it was given up. */
interface Attempt {
  request: ClientRequest | undefined
  given_up: ServiceError | undefined
}

/** Exporters are small, and some of a few lines of shell: line feeds alone end their heads. Nobody stands between them and us whom that could mislead. */
const TOLERANT = { insecureHTTPParser: true, maxHeaderSize: 2 ** 20 } as const

/** GET requests with keep-alive, TLS and credentials to the servers of one job. */
export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #credentials: Credentials
  readonly #http = new HttpAgent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS })
  #https: HttpsAgent | undefined
  #tls = ''
  readonly #attempts = new Set<Attempt>()
  #closed = false

  constructor(options: HttpClientOptions) {
    this.#options = options
    this.#credentials = new Credentials(options.config, options.folder)
  }

  /**
   * The body of a 200 answer, inflated. Throws `ServiceError`: `timeout`, `unavailable` (no connection, another status, a file that
   * cannot be read), `too_large`, `overloaded`, `bad_data` (cannot be inflated), `canceled` (closed).
   */
  async get({ url, headers, timeout_ms, share }: Asking): Promise<Answer> {
    const attempt: Attempt = { request: undefined, given_up: this.#closed ? closed() : undefined }
    this.#attempts.add(attempt)
    const cancel = this.#limit(attempt, timeout_ms)
    try {
      return await this.#follow(url, { open: headers, own: await this.#credentials.headers() }, attempt, share)
    } catch (error) {
      attempt.request?.destroy()
      throw attempt.given_up ?? asServiceError(error)
    } finally {
      cancel()
      this.#attempts.delete(attempt)
    }
  }

  /** Ends what is under way, and lets go of connections. */
  close(): void {
    this.#closed = true
    for (const attempt of this.#attempts) giveUp(attempt, closed())
    this.#http.destroy()
    this.#https?.destroy()
  }

  /** Gives up after the timeout. Where it was us who were held up, the answer may lie there unread: it gets as long again. */
  #limit(attempt: Attempt, timeout_ms: number): () => void {
    const { clock } = this.#options
    const due_ms = clock.now_ms() + timeout_ms
    const end = (): void => giveUp(attempt, new ServiceError('timeout', `no answer within ${timeout_ms / 1000} s`))
    let cancel = clock.after(timeout_ms, () => {
      const late_ms = clock.now_ms() - due_ms
      if (late_ms < HELD_UP_MS) end()
      else cancel = clock.after(Math.min(late_ms, timeout_ms), end)
    })
    return () => cancel()
  }

  async #follow(first: URL, { open, own }: Sent, attempt: Attempt, share: Share): Promise<Answer> {
    let url = first
    let sent: Headers = { ...open, ...own }
    for (let redirects = 0; ; redirects++) {
      const response = await this.#sendAgain(url, sent, attempt)
      const status = response.statusCode ?? 0
      const { location } = response.headers
      response.on('error', () => {})
      if (status === 200) {
        const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? ''
        if (!knowsEncoding(encoding)) throw new ServiceError('unavailable', `content-encoding ${encoding} is unknown`)
        const { body, wire } = await this.#options.bodies.read(response, share)
        return { body, wire, contentType: response.headers['content-type'] ?? '' }
      }
      response.destroy()
      if (!this.#options.config.follow_redirects || !REDIRECTS.has(status) || location === undefined) {
        throw new ServiceError('unavailable', `the server answered ${status} ${response.statusMessage ?? ''}`.trim())
      }
      if (redirects === MOST_REDIRECTS) throw new ServiceError('unavailable', `more than ${MOST_REDIRECTS} redirects`)
      const next = new URL(location, url)
      if (isOther(next, url)) sent = open
      url = next
    }
  }

  /** A connection that was kept may have been closed meanwhile: that is no answer, and another is tried. */
  async #sendAgain(url: URL, headers: Headers, attempt: Attempt): Promise<IncomingMessage> {
    for (let left = IDLE_SOCKETS; ; left--) {
      try {
        return await this.#send(url, headers, attempt)
      } catch (error) {
        const dropped = CLOSED.has((error as NodeJS.ErrnoException).code ?? '')
        if (!dropped || left === 0 || attempt.given_up !== undefined || attempt.request?.reusedSocket !== true)
          throw error
      }
    }
  }

  async #send(url: URL, headers: Headers, attempt: Attempt): Promise<IncomingMessage> {
    const secure = url.protocol === 'https:'
    const agent = secure ? await this.#secureAgent() : this.#http
    const { given_up } = attempt
    if (given_up !== undefined) throw given_up
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(
        url,
        { ...TOLERANT, method: 'GET', headers, agent },
        (response) => {
          // A body without a length ends with its connection, whatever ended that: as if it were whole.
          request.on('error', (error) => response.destroy(error))
          resolve(response)
        },
      )
      attempt.request = request
      request.on('error', reject)
      request.end()
    })
  }

  /** A new one where certificates were renewed. */
  async #secureAgent(): Promise<HttpsAgent> {
    const tls: TlsOptions = await this.#credentials.tls()
    const text = JSON.stringify(tls)
    if (this.#https === undefined || text !== this.#tls) {
      this.#https?.destroy()
      this.#https = new HttpsAgent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS, ...tls })
      this.#tls = text
    }
    return this.#https
  }
}

/** Another server, or the same one where others can listen. */
function isOther(next: URL, before: URL): boolean {
  return next.host !== before.host || (before.protocol === 'https:' && next.protocol !== 'https:')
}

function closed(): ServiceError {
  return new ServiceError('canceled', 'stopping')
}

function giveUp(attempt: Attempt, why: ServiceError): void {
  attempt.given_up ??= why
  attempt.request?.destroy(why)
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError && error.code !== 'canceled') return error
  if (error instanceof ServiceError) return new ServiceError('unavailable', 'the answer broke off', { cause: error })
  return new ServiceError('unavailable', messageOf(error), { cause: error })
}
