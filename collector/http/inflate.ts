import { messageOf, ServiceError } from '#core/errors.ts'

import type { Budget, Share } from './budget.ts'
import { type Encoding, ENCODINGS, isTooLong } from './encodings.ts'
import { KeptGunzip } from './gunzip.ts'

/**
 * A result of at most this length is made at once: another thread answers later, and costs more than it saves. A longer one
 * would hold up everybody else.
 */
const AT_ONCE = 2 ** 22
const LEAST_CHUNK = 64
/** Each chunk is a way to the other thread and back. */
const LATER_CHUNK = 2 ** 20

export function canInflate(encoding: string): boolean {
  return ENCODINGS.has(encoding)
}

function unreadable(error: unknown): ServiceError {
  return new ServiceError('bad_data', `the body cannot be inflated: ${messageOf(error)}`, { cause: error })
}

/**
 * Inflates within what one body may be and what all bodies may hold together. Long ones one after the other: what comes of
 * them shows only at the end, and it must fit into what is left for all.
 */
export class Inflater {
  readonly #limit: number
  readonly #budget: Budget
  readonly #gunzip = new KeptGunzip()
  #running: Promise<unknown> = Promise.resolve()
  /** What may come of the body that is inflated on another thread now. */
  #reserved = 0

  constructor(limit: number, budget: Budget) {
    this.#limit = limit
    this.#budget = budget
  }

  /** A short one at once. Throws `ServiceError`, or rejects with one: `too_large`, `overloaded`, `bad_data`. `encoding` is one that `canInflate`. */
  inflate(encoding: string, body: Uint8Array, share: Share): Uint8Array | Promise<Uint8Array> {
    const inflate = ENCODINGS.get(encoding)
    if (inflate === undefined) throw new ServiceError('unsupported_media', `${encoding} is not understood`)
    const inflated = this.#now(body, inflate, encoding === 'gzip')
    if (inflated === undefined) return this.#inTurn(body, inflate, share)
    share.add(inflated.length)
    share.own(inflated)
    return inflated
  }

  /** At once, and before long ones that wait; undefined where it becomes too long for that, or for what they leave. */
  #now(body: Uint8Array, { now, expected }: Encoding, gzip: boolean): Buffer | undefined {
    const length = Math.max(expected(body), 1)
    if (length > Math.min(AT_ONCE, this.#limit, this.#budget.left - this.#reserved)) return undefined
    const quickly = gzip ? this.#gunzip.inflate(body, length) : undefined
    if (quickly !== undefined) return quickly
    try {
      // One byte more, so that the end is seen without another chunk.
      return now(body, { maxOutputLength: length, chunkSize: Math.max(length + 1, LEAST_CHUNK) })
    } catch (error) {
      if (isTooLong(error)) return undefined
      throw unreadable(error)
    }
  }

  #inTurn(body: Uint8Array, inflate: Encoding, share: Share): Promise<Buffer> {
    const before = this.#running
    const mine = before.then(async () => {
      const inflated = await this.#inflated(body, inflate)
      // Before the next one's turn: it must see what is left.
      share.add(inflated.length)
      share.own(inflated)
      return inflated
    })
    this.#running = mine.catch(() => undefined)
    return mine
  }

  async #inflated(body: Uint8Array, { later }: Encoding): Promise<Buffer> {
    const maxOutputLength = Math.min(this.#limit, this.#budget.left)
    if (maxOutputLength < 1) throw new ServiceError('overloaded', 'too many bodies at once; send again later')
    this.#reserved = maxOutputLength
    try {
      return await later(body, { maxOutputLength, chunkSize: LATER_CHUNK })
    } catch (error) {
      if (!isTooLong(error)) throw unreadable(error)
      if (maxOutputLength === this.#limit) {
        throw new ServiceError('too_large', `an inflated body may have ${this.#limit} bytes`)
      }
      throw new ServiceError('overloaded', 'too many bodies at once; send again later')
    } finally {
      this.#reserved = 0
    }
  }
}
