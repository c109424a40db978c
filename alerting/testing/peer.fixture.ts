import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** A peer on a port of its own that writes down what it hears, and answers as it is told. */
export class Peer {
  readonly heard: Heard[] = []
  status = 200
  answer = '{"errors":false,"items":[]}'
  /** Says otherwise for one request. */
  answerTo: (heard: Heard) => { readonly status?: number; readonly body?: string } = () => ({})
  /** True: takes requests and never answers. */
  silent = false
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method = '', url = '', headers } = request
        const heard = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') }
        this.heard.push(heard)
        if (this.silent) return
        const { status = this.status, body = this.answer } = this.answerTo(heard)
        response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
        response.end(method === 'HEAD' ? '' : body)
      })
    })
  }

  /** `port`: that of a peer that was there before. */
  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(port, '127.0.0.1', resolve)
    })
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  /** The bodies of what was posted, as JSON. */
  bodies(): unknown[] {
    return this.heard.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body) as unknown)
  }
}
