import { randomInt } from 'node:crypto'

import type { Clock } from '#core/clock.ts'
import type { Component } from '#core/component.ts'
import { messageOf } from '#core/errors.ts'
import type { LeftBehind } from '#core/left-behind.ts'
import type { Intake } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { Mount } from '#core/ports/mounts.ts'
import type { TargetReader } from '#core/ports/targets.ts'

import {
  Budget,
  createMounts,
  type Positions,
  RECEIVER_LIMITS,
  type ReceiverDeps,
  receivers,
  type RunningReceiver,
  type RunningScrape,
} from '../collector/index.ts'
import { remoteWriteOptions } from './config-parts.ts'
import type { Config } from './config.ts'
import { version } from './version.ts'

/** Rules wait for a source that lags, but not longer than this: a source that never catches up must not silence them. */
const WAIT_MS = 600_000

export interface SourcesDeps {
  readonly intake: Intake
  readonly positions: Positions
  /** Where relative files of the configuration lie. */
  readonly folder: string
  readonly clock: Clock
  readonly meter: Meter
  readonly log: Log
  /** What bodies were in that are gone. */
  readonly leftBehind: LeftBehind
}

/** Every way in that the configuration opens. */
export class Sources implements Component {
  readonly #running: readonly RunningReceiver[]
  readonly #otlp: RunningReceiver | undefined
  readonly #grpc: RunningReceiver | undefined
  /** What is taken in on the API's port. */
  readonly mounts: readonly Mount[]
  /** Those that listen. */
  readonly #doors: readonly RunningReceiver[]
  readonly #scrape: RunningScrape
  readonly #log: Log
  /** Peers that have not answered yet: what they have for us is not known. */
  readonly #starting = new Set<RunningReceiver>()
  /** Up to here everything had come when it was last looked. */
  #complete_ms = -Infinity

  constructor(config: Config, deps: SourcesDeps) {
    const { listen, kafka, scrape, limits } = config
    const { body, body_inflated, bodies_in_flight, connections } = limits
    this.#log = deps.log
    const given: ReceiverDeps = {
      ...deps,
      limits: { ...RECEIVER_LIMITS, body, body_inflated, bodies_in_flight, connections },
      bodies: new Budget(bodies_in_flight, deps.meter, deps.leftBehind),
    }
    this.mounts = createMounts(given, { ...remoteWriteOptions(config), seed: randomInt(2 ** 31) })
    const { host } = listen
    this.#otlp =
      listen.otlp_http === null ? undefined : receivers.otlpHttp.create({ host, port: listen.otlp_http }, given)
    this.#grpc =
      listen.otlp_grpc === null ? undefined : receivers.otlpGrpc.create({ host, port: listen.otlp_grpc }, given)
    this.#doors = [this.#otlp, this.#grpc].filter((door) => door !== undefined)
    this.#scrape = receivers.scrape.create(
      {
        jobs: scrape,
        folder: deps.folder,
        scrapes: limits.scrapes,
        targets: limits.scrape_targets,
        user_agent: `Barograph/${version}`,
      },
      given,
    )
    const fetching = kafka === null ? [] : [receivers.kafka.create(kafka, given)]
    this.#running = [...this.#doors, ...fetching, this.#scrape]
  }

  get otlpAddresses(): RunningReceiver['addresses'] {
    return this.#otlp?.addresses ?? []
  }

  get grpcAddresses(): RunningReceiver['addresses'] {
    return this.#grpc?.addresses ?? []
  }

  /** Whom we scrape. */
  get targets(): TargetReader {
    return this.#scrape
  }

  /** Scrapes these jobs from now on. */
  scrape(jobs: Config['scrape']): void {
    this.#scrape.replace(jobs)
  }

  /** What was known to be complete before this process began. */
  resume(complete_ms: number): void {
    this.#complete_ms = complete_ms
  }

  /** Where a source lags, or `shut` keeps all of them out: up to when data is complete, at most 10 min ago. Undefined where none does. */
  complete(now_ms: number, shut = false): number | undefined {
    if (shut || this.#running.some((receiver) => this.#starting.has(receiver) || receiver.lagging()))
      return Math.max(this.#complete_ms, now_ms - WAIT_MS)
    this.#complete_ms = now_ms
    return undefined
  }

  /** Our own doors are open when this returns; a peer may take its time, or be away. */
  async start(): Promise<void> {
    for (const door of this.#doors) await door.start()
    for (const receiver of this.#running) if (!this.#doors.includes(receiver)) void this.#await(receiver)
  }

  async #await(receiver: RunningReceiver): Promise<void> {
    this.#starting.add(receiver)
    try {
      await receiver.start()
    } catch (error) {
      this.#log.error('a receiver did not start', { error: messageOf(error) })
    }
    this.#starting.delete(receiver)
  }

  async stop(): Promise<void> {
    for (const receiver of this.#running.toReversed()) await receiver.stop()
  }
}
