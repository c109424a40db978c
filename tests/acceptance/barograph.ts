import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { ManualClock } from '#core/clock.ts'
import { loadConfig } from '#core/config/load.ts'
import { type Log, silentLog } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'

import { configSchema, DEFAULTS } from '../../app/config.ts'
import { Service, type ServiceOptions } from '../../app/service.ts'
import { silentTelemetry } from '../../app/telemetry.ts'

export const SECOND = 1000
export const MINUTE = 60_000
/** 2026-11-20T10:00:00Z, on the grid of every interval in use. */
export const BEGIN = Date.UTC(2026, 10, 20, 10)

export interface Setup {
  /** Text of one rule file. */
  readonly rules: string
  /** Kept over restarts; a fresh one by default. */
  readonly data?: string
  readonly begin_ms?: number
  readonly set?: readonly string[]
  readonly record?: string
  /** Where it counts; nowhere by default. */
  readonly meter?: Meter
  /** Where it speaks; nowhere by default. */
  readonly log?: Log
  /** How the journal is written. */
  readonly write?: ServiceOptions['write']
  /** The packs that are on by default, beside `rules`. */
  readonly packs?: boolean
}

const PACKS = join(import.meta.dirname, '../../rules')

/** A whole Barograph in this process, on free ports, a temporary folder and a clock that the test moves. */
export class Barograph {
  readonly clock: ManualClock
  readonly service: Service
  readonly data: string

  private constructor(clock: ManualClock, service: Service, data: string) {
    this.clock = clock
    this.service = service
    this.data = data
  }

  static async start({
    rules,
    data = mkdtempSync(join(tmpdir(), 'barograph-test-')),
    begin_ms = BEGIN,
    set = [],
    record,
    meter = silentTelemetry.meter,
    packs = false,
    log = silentLog,
    write,
  }: Setup): Promise<Barograph> {
    const folder = join(data, 'rules')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'rules.yml'), rules)
    const overrides = [
      'listen.http=0',
      'listen.otlp_http=0',
      'listen.otlp_grpc=0',
      'observe_self=off',
      `rules=${JSON.stringify([...(packs ? [PACKS] : []), folder])}`,
      ...set,
    ]
    const loaded = loadConfig({
      schema: configSchema,
      defaults: { ...DEFAULTS, data: join(data, 'state') },
      overrides,
      environment: {},
    })
    const clock = new ManualClock(begin_ms)
    const service = new Service({
      loaded,
      clock,
      log,
      telemetry: { ...silentTelemetry, meter },
      record,
      ...(write !== undefined && { write }),
    })
    await service.start()
    return new Barograph(clock, service, data)
  }

  get now_ms(): number {
    return this.clock.now_ms()
  }

  /** Moves the clock second by second, `each` called before each second's tick. */
  async pass(ms: number, each?: (now_ms: number) => Promise<void> | void): Promise<void> {
    const end = this.now_ms + ms
    while (this.now_ms < end) {
      const next = Math.min(end, this.now_ms + SECOND)
      await each?.(next)
      this.clock.advanceTo(next)
      await this.service.pipeline.idle()
      // Peers answer in real time: the clock must not run into their timeouts.
      await this.service.engine.alerting.sender.flush()
    }
  }

  async post(path: `/v1/${string}`, body: unknown): Promise<Response> {
    return fetch(`${this.service.otlpUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.service.apiUrl}${path}`)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  async send(path: string, body: unknown): Promise<Response> {
    return fetch(`${this.service.apiUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  stop(): Promise<void> {
    return this.service.stop()
  }

  /** What is on the disk now, as a crash at this moment would leave it, for another to start from. */
  diskNow(): string {
    // Files are renamed by other threads meanwhile: a copy counts when the same ones were there before and after.
    for (let attempt = 0; ; attempt++) {
      const copy = mkdtempSync(join(tmpdir(), 'barograph-test-'))
      const before = readdirSync(this.data, { recursive: true }).join()
      try {
        cpSync(this.data, copy, { recursive: true })
        if ([this.data, copy].every((folder) => readdirSync(folder, { recursive: true }).join() === before)) return copy
      } catch (error) {
        if (attempt === 20) throw error
      }
      rmSync(copy, { recursive: true })
      if (attempt === 20) throw new Error('files come and go too fast to be copied')
    }
  }
}

export interface SentAlert {
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
  readonly startsAt: string
  readonly endsAt: string
}

/** An Alertmanager that takes everything and remembers it. */
export class Receiver {
  readonly requests: { readonly path: string; readonly body: unknown }[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<Receiver> {
    const server = createServer()
    const receiver = new Receiver(server)
    server.on('request', (request, response) => {
      void receiver.#take(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    this.requests.push({ path: request.url ?? '', body: JSON.parse(body) as unknown })
    response.writeHead(200).end()
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Alerts of one name, in order of arrival. */
  alerts(name: string): SentAlert[] {
    return this.requests
      .flatMap(({ body }) => (Array.isArray(body) ? (body as SentAlert[]) : []))
      .filter(({ labels }) => labels['alertname'] === name)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
