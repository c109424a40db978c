import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'

import { messageOf, ServiceError } from '#core/errors.ts'

import type { Budget, Share } from './budget.ts'

type Inflate = (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>

/** By `Content-Encoding`. */
const INFLATE: ReadonlyMap<string, Inflate> = new Map([
  ['gzip', promisify(gunzip) as Inflate],
  ['zstd', promisify(zstdDecompress) as Inflate],
])

/** True for what `readBody` can inflate; '' is a body as it is. */
export function knowsEncoding(encoding: string): boolean {
  return encoding === '' || encoding === 'identity' || INFLATE.has(encoding)
}

export interface BodyLimits {
  readonly body: number
  readonly body_inflated: number
}

function tooLarge(limit: number, what: string): ServiceError {
  return new ServiceError('too_large', `${what} may have ${limit} bytes`)
}

async function readWire(request: IncomingMessage, limit: number, share: Share): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw tooLarge(limit, 'a body')
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    const done = (error?: unknown): void => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      if (error === undefined) resolve(Buffer.concat(chunks))
      else reject(error)
    }
    const onData = (chunk: Buffer): void => {
      try {
        size += chunk.length
        if (size > limit) throw tooLarge(limit, 'a body')
        share.add(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        done(error)
      }
    }
    const onEnd = (): void => done()
    const onGone = (): void => done(new ServiceError('canceled', 'the sender went away'))
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

/**
 * Reads and inflates bodies within limits. Inflation is one at a time: what comes out of it is known only afterwards, and it must
 * fit into what all bodies together may hold.
 */
export class BodyReader {
  readonly #limits: BodyLimits
  readonly #budget: Budget
  #inflating: Promise<unknown> = Promise.resolve()

  constructor(limits: BodyLimits, budget: Budget) {
    this.#limits = limits
    this.#budget = budget
  }

  /** Throws `ServiceError`: `too_large`, `overloaded`, `bad_data` (cannot be inflated), `canceled` (the sender went away). */
  async read(request: IncomingMessage, share: Share): Promise<{ body: Uint8Array; wire: number }> {
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? ''
    const wire = await readWire(request, this.#limits.body, share)
    const inflate = INFLATE.get(encoding)
    if (inflate === undefined) {
      if (wire.length > this.#limits.body_inflated) throw tooLarge(this.#limits.body_inflated, 'a body')
      return { body: wire, wire: wire.length }
    }
    const before = this.#inflating
    const mine = before.then(async () => this.#inflate(wire, inflate, share))
    this.#inflating = mine.catch(() => undefined)
    return { body: await mine, wire: wire.length }
  }

  async #inflate(wire: Buffer, inflate: Inflate, share: Share): Promise<Uint8Array> {
    const limit = this.#limits.body_inflated
    const maxOutputLength = Math.min(limit, this.#budget.left)
    if (maxOutputLength < 1) throw new ServiceError('overloaded', 'too many bodies at once; send again later')
    let body: Buffer
    try {
      body = await inflate(wire, { maxOutputLength })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') {
        throw new ServiceError('bad_data', `the body cannot be inflated: ${messageOf(error)}`, { cause: error })
      }
      if (maxOutputLength === limit) throw tooLarge(limit, 'an inflated body')
      throw new ServiceError('overloaded', 'too many bodies at once; send again later')
    }
    share.add(body.length)
    return body
  }
}
