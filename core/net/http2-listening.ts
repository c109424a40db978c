import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'

import { Serving, type ServingOptions } from './serving.ts'

export interface Http2ListeningOptions extends ServingOptions {
  readonly onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void
  /** What came was no HTTP/2. Connections on which something was asked may end as they like. */
  readonly onBroken?: () => void
}

/**
 * What may be under way on a stream, and on a connection, before the sender waits for us: the 64 KiB that HTTP/2 begins with cost
 * three times the work, in answers to say so.
 */
const STREAM_WINDOW = 2 ** 20
const CONNECTION_WINDOW = 2 ** 24
/** Requests at one time on a connection. */
const STREAMS = 100
/** Peers are asked this often whether they are there; one that has not answered by the next time is gone. */
const KEEPALIVE_MS = 30_000

/** HTTP/2 without TLS, as gRPC speaks it inside a cluster. */
export class Http2Listening extends Serving<Http2Server> {
  readonly #options: Http2ListeningOptions
  readonly #sessions = new Map<Http2Server, Set<ServerHttp2Session>>()

  constructor(options: Http2ListeningOptions) {
    super(options)
    this.#options = options
  }

  protected make(): Http2Server {
    const { onStream, onBroken, clock } = this.#options
    const settings = { initialWindowSize: STREAM_WINDOW, maxConcurrentStreams: STREAMS }
    const server = createServer({ settings })
    const sessions = new Set<ServerHttp2Session>()
    const spoken = new WeakSet<ServerHttp2Session>()
    this.#sessions.set(server, sessions)
    server.on('session', (session) => {
      sessions.add(session)
      session.setLocalWindowSize(CONNECTION_WINDOW)
      session.on('close', () => sessions.delete(session))
      session.on('error', () => {
        if (!spoken.has(session)) onBroken?.()
      })
    })
    server.on('stream', (stream, headers) => {
      if (stream.session !== undefined) spoken.add(stream.session as ServerHttp2Session)
      onStream(stream, headers)
    })
    const silent = new WeakSet<ServerHttp2Session>()
    const asking = clock.every(KEEPALIVE_MS, () => {
      for (const session of sessions) {
        // It leaves the list only when it is closed, and to ask it until then throws.
        if (session.destroyed) continue
        if (silent.has(session)) session.destroy()
        else if (session.ping(() => silent.delete(session))) silent.add(session)
      }
    })
    server.on('close', asking)
    return server
  }

  protected closeIdle(server: Http2Server): void {
    for (const session of this.#sessions.get(server) ?? []) if (!session.closed) session.close()
  }

  protected closeAll(server: Http2Server): void {
    for (const session of this.#sessions.get(server) ?? []) session.destroy()
  }
}
