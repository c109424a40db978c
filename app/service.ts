import { randomInt } from 'node:crypto'
import { join, resolve } from 'node:path'

import { stringify } from 'yaml'

import { assert } from '#core/assert.ts'
import type { Clock } from '#core/clock.ts'
import type { Component } from '#core/component.ts'
import type { LoadedConfig } from '#core/config/load.ts'
import { LeftBehind } from '#core/left-behind.ts'
import { urlAt } from '#core/net/loopback.ts'
import type { Log } from '#core/ports/log.ts'
import { Checkpoint } from '#core/store/checkpoint.ts'
import { DiskSpace } from '#core/store/disk-space.ts'
import { JournalSeries } from '#core/store/journal-series.ts'
import { Journal, type JournalOptions } from '#core/store/journal.ts'
import { Positions } from '#core/store/positions.ts'

import { type ApiComponent, createApi } from '../api/index.ts'
import { createDecoder } from '../collector/index.ts'
import { refuseProblems } from '../detectors/index.ts'
import { createUpstreams, createWriters, type RemoteWriters, type UpstreamList } from '../upstream/index.ts'
import { decoderOptions, externalUrl, localeOf, outside } from './config-parts.ts'
import type { Config } from './config.ts'
import { Engine } from './engine.ts'
import { Gate } from './gate.ts'
import { youngCollector } from './heap.ts'
import { FolderLock } from './lock.ts'
import { Pipeline } from './pipeline.ts'
import { openRecording, type Recording } from './recording.ts'
import { reloaded } from './reloaded.ts'
import { resultsText } from './results.ts'
import { readRules, rulePaths, type Rules, unknownDatasources } from './rules.ts'
import { Sources } from './sources.ts'
import { JournaledStages } from './stages.ts'
import type { Telemetry } from './telemetry.ts'
import { Ticking } from './ticking.ts'
import { historyWishes, withTrouble } from './upstreams.ts'
import { version } from './version.ts'

/** What waits for an upstream is sent this long at the end; the rest is kept for the next start. */
const LAST_SENDING_MS = 5000
const LOCK_MS = 1000
const CONSOLE = join(import.meta.dirname, '../api/console')

export interface ServiceOptions {
  readonly loaded: LoadedConfig<Config>
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
  /** Reads the configuration again. Throws `ServiceError('bad_config')` with every problem. Not there: it stays. */
  readonly reread?: () => LoadedConfig<Config>
  /** Rule files and folders beside those of the configuration. */
  readonly moreRules?: readonly string[]
  /** Where to take down what enters. */
  readonly record?: string | undefined
  /** How the journal is written; for tests to fail. */
  readonly write?: JournalOptions['write']
}

/** The whole process: engine, journal, receivers, API, senders. Starts from the sinks backwards, stops the other way round. */
export class Service implements Component {
  readonly engine: Engine
  readonly pipeline: Pipeline
  readonly upstreams: UpstreamList
  readonly #options: ServiceOptions
  readonly #stages: JournaledStages
  readonly #journal: Journal
  readonly #disk: DiskSpace
  readonly #sources: Sources
  readonly #writers: RemoteWriters
  readonly #gate: Gate
  readonly #api: ApiComponent
  readonly #recording: Recording | undefined
  readonly #ticking: Ticking
  readonly #lock: FolderLock
  readonly #lost = Promise.withResolvers<never>()
  #cancelLooking: (() => void) | undefined
  /** What is in force of the configuration. */
  #loaded: LoadedConfig<Config>
  #notReady: string | null = 'starting'
  #rules: Rules = { groups: [], policies: [], problems: [], files: [] }
  #stopping: Promise<void> | undefined

