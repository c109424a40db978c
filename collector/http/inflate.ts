import { promisify } from 'node:util'
import { gunzip, gunzipSync, zstdDecompress, zstdDecompressSync } from 'node:zlib'

import { messageOf, ServiceError } from '#core/errors.ts'

import type { Budget, Share } from './budget.ts'

interface Options {
  readonly maxOutputLength: number
  readonly chunkSize: number
}

interface Inflate {
  readonly now: (body: Uint8Array, options: Options) => Buffer
  readonly later: (body: Uint8Array, options: Options) => Promise<Buffer>
}

const INFLATE: ReadonlyMap<string, Inflate> = new Map([
  ['gzip', { now: gunzipSync, later: promisify(gunzip) as Inflate['later'] }],
  ['zstd', { now: zstdDecompressSync, later: promisify(zstdDecompress) as Inflate['later'] }],
])

/** Above this a thread does it: the event loop has other work in the meantime. */
const LARGE = 2 ** 18
/** Deflate cannot do better. */
const MOST_RATIO = 1032
const LEAST_CHUNK = 2 ** 10
const MOST_CHUNK = 2 ** 22
/** Of a gzip file the last four bytes are its length, modulo 2^32: a hint, which a sender may have made up. */
const TRAILER = 4

export function canInflate(encoding: string): boolean {
  return INFLATE.has(encoding)
}

/** What the result will probably be long: one chunk of it saves copies. */
function chunkFor(body: Uint8Array): number {
  const told = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const length = body.length < TRAILER ? 0 : told.getUint32(body.length - TRAILER, true)
  const likely = Math.min(length + 1, body.length * MOST_RATIO)
  return Math.max(LEAST_CHUNK, Math.min(likely, MOST_CHUNK))
}

/** Inflates within what one body may be and what all bodies may hold together. Large ones one after the other: their length shows at the end. */
export class Inflater {
  readonly #limit: number
  readonly #budget: Budget
  #running: Promise<unknown> = Promise.resolve()

  constructor(limit: number, budget: Budget) {
    this.#limit = limit
    this.#budget = budget
  }

  /** Throws `ServiceError`: `too_large`, `overloaded`, `bad_data`. `encoding` is one that `canInflate`. */
  async inflate(encoding: string, body: Uint8Array, share: Share): Promise<Uint8Array> {
    const inflate = INFLATE.get(encoding)
    if (inflate === undefined) throw new ServiceError('unsupported_media', `${encoding} is not understood`)
    if (body.length <= LARGE) return this.#inflated(share, (options) => inflate.now(body, options), body)
    const before = this.#running
    const mine = before.then(() => this.#inflated(share, (options) => inflate.later(body, options), body))
    this.#running = mine.catch(() => undefined)
    return mine
  }

  async #inflated(
    share: Share,
    inflate: (options: Options) => Buffer | Promise<Buffer>,
    wire: Uint8Array,
  ): Promise<Uint8Array> {
    const limit = this.#limit
    const maxOutputLength = Math.min(limit, this.#budget.left)
    if (maxOutputLength < 1) throw new ServiceError('overloaded', 'too many bodies at once; send again later')
    let body: Buffer
    try {
      body = await inflate({ maxOutputLength, chunkSize: Math.min(chunkFor(wire), maxOutputLength + LEAST_CHUNK) })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') {
        throw new ServiceError('bad_data', `the body cannot be inflated: ${messageOf(error)}`, { cause: error })
      }
      if (maxOutputLength === limit) throw new ServiceError('too_large', `an inflated body may have ${limit} bytes`)
      throw new ServiceError('overloaded', 'too many bodies at once; send again later')
    }
    share.add(body.length)
    return body
  }
}
