import type { IncomingMessage } from 'node:http'

import { ServiceError } from '#core/errors.ts'

import type { Budget, Share } from './budget.ts'
import { canInflate, Inflater } from './inflate.ts'

/** True for what `readBody` can inflate; '' is a body as it is. */
export function knowsEncoding(encoding: string): boolean {
  return encoding === '' || encoding === 'identity' || canInflate(encoding)
}

/** As the sender says; '' where he says nothing. */
function encodingOf({ headers }: IncomingMessage): string {
  return headers['content-encoding']?.trim().toLowerCase() ?? ''
}

export interface BodyLimits {
  readonly body: number
  readonly body_inflated: number
}

function tooLarge(limit: number, what: string): ServiceError {
  return new ServiceError('too_large', `${what} may have ${limit} bytes`)
}

/** Whether nothing else lies in the memory of a chunk. */
function isAlone({ buffer, byteOffset, byteLength }: Buffer): boolean {
  return buffer instanceof ArrayBuffer && byteOffset === 0 && buffer.byteLength === byteLength
}

/** What has come of a body, put together at its end: its chunks give their memory back then, as `Share.own` says why. */
class Gathered {
  readonly #chunks: Buffer[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
  }

  drop(): void {
    this.#chunks.length = 0
  }

  body(): Buffer {
    if (this.#chunks.length === 1) return this.#chunks[0]!
    const body = Buffer.allocUnsafeSlow(this.#size)
    let at = 0
    for (const chunk of this.#chunks) {
      chunk.copy(body, at)
      at += chunk.length
      if (isAlone(chunk)) (chunk.buffer as ArrayBuffer).transfer(0)
    }
    this.#chunks.length = 0
    return body
  }
}

function owned(body: Buffer, share: Share): Buffer {
  if (isAlone(body)) share.own(body)
  return body
}

async function readWire(request: IncomingMessage, limit: number, share: Share): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw tooLarge(limit, 'a body')
  const gathered = new Gathered()
  return new Promise((resolve, reject) => {
    // To take listeners off again costs more than to leave them: the request goes soon.
    let open = true
    const fail = (error: unknown): void => {
      open = false
      gathered.drop()
      reject(error)
    }
    const onData = (chunk: Buffer): void => {
      if (!open) return
      try {
        if (gathered.size + chunk.length > limit) throw tooLarge(limit, 'a body')
        share.add(chunk.length)
        gathered.add(chunk)
      } catch (error) {
        fail(error)
      }
    }
    const onEnd = (): void => {
      if (open) resolve(owned(gathered.body(), share))
      open = false
    }
    const onGone = (): void => {
      if (open) fail(new ServiceError('canceled', 'the sender went away'))
    }
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

  /**
   * Inflated by `encoding`, '' for as it is. Throws `ServiceError`: `too_large`, `overloaded`, `bad_data` (cannot be inflated), `canceled` (the
   * sender went away).
   */
  async read(
    request: IncomingMessage,
    share: Share,
    encoding = encodingOf(request),
  ): Promise<{ body: Uint8Array; wire: number }> {
    const wire = await readWire(request, this.#limits.body, share)
    if (canInflate(encoding)) {
      return { body: await this.#inflater.inflate(encoding, wire, share), wire: wire.length }
    }
    if (wire.length > this.#limits.body_inflated) throw tooLarge(this.#limits.body_inflated, 'a body')
    return { body: wire, wire: wire.length }
  }
}