  /** Throws `ServiceError('bad_config')` where the data folder, the rules or the configuration cannot be used, `ServiceError('conflict')` where another process has the folder. */
  constructor(options: ServiceOptions) {
    const { loaded, clock, log, telemetry } = options
    const { value: config, folder } = loaded
    const { meter } = telemetry
    const data = resolve(folder, config.data)
    this.#options = options
    this.#loaded = loaded
    this.#lock = new FolderLock(data)
    // Whoever does not look goes on.
    this.#lost.promise.catch(() => undefined)
    const peers = peersDeps(options, data)
    let writers: RemoteWriters | undefined
    this.engine = new Engine({
      config,
      folder: data,
      database: join(data, 'barograph.sqlite'),
      clock,
      log,
      meter,
      external_url: this.externalUrl,
      traced: (name, run) => telemetry.traced(name, run),
      listener: (store) =>
        (writers = createWriters(config.upstream, { ...peers, definition: (id) => store.definition(id) })),
    })
    assert(writers !== undefined, 'the engine asks for its listener')
    this.#writers = writers
    this.#loadRules(loaded)
    const positions = new Positions()
    const series = new JournalSeries(this.engine.store)
    // A journal that was begun anew gives its numbers to other series: what is left of the one before must not be taken for its own.
    series.begin(randomInt(2 ** 31))
    const decoder = createDecoder({
      meter,
      ...decoderOptions(config),
      now_ms: () => clock.now_ms(),
      seed: randomInt(2 ** 31),
    })
    this.#journal = new Journal({
      folder: join(data, 'journal'),
      series,
      numbers: 2 * config.limits.series,
      clock,
      log,
      meter,
      ...(options.write !== undefined && { write: options.write }),
    })
    this.#recording = options.record === undefined ? undefined : openRecording(options.record, log)
    this.#disk = new DiskSpace({ folder: data, reserve: config.limits.disk_reserve, clock, log, meter })
    this.#stages = new JournaledStages({
      engine: this.engine,
      decoder,
      journal: this.#journal,
      journal_bytes: config.limits.journal,
      replay_ms: config.limits.replay,
      checkpoint: new Checkpoint({ folder: data, log }),
      positions,
      series,
      disk: this.#disk,
      recorder: this.#recording,
      clock,
      log,
    })
    this.pipeline = new Pipeline({ stages: this.#stages, queue: config.limits.queue, meter, log })
    this.upstreams = this.#createUpstreams(peers)
    const leftBehind = new LeftBehind(youngCollector())
    this.#gate = new Gate(this.pipeline, !this.upstreams.hasHistory)
    this.#sources = new Sources(config, { intake: this.#gate, positions, folder, clock, meter, log, leftBehind })
    this.#ticking = this.#createTicking()
    this.#api = this.#createApi(leftBehind)
  }

  /** Rejects with `ServiceError('conflict')` when another process has the folder: what is written tears its journal, what is acknowledged is lost. */
  get lost(): Promise<never> {
    return this.#lost.promise
  }

  get externalUrl(): string {
    return externalUrl(this.#options.loaded.value)
  }

  get apiUrl(): string {
    return this.#urlOf(this.#api.addresses)
  }

  get otlpUrl(): string {
    return this.#urlOf(this.#sources.otlpAddresses)
  }

  /** OTLP over gRPC, as senders without TLS write it. */
  get grpcUrl(): string {
    return this.#urlOf(this.#sources.grpcAddresses)
  }

  get rules(): Rules {
    return this.#rules
  }

  async start(): Promise<void> {
    const { clock, log } = this.#options
    const { sender } = this.engine.alerting
    this.#cancelLooking = clock.every(LOCK_MS, () => this.#keepLock())
    sender.hold()
    const applied = await this.#stages.recover()
    this.#sources.resume(this.engine.analysis_ms ?? -Infinity)
    if (applied > 0) log.info('resumed from the journal', { inputs: applied })
    this.#writers.start()
    await sender.start()
    await this.#disk.start()
    // Time is known before the first request: what lies too far ahead of it is refused.
    await this.#ticking.once()
    await this.#api.start()
    await this.#sources.start()
    this.upstreams.start()
    this.#ticking.start()
    sender.release()
    if (this.#gate.isOpen) this.#notReady = null
    else void this.#openAfterHistory()
  }

  /** Drains what was accepted, saves, and lets go of everything. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /**
   * Reads scrape jobs and rule files again, and gives the other keys that changed, which wait for a restart. Where anything is bad, all stays
   * as it was. Throws `ServiceError('bad_config')` with every problem.
   */
  async reload(): Promise<readonly string[]> {
    const { log, reread } = this.#options
    const { loaded, waiting } = reloaded(this.#loaded, reread?.() ?? this.#loaded)
    await this.pipeline.between(() => this.#loadRules(loaded))
    this.#loaded = loaded
    if (reread !== undefined) this.#sources.scrape(loaded.value.scrape)
    if (waiting.length > 0) log.warn('changes of the configuration wait for a restart', { keys: waiting.join() })
    log.info('rules and scrape jobs were read again', {
      files: this.#rules.files.length,
      groups: this.#rules.groups.length,
      jobs: loaded.value.scrape.length,
    })
    return waiting
  }

  #keepLock(): void {
    const { log } = this.#options
    try {
      if (this.#lock.keep() === 'again') log.warn('lock.sqlite was deleted and is made again; it is no remnant', {})
    } catch (error) {
      this.#lost.reject(error)
    }
  }

  async #openAfterHistory(): Promise<void> {
    this.#notReady = 'fetching history'
    await this.upstreams.first()
    this.#gate.open()
    if (this.#stopping === undefined) this.#notReady = null
  }

  /** Where it is reached, '' where nothing listens. */
  #urlOf([first]: readonly { readonly port: number }[]): string {
    return first === undefined ? '' : urlAt(this.#options.loaded.value.listen.host, first.port)
  }

  #loadRules(loaded: LoadedConfig<Config>): void {
    const { moreRules = [] } = this.#options
    const paths = [...rulePaths(loaded.value.rules, loaded.folder), ...moreRules]
    const rules = readRules(paths, this.engine.query, outside(loaded.value))
    refuseProblems([...rules.problems, ...unknownDatasources(rules, loaded.value.upstream)])
    this.#rules = rules
    this.engine.setRules(rules)
  }

  #createUpstreams(peers: ReturnType<typeof peersDeps>): UpstreamList {
    const config = this.#options.loaded.value
    return createUpstreams(config.upstream, {
      ...peers,
      writers: this.#writers,
      intake: this.pipeline,
      wishes: () => historyWishes(this.#rules),
      inspect: (expr) => this.engine.query.inspect(expr),
      reader: this.engine.reader,
      retention_ms: config.retention.samples,
      questions: this.engine.detectors.rules,
      lateness_ms: config.lateness,
    })
  }

  #createApi(leftBehind: LeftBehind): ApiComponent {
    const { loaded, clock, log, telemetry } = this.#options
    const { listen, limits } = loaded.value
    const { engine } = this
    const { detectors, alerting, scaler } = engine
    const { component } = createApi({
      ports: {
        query: engine.query,
        reader: engine.reader,
        findings: detectors.findings,
        incidents: alerting.incidents,
        changes: engine.changes,
        graph: engine.graph,
        rules: withTrouble(detectors.ruleList, this.upstreams),
        alerts: detectors.alerts,
        scores: detectors.scores,
        forecasts: detectors.forecasts,
        hints: scaler,
        live: engine.live,
        upstreams: this.upstreams,
        targets: this.#sources.targets,
        intake: this.#gate,
      },
      ready: () => this.#notReady,
      metrics: async () =>
        `${await telemetry.exposition()}${await resultsText({ scores: detectors.scores, hints: scaler, limit: limits.exposed_series })}`,
      config: () => stringify(this.#loaded.raw),
      reload: () => this.reload(),
      locale: localeOf(loaded.value),
      external_url: this.externalUrl,
      version,
      limits: {
        query_timeout_ms: limits.query_timeout,
        query_points: limits.query_points,
        answer_points: limits.answer_points,
        stream_clients: limits.stream_clients,
        connections: limits.connections,
      },
      clock,
      turns: engine.turns,
      leftBehind,
      log,
      meter: telemetry.meter,
      console_dir: CONSOLE,
      listen: { host: listen.host, port: listen.http ?? 0 },
      mounts: this.#sources.mounts,
    })
    return component
  }

  #createTicking(): Ticking {
    const { clock, log, telemetry } = this.#options
    const complete_ms = (time_ms: number): number | undefined => {
      return this.#sources.complete(time_ms, !this.#gate.isOpen || this.#stages.refusing)
    }
    const last_ms = (): number | undefined => this.engine.analysis_ms
    return new Ticking({ pipeline: this.pipeline, clock, log, meter: telemetry.meter, last_ms, complete_ms })
  }

  async #lastSending(): Promise<void> {
    const late = new AbortController()
    const cancel = this.#options.clock.after(LAST_SENDING_MS, () => late.abort())
    await this.#writers.stop(late.signal)
    cancel()
  }

  async #stop(): Promise<void> {
    this.#notReady = 'stopping'
    this.#ticking.stop()
    await this.#disk.stop()
    await this.upstreams.stop()
    await this.#sources.stop()
    await this.pipeline.close()
    await this.#lastSending()
    await this.#stages.close()
    await this.engine.alerting.sender.stop()
    await this.#api.stop()
    this.#recording?.close()
    this.#journal.close()
    this.engine.close()
    this.#cancelLooking?.()
    this.#lock.release()
  }
}

/** What those are made with that meet upstreams. */
function peersDeps({ loaded, clock, log, telemetry: { meter } }: ServiceOptions, data: string) {
  const { external_labels } = loaded.value
  return { folder: join(data, 'upstream'), external_labels, version, clock, fetch, log, meter }
}
