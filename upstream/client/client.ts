import { ServiceError } from '#core/errors.ts'
import type { ErrorCode } from '#core/errors.ts'
import type { QueryOptions, RangeOptions } from '#core/ports/query-engine.ts'
import type { MetricMetadata, TimeRange } from '#core/ports/series-reader.ts'
import type { Labels, MetricType } from '#core/series.ts'

import type { Peer, PeerAnswer } from '../peer.ts'
import { labelsOf, type QueryAnswer, queryAnswer } from './answer.ts'
import { PARTIAL_RESPONSE, shortageOf, storeFailureOf } from './partial.ts'
import { Stores } from './stores.ts'

/** An answer longer than this is refused: what asks takes a smaller piece. */
const ANSWER_BYTES = 64 * 2 ** 20
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

type Envelope = Readonly<Record<string, unknown>>

/** `errorType` of the API. */
const TYPES: Readonly<Record<string, ErrorCode>> = {
  bad_data: 'bad_data',
  execution: 'execution',
  timeout: 'timeout',
  canceled: 'canceled',
  not_found: 'not_found',
  not_acceptable: 'bad_data',
  internal: 'unavailable',
  unavailable: 'unavailable',
  // VictoriaMetrics and proxies say the status.
  '400': 'bad_data',
  '422': 'execution',
  '429': 'overloaded',
  '503': 'unavailable',
}

/** Thanos calls by these what its stores could not do. */
const OF_STORES: ReadonlySet<unknown> = new Set(['execution', 'internal'])

const METRIC_TYPES: ReadonlySet<string> = new Set<MetricType>([
  'counter',
  'gauge',
  'histogram',
  'summary',
  'unknown',
  'gaugehistogram',
  'info',
  'stateset',
])

const seconds = (time_ms: number): string => String(time_ms / 1000)

/**
 * The HTTP API of Prometheus, Thanos, Mimir or VictoriaMetrics, asked. Everything fails as a `ServiceError`: `bad_data` (the query),
 * `execution` (it cannot be evaluated), `timeout`, `canceled`, `overloaded` (429), `too_large` (the answer), `bad_config` (we are not
 * let in), `not_found` (no such API there), `unavailable` (anything that may pass). So does an answer of a Thanos that lacks what
 * some of its stores should have said, unless the address asks for such answers (`?partial_response=true`).
 */
export class UpstreamClient {
  readonly #peer: Peer
  readonly #short: (why: string) => void
  readonly #whole: Readonly<Record<string, string>>
  /** Undefined where it does not matter whether all of them answer. */
  readonly #stores: Stores | undefined
  /** Some proxies let only GET through. */
  #get = false

  /** `short` is told of answers that are taken though they may lack something, and why. */
  constructor(peer: Peer, short: (why: string) => void = () => undefined) {
    this.#peer = peer
    this.#short = short
    this.#whole = peer.parameter(PARTIAL_RESPONSE) === null ? { [PARTIAL_RESPONSE]: 'false' } : {}
    this.#stores = mayLack(peer) ? undefined : new Stores(peer)
  }

  get origin(): string {
    return this.#peer.origin
  }

  async instant(expr: string, time_ms: number, options: QueryOptions = {}): Promise<QueryAnswer> {
    return queryAnswer(
      await this.#ask('query', { query: expr, time: seconds(time_ms), ...common(options) }, options.signal),
    )
  }

