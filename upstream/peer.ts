import type { Clock } from '#core/clock.ts'
import type { Secret } from '#core/config/secret.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import { addressOf, redact, secretsIn, withoutUser } from '#core/net/peer.ts'

/** So much of what a peer says is worth showing. */
const SHOWN = 300
/** A receiver that asks for more patience than this is asked again all the same. */
const LONGEST_WAIT_MS = 300_000

export interface PeerOptions {
  /** With user and password where the peer wants Basic authentication; a query is sent with each request. */
  readonly url: string
  readonly headers: Readonly<Record<string, Secret>>
  readonly timeout_ms: number
  /** Of Barograph, for `User-Agent`. */
  readonly version: string
  readonly clock: Clock
  readonly fetch: typeof fetch
}

export interface PeerRequest {
  readonly method: 'GET' | 'POST'
  /** Appended to the path of the address. */
  readonly path?: string
  readonly search?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Bytes of an answer, inflated; a longer one is refused with `too_large`. */
  readonly limit: number
  readonly signal?: AbortSignal
}

export interface PeerAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
  /** From `Retry-After`, seconds or a date; undefined where it does not say. */
  readonly retry_after_ms: number | undefined
}

/** Another server over HTTP: address, headers, time limit. Nothing secret gets into what is said of it. */
export class Peer {
  readonly #options: PeerOptions
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #secrets: readonly string[]

  /** Throws `ServiceError('bad_config')` where the address is not an http or https URL. */
  constructor(options: PeerOptions) {
    this.#options = options
    const { url, headers, secrets } = withoutUser(options.url)
    this.#url = addressOf(url)
    const own = Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value.reveal()] as const)
    this.#headers = { 'user-agent': `barograph/${options.version}`, ...headers, ...Object.fromEntries(own) }
    // A token may stand in the query, and proxies quote what they were asked.
    this.#secrets = [...secrets, ...own.map(([, value]) => value), this.#url.search].flatMap(secretsIn)
  }

  /** Scheme, host and port. */
  get origin(): string {
    return this.#url.origin
  }

  /** What the query of its address says of a parameter; null where it does not. */
  parameter(name: string): string | null {
    return this.#url.searchParams.get(name)
  }

  /** Whatever it answers. Throws `ServiceError`: `timeout`, `canceled`, `unavailable` (not reached), `too_large`. */
  async ask({ method, path = '', search, headers, body, limit, signal }: PeerRequest): Promise<PeerAnswer> {
    const { clock, timeout_ms, fetch } = this.#options
    const late = new AbortController()
    const cancel = clock.after(timeout_ms, () => late.abort())
    try {
      const response = await fetch(this.#address(path, search), {
        method,
        headers: { ...headers, ...this.#headers },
        ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> | string }),
        // Headers are for this address alone.
        redirect: 'manual',
        signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
      })
      const retry_after_ms = retryAfter(response.headers.get('retry-after'), clock.now_ms())
      const read = await readAtMost(response, limit)
      return { status: response.status, headers: response.headers, body: read, retry_after_ms }
    } catch (error) {
      if (error instanceof ServiceError) throw error
      if (signal?.aborted === true) throw new ServiceError('canceled', 'canceled')
      if (late.signal.aborted) throw new ServiceError('timeout', `no answer within ${timeout_ms / 1000} s`)
      // The cause is left behind: it may hold the request, and with it the headers.
      throw new ServiceError('unavailable', this.shown(messageOf(error)))
    } finally {
      cancel()
    }
  }

  /** A text of the peer's, fit to be shown. */
  shown(text: string | Uint8Array): string {
    const said = typeof text === 'string' ? text : Buffer.from(text).toString('utf8')
    return redact(said, this.#secrets).trim().slice(0, SHOWN)
  }

  #address(path: string, search: string | undefined): URL {
    const url = new URL(this.#url)
    if (path !== '') url.pathname = url.pathname.replace(/\/$/, '') + path
    if (search !== undefined && search !== '') url.search = url.search === '' ? search : `${url.search}&${search}`
    return url
  }
}

function retryAfter(text: string | null, now_ms: number): number | undefined {
  if (text === null) return undefined
  const wait_ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now_ms
  return Number.isFinite(wait_ms) ? Math.min(Math.max(wait_ms, 0), LONGEST_WAIT_MS) : undefined
}

async function readAtMost({ body }: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += chunk.length
    if (length > limit) throw new ServiceError('too_large', `the answer is longer than ${limit} bytes`)
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : Uint8Array.from(Buffer.concat(chunks))
}
