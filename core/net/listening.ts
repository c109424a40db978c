import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

import { Serving, type ServingOptions } from './serving.ts'
import { Unread } from './unread.ts'

export interface ListeningOptions extends ServingOptions {
  readonly onRequest: RequestListener
  /** What came was no HTTP, too much head, too slow, or a proxy's CONNECT: it was answered with this status. */
  readonly onBroken?: (status: number) => void
  readonly request_ms: number
}

/** What may wait for readers, and how long one of them may take nothing. */
const UNREAD_BYTES = 2 ** 28
const PATIENCE_MS = 30_000
/**
 * For how long a connection waits for its next request. Longer than the clients that we know keep theirs (Prometheus 5 min, the Collector 90 s): one that is
 * closed just while a request is on its way is lost, and not every sender dares to send a POST again. Where connections are short, these go first.
 */
const KEEP_ALIVE_MS = 330_000
/** For the head of a request to arrive. */
const HEADERS_MS = 10_000
/** How often it is looked who was too slow; one that says nothing at all holds its place no longer than both. */
const CHECK_MS = 5000

/** Statuses of what Node's parser refuses; the rest is 400. */
const BROKEN: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
])

/** A plain HTTP server, on one address or on both of loopback. */
export class Listening extends Serving<Server> {
  readonly #options: ListeningOptions
  readonly #unread: Unread

  constructor(options: ListeningOptions) {
    super(options)
    this.#options = options
    const { setting: listener, meter } = options
    this.#unread = new Unread({ listener, bytes: UNREAD_BYTES, patience_ms: PATIENCE_MS, meter })
  }

  protected make(): Server {
    const { onRequest, request_ms } = this.#options
    const headersTimeout = Math.min(HEADERS_MS, request_ms)
    const server = createServer(
      {
        requestTimeout: request_ms,
        headersTimeout,
        connectionsCheckingInterval: CHECK_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
      },
      (request, response) => {
        this.#unread.begin(response)
        onRequest(request, response)
      },
    )
    this.#unread.watch(server)
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#broken(error, socket as Socket))
    server.on('connect', (_request, socket) => this.#refuse(405, socket as Socket))
    return server
  }

  protected closeIdle(server: Server): void {
    server.closeIdleConnections()
  }

  /** What is kept alive between two requests is only a convenience. */
  protected override makeRoom(server: Server): void {
    this.closeIdle(server)
  }

  protected closeAll(server: Server): void {
    server.closeAllConnections()
  }

  /** As Node does it where nobody counts; a connection that was simply cut is no news. */
  #broken({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    this.#refuse(BROKEN.get(code) ?? 400, socket)
  }

  #refuse(status: number, socket: Socket): void {
    this.#options.onBroken?.(status)
    // Behind an answer, or in the middle of one, nobody would understand another.
    if (socket.bytesWritten > 0) socket.destroy()
    else socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`, () => socket.destroy())
  }
}
