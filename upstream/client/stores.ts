import { messageOf, ServiceError } from '#core/errors.ts'

import type { Peer, PeerAnswer } from '../peer.ts'

/** Each store is listed with all label sets of its blocks. */
const LIST_BYTES = 64 * 2 ** 20

/**
 * The stores of a Thanos. It asks one that did not answer its own last look no more, and says nothing of that in its answers; here it
 * lists it for five minutes (`--store.unhealthy-timeout`). Other servers have no such list.
 */
export class Stores {
  readonly #peer: Peer
  /** Undefined before that is known. */
  #listed: boolean | undefined

  constructor(peer: Peer) {
    this.#peer = peer
  }

  /** Throws `ServiceError('unavailable')` where one is left out or there is no telling, `canceled`. To be asked after an answer: one that failed before it is listed then. */
  async allAsked(signal: AbortSignal | undefined): Promise<void> {
    if (this.#listed === false) return
    const { status, body } = await this.#list(signal)
    const failing = status === 200 ? failingOf(body) : undefined
    if (failing === undefined) {
      if (this.#listed) throw new ServiceError('unavailable', `its list of stores: ${status}`)
      // What passes says nothing of whether there is a list.
      if (status < 500 && status !== 429) this.#listed = false
      return
    }
    this.#listed = true
    if (failing.length === 0) return
    const [first] = failing
    const others = failing.length === 1 ? '' : ` and ${failing.length - 1} more`
    const message = `${this.#peer.origin} answers without ${first!.name}${others}: ${first!.lastError}`
    throw new ServiceError('unavailable', this.#peer.shown(message))
  }

  /** What keeps the list from us has nothing to do with what was asked before. */
  async #list(signal: AbortSignal | undefined): Promise<Pick<PeerAnswer, 'status' | 'body'>> {
    try {
      return await this.#peer.ask({
        method: 'GET',
        path: '/api/v1/stores',
        limit: LIST_BYTES,
        ...(signal !== undefined && { signal }),
      })
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code === 'canceled') throw error
      throw new ServiceError('unavailable', `its list of stores: ${messageOf(error)}`)
    }
  }
}

interface Failing {
  readonly name: string
  readonly lastError: string
}

/** Undefined where that is no list of stores. */
function failingOf(body: Uint8Array): Failing[] | undefined {
  try {
    const { status, data } = JSON.parse(Buffer.from(body).toString('utf8')) as { status?: unknown; data?: unknown }
    if (status !== 'success' || typeof data !== 'object' || data === null) return undefined
    return Object.values(data)
      .flatMap((ofKind: unknown) => (Array.isArray(ofKind) ? (ofKind as Partial<Failing>[]) : []))
      .filter(({ lastError }) => typeof lastError === 'string' && lastError !== '')
      .map(({ name, lastError }) => ({ name: String(name), lastError: lastError! }))
  } catch {
    return undefined
  }
}
