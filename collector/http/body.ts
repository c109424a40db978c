import type { IncomingMessage } from 'node:http'

import { ServiceError } from '#core/errors.ts'

import type { Budget, Share } from './budget.ts'
import { canInflate, Inflater } from './inflate.ts'

/** True for what `readBody` can inflate; '' is a body as it is. */
export function knowsEncoding(encoding: string): boolean {
  return encoding === '' || encoding === 'identity' || canInflate(encoding)
}

export interface BodyLimits {
  readonly body: number
  readonly body_inflated: number
}

function tooLarge(limit: number, what: string): ServiceError {
  return new ServiceError('too_large', `${what} may have ${limit} bytes`)
}

/** What has come of a body; of one whose length was announced, in place. */
class Gathered {
  readonly #whole: Buffer | undefined
  readonly #chunks: Buffer[] = []
  #size = 0

  constructor(announced: number) {
    this.#whole = announced > 0 ? Buffer.allocUnsafeSlow(announced) : undefined
  }

  get size(): number {
    return this.#size
  }

  add(chunk: Buffer): void {
    if (this.#whole === undefined) this.#chunks.push(chunk)
    else chunk.copy(this.#whole, this.#size)
    this.#size += chunk.length
  }

  body(): Buffer {
    return this.#whole?.subarray(0, this.#size) ?? Buffer.concat(this.#chunks, this.#size)
  }
}

/** More than this is not set aside on somebody's word. */
const TRUSTED_BYTES = 2 ** 20

function owned(body: Buffer, share: Share): Buffer {
  share.own(body)
  return body
}

async function readWire(request: IncomingMessage, limit: number, share: Share): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw tooLarge(limit, 'a body')
  const gathered = new Gathered(announced <= TRUSTED_BYTES ? announced : 0)
  return new Promise((resolve, reject) => {
    const done = (error?: unknown): void => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      if (error === undefined) resolve(owned(gathered.body(), share))
      else reject(error)
    }
    const onData = (chunk: Buffer): void => {
      try {
        if (gathered.size + chunk.length > limit) throw tooLarge(limit, 'a body')
        share.add(chunk.length)
        gathered.add(chunk)
      } catch (error) {
        done(error)
      }
    }
    const onEnd = (): void => done()
    const onGone = (): void => done(new ServiceError('canceled', 'the sender went away'))
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

/** Reads and inflates bodies within limits. */
export class BodyReader {
  readonly #limits: BodyLimits
  readonly #inflater: Inflater

  constructor(limits: BodyLimits, budget: Budget) {
    this.#limits = limits
    this.#inflater = new Inflater(limits.body_inflated, budget)
  }

  /** Throws `ServiceError`: `too_large`, `overloaded`, `bad_data` (cannot be inflated), `canceled` (the sender went away). */
  async read(request: IncomingMessage, share: Share): Promise<{ body: Uint8Array; wire: number }> {
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? ''
    const wire = await readWire(request, this.#limits.body, share)
    if (canInflate(encoding)) {
      return { body: await this.#inflater.inflate(encoding, wire, share), wire: wire.length }
    }
    if (wire.length > this.#limits.body_inflated) throw tooLarge(this.#limits.body_inflated, 'a body')
    return { body: wire, wire: wire.length }
  }
}
