import type { AddressInfo, Server, Socket } from 'node:net'

import { type Clock, monotonicNow_ms } from '../clock.ts'
import type { Component } from '../component.ts'
import { ServiceError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import type { Counter, Meter } from '../ports/meter.ts'

export interface ServingOptions {
  /** `localhost` is both loopback addresses on one port. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** The key of the configuration that sets the port. */
  readonly setting: string
  /** Ends answers that would never end by themselves. */
  readonly onStop?: () => void
  /** Open ones; one more is cut off. */
  readonly connections: number
  readonly drain_ms: number
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
}

const SWEEP_MS = 20
/** So long after the last connection that was cut off the next one is told again. */
const CALM_MS = 60_000
/** Where all connections are taken, those make room on which nothing was said for so long, some at a time. */
const SILENT_MS = 1000
const SILENT_AT_ONCE = 16

/** A machine without IPv6 (or without IPv4) is no reason not to start. */
const NO_SUCH_FAMILY = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

function refusal(error: NodeJS.ErrnoException, { host, port, setting }: ServingOptions): ServiceError {
  const cause = { cause: error }
  if (error.code === 'EADDRINUSE') {
    const advice = `end what holds it, or take another with --set ${setting}=PORT`
    return new ServiceError('conflict', `port ${port} on ${host} is taken; ${advice}`)
  }
  if (error.code === 'EACCES') {
    return new ServiceError('bad_config', `port ${port} needs rights that this user lacks; see ${setting}`, cause)
  }
  return new ServiceError('bad_config', `cannot listen on ${host} port ${port}; see listen.host`, cause)
}

/** What listens on a port, on one address or on both of loopback; the protocol is its heir's. */
export abstract class Serving<One extends Server> implements Component {
  readonly #options: ServingOptions
  readonly #servers: One[] = []
  readonly #refused: Counter
  #refused_ms = -Infinity
  /** When they were opened, oldest first; by no clock that is set. */
  readonly #opened = new Map<Socket, number>()
  #stopped = false

  constructor(options: ServingOptions) {
    this.#options = options
    this.#refused = options.meter.counter('barograph.connections.refused', {
      description: 'Connections cut off because limits.connections others were open, by listener',
    })
  }

  /** A server that does not listen yet. */
  protected abstract make(): One
  /** Lets go of connections on which nothing is asked, now or as soon as what is asked is answered. */
  protected abstract closeIdle(server: One): void
  /** All connections are taken: lets go of those that the peer will not miss. */
  protected makeRoom(_server: One): void {}
  /** Cuts every connection. */
  protected abstract closeAll(server: One): void

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
    const { connections, log } = this.#options
    const server = this.make()
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
    server.on('connection', (socket: Socket) => {
      this.#opened.set(socket, monotonicNow_ms())
      socket.once('close', () => this.#opened.delete(socket))
    })
    server.on('drop', () => this.#drop(server))
    this.#servers.push(server)
    return (server.address() as AddressInfo).port
  }

  #drop(server: One): void {
    const { setting, connections, clock, log } = this.#options
    this.#refused.add(1, { listener: setting })
    this.makeRoom(server)
    this.#cutSilent(setting)
    const now_ms = clock.now_ms()
    if (now_ms - this.#refused_ms >= CALM_MS) {
      log.warn('Too many connections are open; more are cut off (limits.connections).', {
        listener: setting,
        connections,
      })
    }
    this.#refused_ms = now_ms
  }

  #cutSilent(listener: string): void {
    const before = monotonicNow_ms() - SILENT_MS
    let cut = 0
    for (const [socket, opened] of this.#opened) {
      if (opened > before || cut === SILENT_AT_ONCE) break
      if (socket.bytesRead > 0 || socket.destroyed) continue
      socket.destroy()
      cut++
    }
    if (cut > 0) this.#refused.add(cut, { listener })
  }

  async #close(): Promise<void> {
    const { clock, drain_ms, onStop } = this.#options
    onStop?.()
    await Promise.all(
      this.#servers.splice(0).map(async (server) => {
        const closed = new Promise<void>((resolve) => {
          server.close(() => resolve())
        })
        this.closeIdle(server)
        // A connection that was busy at `close` falls idle later, and would be kept alive.
        const sweeping = clock.every(SWEEP_MS, () => this.closeIdle(server))
        const draining = clock.after(drain_ms, () => this.closeAll(server))
        await closed
        sweeping()
        draining()
      }),
    )
  }
}
