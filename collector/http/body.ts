import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, gunzipSync, zstdDecompress, zstdDecompressSync } from 'node:zlib'

import { messageOf, ServiceError } from '#core/errors.ts'

import type { Budget, Share } from './budget.ts'

interface InflateOptions {
  readonly maxOutputLength: number
  readonly chunkSize?: number
}

interface Inflate {
  /** On another thread. */
  readonly away: (body: Uint8Array, options: InflateOptions) => Promise<Buffer>
  readonly here: (body: Uint8Array, options: InflateOptions) => Buffer
  /** How large it becomes, as far as it can be told; it may be a lie. */
  readonly expected: (body: Buffer) => number
}

/** By `Content-Encoding`. */
const INFLATE: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  [
    'gzip',
    {
      away: promisify(gunzip),
      here: gunzipSync,
      // The last four bytes are the size modulo 2^32 (RFC 1952).
      expected: (body) => (body.length < 18 ? 0 : body.readUInt32LE(body.length - 4)),
    },
  ],
  [
    'zstd',
    {
      away: promisify(zstdDecompress),
      here: zstdDecompressSync,
      expected: ({ length }) => length * 16,
    },
  ],
])

/**
 * A body of at most this size is inflated where we are: another thread answers later, and costs more than it saves. A larger
 * one would hold up everybody else.
 */
const HERE_BYTES = 4 * 2 ** 20
/** Each chunk is a way to the other thread and back. */
const AWAY_CHUNK_BYTES = 2 ** 20

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

async function readWire(request: IncomingMessage, limit: number, share: Share): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw tooLarge(limit, 'a body')
  const gathered = new Gathered(announced <= TRUSTED_BYTES ? announced : 0)
  return new Promise((resolve, reject) => {
    const done = (error?: unknown): void => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      if (error === undefined) resolve(gathered.body())
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

function isTooLarge(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
}

/**
 * Reads and inflates bodies within limits. Inflation of large ones is one at a time: what comes out of it is known only afterwards, and it must
 * fit into what all bodies together may hold.
 */
export class BodyReader {
  readonly #limits: BodyLimits
  readonly #budget: Budget
  #inflating: Promise<unknown> = Promise.resolve()
  /** Bodies that are inflated on another thread, or wait for it. */
  #away = 0

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
    const body = this.#here(wire, inflate, share) ?? (await this.#inTurn(wire, inflate, share))
    return { body, wire: wire.length }
  }

  /** A small body, at once; undefined where it is not small, or others are being inflated. */
  #here(wire: Buffer, { here, expected }: Inflate, share: Share): Buffer | undefined {
    const size = expected(wire)
    if (this.#away > 0 || size > HERE_BYTES) return undefined
    const maxOutputLength = Math.min(Math.max(size, 1), this.#limits.body_inflated, this.#budget.left)
    if (maxOutputLength < size) return undefined
    let body: Buffer
    try {
      // One byte more, so that the end is seen without another chunk.
      body = here(wire, { maxOutputLength, chunkSize: Math.max(size + 1, 64) })
    } catch (error) {
      if (isTooLarge(error)) return undefined
      throw new ServiceError('bad_data', `the body cannot be inflated: ${messageOf(error)}`, { cause: error })
    }
    share.add(body.length)
    return body
  }

  async #inTurn(wire: Buffer, inflate: Inflate, share: Share): Promise<Uint8Array> {
    this.#away++
    const before = this.#inflating
    const mine = before.then(async () => this.#inflate(wire, inflate, share))
    this.#inflating = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      this.#away--
    }
  }

  async #inflate(wire: Buffer, { away }: Inflate, share: Share): Promise<Uint8Array> {
    const limit = this.#limits.body_inflated
    const maxOutputLength = Math.min(limit, this.#budget.left)
    if (maxOutputLength < 1) throw new ServiceError('overloaded', 'too many bodies at once; send again later')
    let body: Buffer
    try {
      body = await away(wire, { maxOutputLength, chunkSize: AWAY_CHUNK_BYTES })
    } catch (error) {
      if (!isTooLarge(error)) {
        throw new ServiceError('bad_data', `the body cannot be inflated: ${messageOf(error)}`, { cause: error })
      }
      if (maxOutputLength === limit) throw tooLarge(limit, 'an inflated body')
      throw new ServiceError('overloaded', 'too many bodies at once; send again later')
    }
    share.add(body.length)
    return body
  }
}
