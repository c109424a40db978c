import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import type { Clock } from '../clock.ts'
import type { Component } from '../component.ts'
import { ServiceError } from '../errors.ts'
import type { Log } from '../ports/log.ts'

export interface ListeningOptions {
  /** `localhost` is both loopback addresses on one port. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** The key of the configuration that sets the port. */
  readonly setting: string
  readonly onRequest: RequestListener
  /** What came was no HTTP, too much head, or too slow: it was answered with this status. */
  readonly onBroken?: (status: number) => void
  /** Ends answers that would never end by themselves. */
  readonly onStop?: () => void
  readonly connections: number
  readonly request_ms: number
  readonly drain_ms: number
  readonly clock: Clock
  readonly log: Log
}

const SWEEP_MS = 20
/** For the head of a request to arrive. */
const HEADERS_MS = 10_000

/** Statuses of what Node's parser refuses; the rest is 400. */
const BROKEN: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
])

/** A machine without IPv6 (or without IPv4) is no reason not to start. */
const NO_SUCH_FAMILY = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

function refusal(error: NodeJS.ErrnoException, { host, port, setting }: ListeningOptions): ServiceError {
  const cause = { cause: error }
  if (error.code === 'EADDRINUSE') {
    const advice = `end what holds it, or set another with ${setting}`
    return new ServiceError('conflict', `port ${port} on ${host} is taken; ${advice}`, cause)
  }
  if (error.code === 'EACCES') {
    return new ServiceError('bad_config', `port ${port} needs rights that this user lacks; see ${setting}`, cause)
  }
  return new ServiceError('bad_config', `cannot listen on ${host} port ${port}; see listen.host`, cause)
}

/** A plain HTTP server, on one address or on both of loopback. */
export class Listening implements Component {
  readonly #options: ListeningOptions
  readonly #servers: Server[] = []
  #stopped = false

  constructor(options: ListeningOptions) {
    this.#options = options
  }

  get stopped(): boolean {
    return this.#stopped
  }

  get addresses(): readonly { readonly host: string; readonly port: number }[] {
    return this.#servers.flatMap((server) => {
      const address = server.address() as AddressInfo | null
      return address === null ? [] : [{ host: address.address, port: address.port }]
    })
  }

  async start(): Promise<void> {
    const { host } = this.#options
    let { port } = this.#options
    const hosts = host === 'localhost' ? ['127.0.0.1', '::1'] : [host]
    try {
      for (const address of hosts) {
        if (this.#stopped) break
        // With port 0 the second address takes the port that the first was given.
        port = (await this.#listen(address, port, hosts.length > 1)) ?? port
      }
      if (!this.#stopped && this.#servers.length === 0) {
        throw new ServiceError('bad_config', 'this machine has no loopback address; set listen.host')
      }
    } catch (error) {
      await this.stop()
      throw error
    }
    if (this.#stopped) await this.#close()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#close()
  }

  /** The port; undefined where the machine has no such address and another will do. */
  async #listen(host: string, port: number, optional: boolean): Promise<number | undefined> {
    const { onRequest, connections, request_ms, log } = this.#options
    const headersTimeout = Math.min(HEADERS_MS, request_ms)
    const server = createServer({ requestTimeout: request_ms, headersTimeout }, onRequest)
    server.maxConnections = connections
    const failed = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve)
      server.listen({ host, port }, () => {
        server.off('error', resolve)
        resolve(undefined)
      })
    })
    if (failed !== undefined) {
      if (optional && NO_SUCH_FAMILY.has(failed.code ?? '')) return undefined
      throw refusal(failed, { ...this.#options, host, port })
    }
    server.on('error', (error) => log.error('a listener failed', { port, error }))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#broken(error, socket as Socket))
    this.#servers.push(server)
    return (server.address() as AddressInfo).port
  }

  /** As Node does it where nobody counts; a connection that was simply cut is no news. */
  #broken({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const status = BROKEN.get(code) ?? 400
    this.#options.onBroken?.(status)
    // Behind an answer, or in the middle of one, nobody would understand another.
    if (socket.bytesWritten > 0) socket.destroy()
    else socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`, () => socket.destroy())
  }

  async #close(): Promise<void> {
    const { clock, drain_ms, onStop } = this.#options
    onStop?.()
    await Promise.all(
      this.#servers.splice(0).map(async (server) => {
        const closed = new Promise<void>((resolve) => {
          server.close(() => resolve())
        })
        // A connection that was busy at `close` falls idle later, and would be kept alive.
        const sweeping = clock.every(SWEEP_MS, () => server.closeIdleConnections())
        const draining = clock.after(drain_ms, () => server.closeAllConnections())
        await closed
        sweeping()
        draining()
      }),
    )
  }
}
