import type { MiddlewareHandler } from 'hono'

import { ServiceError } from '#core/errors.ts'

/** The whole body, no more than `limit` bytes of it ever in memory; undefined when there is more. */
async function readUpTo(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) return undefined
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/**
 * Refuses bodies above the limit, before reading where the sender tells the length. (Hono's own copies the request of
 * the Node adapter, which cannot be copied while the global `Request` is left alone.)
 */
export function limitBody(limit: number): MiddlewareHandler {
  const tooLarge = (): ServiceError => new ServiceError('too_large', `a body may have ${limit} bytes`)
  return async (c, next) => {
    const { raw } = c.req
    const length = Number(raw.headers.get('content-length') ?? 0)
    if (!(length <= limit)) throw tooLarge()
    if (raw.headers.get('transfer-encoding') !== null && raw.body !== null) {
      const body = await readUpTo(raw.body, limit)
      if (body === undefined) throw tooLarge()
      c.req.raw = new Request(raw.url, { method: raw.method, headers: raw.headers, body, signal: raw.signal })
    }
    return next()
  }
}
