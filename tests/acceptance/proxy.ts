import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

import { Peer } from '../../upstream/testing/peer.fixture.ts'

/** Stands before a server, and can be away. */
export class Proxy extends Peer {
  readonly #target: () => string
  requests = 0

  constructor(target: () => string) {
    super()
    this.#target = target
  }

  protected override async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++
    const { method = 'GET', headers, url } = request
    const type = headers['content-type'] ?? 'text/plain'
    try {
      const body = method === 'POST' ? { body: Uint8Array.from(await buffer(request)) } : {}
      const answer = await fetch(`${this.#target()}${url}`, { method, headers: { 'content-type': type }, ...body })
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
      response.end(Buffer.from(await answer.arrayBuffer()))
    } catch {
      response.destroy()
    }
  }
}
