import type { IncomingMessage } from 'node:http'

import { ServiceError } from '#core/errors.ts'
import { upon } from '#core/steps.ts'

import type { Budget, Share } from './budget.ts'
import { canInflate, Inflater } from './inflate.ts'

/** True for what `readBody` can inflate; '' is a body as it is. */
export function knowsEncoding(encoding: string): boolean {
  return encoding === '' || encoding === 'identity' || canInflate(encoding)
}

/** What a body is packed with, as the sender says; '' where he says nothing. */
export function packingOf({ headers }: IncomingMessage): string {
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

/** Memory for all of a body is asked for once this share of what was announced is there: announcing alone costs a sender nothing. */
const EARNEST = 1 / 16

/**
 * What has come of a body. A chunk is copied to its place as it comes, while it is still near, and gives its memory back (`Share.own` says
 * why): the next one lies in the same. Where no length was announced, chunks wait for the end.
 */
class Gathered {
  readonly #announced: number
  readonly #share: Share
  #chunks: Buffer[] = []
  #body: Buffer | undefined
  #size = 0

  constructor(announced: number, share: Share) {
    this.#announced = announced
    this.#share = share
  }

  get size(): number {
    return this.#size
  }

  add(chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#body === undefined) this.#chunks.push(chunk)
    else place(chunk, this.#body, this.#size - chunk.length)
    const isMost = this.#size >= this.#announced * EARNEST && this.#size < this.#announced
    if (this.#body === undefined && isMost) this.#body = this.#joined(this.#announced)
  }

  drop(): void {
    this.#chunks = []
    this.#body = undefined
  }

  body(): Buffer {
    if (this.#body !== undefined) return this.#body
    const [only] = this.#chunks
    if (this.#chunks.length !== 1) return this.#joined(this.#size)
    if (isAlone(only!)) this.#share.own(only!)
    return only!
  }

  #joined(length: number): Buffer {
    const body = this.#share.memory(length)
    let at = 0
    for (const chunk of this.#chunks) at = place(chunk, body, at)
    this.#chunks = []
    return body
  }
}

/** Moves a chunk to its place; returns where it ends there. */
function place(chunk: Buffer, body: Buffer, at: number): number {
  const end = at + chunk.length
  body.set(chunk, at)
  if (isAlone(chunk)) (chunk.buffer as ArrayBuffer).transfer(0)
  return end
}

/** What `finish` makes of all bytes. */
function readWire<T>(
  request: IncomingMessage,
  limit: number,
  share: Share,
  finish: (wire: Buffer) => T | Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > limit) throw tooLarge(limit, 'a body')
    const gathered = new Gathered(announced, share)
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
      if (!open) return
      open = false
      try {
        resolve(finish(gathered.body()))
      } catch (error) {
        reject(error)
      }
    }
    const onGone = (): void => {
      if (open) fail(new ServiceError('canceled', 'the sender went away'))
    }
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

/** A body as it is to be understood, and how long it was on the wire. */
interface ReadBody {
  readonly body: Uint8Array
  readonly wire: number
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
  read(request: IncomingMessage, share: Share, encoding = packingOf(request)): Promise<ReadBody> {
    return readWire(request, this.#limits.body, share, (wire) => this.#inflated(wire, encoding, share))
  }

  #inflated(wire: Buffer, encoding: string, share: Share): ReadBody | Promise<ReadBody> {
    const { length } = wire
    if (canInflate(encoding)) {
      return upon(this.#inflater.inflate(encoding, wire, share), (body) => ({ body, wire: length }))
    }
    if (length > this.#limits.body_inflated) throw tooLarge(this.#limits.body_inflated, 'a body')
    return { body: wire, wire: length }
  }
}