  async range(expr: string, { from_ms, to_ms, step_ms, ...options }: RangeOptions): Promise<QueryAnswer> {
    const range = { query: expr, start: seconds(from_ms), end: seconds(to_ms), step: seconds(step_ms) }
    return queryAnswer(await this.#ask('query_range', { ...range, ...common(options) }, options.signal))
  }

  /** Label sets with samples in the range, at most `limit` where the server knows limits. */
  async series(
    selector: string,
    { from_ms, to_ms }: TimeRange,
    limit: number,
    signal?: AbortSignal,
  ): Promise<Labels[]> {
    const parameters = { 'match[]': selector, start: seconds(from_ms), end: seconds(to_ms), limit: String(limit) }
    const { data } = await this.#ask('series', parameters, signal)
    return Array.isArray(data) ? data.map(labelsOf) : []
  }

  /** By metric; of several descriptions the first. */
  async metadata(signal?: AbortSignal): Promise<Map<string, MetricMetadata>> {
    const { data } = await this.#call(async () =>
      this.#peer.ask({
        method: 'GET',
        path: '/api/v1/metadata',
        search: String(new URLSearchParams(this.#whole)),
        limit: ANSWER_BYTES,
        ...(signal !== undefined && { signal }),
      }),
    )
    const found = new Map<string, MetricMetadata>()
    for (const [name, entries] of Object.entries((data ?? {}) as Record<string, unknown>)) {
      const [first] = Array.isArray(entries) ? (entries as Partial<Record<'type' | 'unit' | 'help', string>>[]) : []
      const type = METRIC_TYPES.has(first?.type ?? '') ? (first!.type as MetricType) : 'unknown'
      found.set(name, { name, type, unit: first?.unit ?? '', help: first?.help ?? '' })
    }
    return found
  }

  async #ask(
    what: string,
    parameters: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Envelope> {
    const path = `/api/v1/${what}`
    const form = String(new URLSearchParams({ ...parameters, ...this.#whole }))
    const base = { path, limit: ANSWER_BYTES, ...(signal !== undefined && { signal }) }
    const envelope = await this.#call(async () => {
      if (!this.#get) {
        const answer = await this.#peer.ask({ ...base, method: 'POST', headers: FORM, body: form })
        if (answer.status !== 405 && answer.status !== 501) return answer
        this.#get = true
      }
      return this.#peer.ask({ ...base, method: 'GET', search: form })
    })
    await this.#stores?.allAsked(signal)
    return envelope
  }

  /** The envelope of a success. */
  async #call(ask: () => Promise<PeerAnswer>): Promise<Envelope> {
    const { status, body, retry_after_ms } = await ask()
    const envelope = envelopeOf(body)
    if (status >= 200 && status < 300 && envelope?.['status'] === 'success') return this.#taken(envelope)
    const said = typeof envelope?.['error'] === 'string' ? envelope['error'] : this.#peer.shown(body)
    const message = `${this.#peer.origin} answered ${status}${said === '' ? '' : `: ${this.#peer.shown(said)}`}`
    const type = envelope?.['errorType']
    const code = (OF_STORES.has(type) ? storeFailureOf(said) : undefined) ?? TYPES[String(type)] ?? codeOf(status)
    throw new ServiceError(code, message, { retry_after_ms })
  }

  /** Series that are not in it would be taken for gone. */
  #taken(envelope: Envelope): Envelope {
    const shortage = shortageOf(envelope)
    if (shortage === undefined) return envelope
    const why = this.#peer.shown(shortage.why)
    if (shortage.partial && this.#stores !== undefined)
      throw new ServiceError('unavailable', `${this.#peer.origin} answered in part: ${why}`)
    this.#short(why)
    return envelope
  }
}

/** Whether the address asks for answers without what some stores should have said. */
function mayLack(peer: Peer): boolean {
  return /^(?:1|t|true)$/i.test(peer.parameter(PARTIAL_RESPONSE) ?? '')
}

function common({ timeout_ms, lookback_ms }: QueryOptions): Record<string, string> {
  return {
    ...(timeout_ms !== undefined && { timeout: `${timeout_ms}ms` }),
    ...(lookback_ms !== undefined && { lookback_delta: `${lookback_ms}ms` }),
  }
}

/** What a status means where no Prometheus speaks: a proxy, a login, another server. */
function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'bad_config'
  if (status === 404) return 'not_found'
  if (status === 413) return 'too_large'
  if (status === 422) return 'execution'
  if (status === 429) return 'overloaded'
  if (status === 504) return 'timeout'
  return status >= 500 ? 'unavailable' : status >= 400 ? 'bad_data' : 'not_found'
}

function envelopeOf(body: Uint8Array): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Envelope) : undefined
  } catch {
    return undefined
  }
}
