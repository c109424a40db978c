// A server on loopback that stands for another program: it may go away and come back under the same address.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export abstract class Peer {
  #server: Server | undefined
  #port = 0

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** On the same port as before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.answer(request, response))
    // Longer than who asks keeps a connection (4 s, by Node's own 5): in a loop that is late the two are the same, and a request is lost.
    server.keepAliveTimeout = 60_000
    this.#server = server
    await new Promise<void>((resolve) => {
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    await new Promise((resolve) => {
      if (server === undefined) resolve(undefined)
      else server.close(resolve)
    })
  }

  protected abstract answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}
