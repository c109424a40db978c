import { Bus } from '#core/bus.ts'
import type { Change } from '#core/change.ts'
import { type Clock, loopIdle_ms, monotonicNow_ms, SET_BACK_MS } from '#core/clock.ts'
import type { Snapshot } from '#core/component.ts'
import { messageOf } from '#core/errors.ts'
import type { AnswersInput, FindingFeedback, IncidentCommand, Moment, Receipt, Tick } from '#core/ports/intake.ts'
import type { LiveEvent, LiveEvents } from '#core/ports/live.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { AppendResult } from '#core/ports/series-writer.ts'
import type { StoredSamples } from '#core/ports/stored-samples.ts'
import { ReportingWriter } from '#core/reporting-writer.ts'
import type { SampleBatch } from '#core/sample.ts'
import type { LogRecord, Span } from '#core/signal.ts'
import type { Steps } from '#core/steps.ts'
import { type Aging, BelievedTime } from '#core/store/aging.ts'
import { ChangeLog } from '#core/store/change-log.ts'
import { CallGraph } from '#core/store/service-graph.ts'
import { Store } from '#core/store/store.ts'
import { Turns } from '#core/turns.ts'

import { type Alerting, createAlerting } from '../alerting/index.ts'
import { createDetectors, type Detectors, ForecastTable } from '../detectors/index.ts'
import { atOnce, createQueryEngine } from '../query/index.ts'
import { Scaler } from '../scaling/index.ts'
import { alertingConfig, detectorsConfig, localeOf, queryLimits, storeLimits } from './config-parts.ts'
import type { Config } from './config.ts'
import { ReaderOf } from './readers.ts'
import type { Rules } from './rules.ts'
import { version } from './version.ts'

export interface EngineOptions {
  readonly config: Config
  /** For files of samples. Not given: they stay in memory. */
  readonly folder?: string
  /** SQLite file; `:memory:` keeps nothing. */
  readonly database: string
  /** For sending, expiry and timeouts; what judges data never asks it. */
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  readonly external_url: string
  /** Keeps what is sent, for `replay`, and sends nothing. */
  readonly recordMessages?: boolean
  /** Told of every sample that is stored, and kept over a restart; made once there is a store to ask what the series are. */
  readonly listener?: (store: Store) => StoredSamples & Snapshot
  /** Runs a stage inside a span. */
  readonly traced: <T>(name: string, run: () => Promise<T>) => Promise<T>
}

/** A decoded request, on its way to the store and the detectors. */
export interface Observed {
  readonly samples: SampleBatch
  readonly logs: readonly LogRecord[]
  readonly spans: readonly Span[]
  /** Fetched from an upstream, which need not be told of it. */
  readonly history?: boolean
}

/** Ticks come each second: after a gap like this nobody was here, or the clock leapt. */
const AWAY_MS = 30_000
/** A forecast counts for a target when it was made this long before: what an autoscaler needs at the least. */
const FORECAST_LEAD_MS = 300_000

/**
 * Everything between the journal and the senders: store, query, detectors, correlation, scaling. The same for `serve` and `replay`. Its
 * calls come one at a time, and each leaves it settled.
 */
export class Engine {
  readonly store: Store
  readonly reader: ReaderOf
  readonly graph: CallGraph
  readonly changes = new ChangeLog()
  readonly query: QueryEngine
  /** Of queries and of the writing of their results. */
  readonly turns = new Turns(monotonicNow_ms, loopIdle_ms)
  readonly detectors: Detectors
  readonly alerting: Alerting
  readonly scaler: Scaler
  readonly live: LiveEvents
  /** What a checkpoint holds, in the order in which it is loaded. */
  readonly snapshots: readonly Snapshot[]
  readonly #traced: EngineOptions['traced']
  readonly #listener: StoredSamples | undefined
  /** How long changes stay. */
  readonly #changes_ms: number
  #analysis_ms: number | undefined
  /** The last tick: only a clock can say that a sample lies too far ahead, a gap in a capture cannot. */
  #ticked_ms: number | undefined
  readonly #believed = new BelievedTime()

  constructor(options: EngineOptions) {
    const { config, database, clock, log, meter, external_url, traced, listener, recordMessages = false } = options
    const bus = new Bus<LiveEvent>((error) => log.error('a listener failed', { error: messageOf(error) }))
    this.live = bus
    this.#traced = traced
    this.#changes_ms = config.retention.incidents
    this.graph = new CallGraph({ meter })
    this.store = this.#openStore(options)
    const told = (this.#listener = listener?.(this.store))
    const derived = told === undefined ? this.store : new ReportingWriter(this.store, told, 'derived')
    const table = new ForecastTable({ lead_ms: FORECAST_LEAD_MS, retention_ms: config.retention.samples })
    this.reader = new ReaderOf([this.store, table])
    const { turns } = this
    this.query = createQueryEngine({ readers: [this.store, table], limits: queryLimits(config), meter, clock, turns })
    this.detectors = createDetectors({
      query: atOnce(this.query),
      reader: this.reader,
      writer: derived,
      table,
      findings: {
        finding: (event) => this.#published({ kind: 'finding', event }, bus, () => this.alerting.finding(event)),
      },
      alerts: { alert: (event) => this.alerting.alert(event) },
      ...detectorsConfig(config),
      analysis_ms: () => this.#analysis_ms,
      aged_ms: () => this.#aging()?.earliest_ms,
      now_ms: () => clock.now_ms(),
      log,
      meter,
    })
    this.alerting = createAlerting({
      graph: this.graph,
      changes: this.changes,
      findings: this.detectors.findings,
      alerts: this.detectors.alerts,
      database,
      config: alertingConfig(config),
      clock,
      log,
      meter,
      locale: localeOf(config),
      external_url,
      limits: incidentLimits(config),
      record: recordMessages,
      version,
      onIncident: (event) => bus.publish({ kind: 'incident', event }),
    })
    this.scaler = new Scaler({
      query: atOnce(this.query),
      reader: this.reader,
      forecasts: this.detectors.forecasts,
      rules: this.detectors.rules,
      writer: derived,
      clock,
      log,
      onHint: (hint) => bus.publish({ kind: 'hint', hint }),
    })
    this.snapshots = [
      this.#time(),
      this.store,
      this.graph,
      this.changes,
      ...this.detectors.snapshots,
      this.scaler,
      ...this.alerting.snapshots,
      ...(told === undefined ? [] : [told]),
    ]
  }

  /** Analysis time: the last tick, or without ticks the newest event time. Undefined before either. */
  get analysis_ms(): number | undefined {
    return this.#analysis_ms
  }

  setRules({ groups, policies }: Pick<Rules, 'groups' | 'policies'>): void {
    this.detectors.setGroups(groups, this.#analysis_ms)
    this.scaler.setPolicies(policies)
  }

  /** Stores and judges what a request brought; tells what the store refused. What is stored stands until the last step. */
  *observe({ samples, logs, spans, history = false }: Observed): Steps<Receipt> {
    const result = yield* this.store.appending(samples)
    this.#listener?.stored(samples, result, history ? 'history' : 'received')
    this.graph.spans(spans)
    yield
    yield* this.detectors.sampling(samples, result.fresh)
    if (logs.length > 0) yield* this.detectors.logging(logs)
    return { ...refusedBy(result), written: writtenOf(samples, result) }
  }

  /**
   * A reading of the wall clock moves analysis time: rules, forecasts, hints, correlation. Time stands where the clock is a little behind it, and
   * is set back where it is `SET_BACK_MS` behind: it was wrong before, and rules would be silent for as long. True where more rules are due than
   * their share.
   */
  async tick(tick: Omit<Tick, 'kind'>): Promise<boolean> {
    if (tick.time_ms < (this.#ticked_ms ?? -Infinity) - SET_BACK_MS) this.#setBack(tick.time_ms)
    const away = tick.time_ms - (this.#ticked_ms ?? Infinity) > AWAY_MS
    this.#ticked_ms = Math.max(this.#ticked_ms ?? -Infinity, tick.time_ms)
    this.#believed.read(this.#ticked_ms)
    return this.follow({ ...tick, away })
  }

  /** The same where there is no clock: the newest event time of a capture moves analysis time. */
  async follow({ time_ms, ...more }: Moment): Promise<boolean> {
    const before_ms = this.#analysis_ms ?? -Infinity
    const now_ms = Math.max(before_ms, time_ms)
    this.#analysis_ms = now_ms
    this.graph.advance(now_ms)
    const unfinished = await this.#traced('barograph.rules', () => this.detectors.tick({ ...more, time_ms: now_ms }))
    // Once a moment, behind all rules where they keep up.
    if (unfinished && now_ms === before_ms) return true
    await this.#traced('barograph.scaling', () => this.scaler.tick(now_ms))
    const aged_ms = this.#aging()?.earliest_ms
    await this.#traced('barograph.correlation', async () => this.alerting.tick(now_ms, aged_ms))
    if (aged_ms !== undefined) this.changes.retain(aged_ms - this.#changes_ms)
    return unfinished
  }

  /** What an upstream said moves its rules, and time does not. */
  answers(input: AnswersInput): Promise<void> {
    return this.#traced('barograph.rules', () => this.detectors.answers(input))
  }

  change(change: Change): void {
    this.detectors.change(change)
    if (this.changes.add(change)) this.alerting.change(change)
  }

  command(command: IncidentCommand): void {
    this.alerting.command(command)
  }

  feedback(said: FindingFeedback): void {
    this.detectors.feedback(said)
  }

  close(): void {
    this.alerting.close()
    this.store.close()
  }

  #setBack(time_ms: number): void {
    this.#ticked_ms = this.#analysis_ms = time_ms
    this.graph.setBack(time_ms)
    this.detectors.setBack(time_ms)
    this.scaler.setBack(time_ms)
  }

  #openStore({ config, folder, meter, log }: EngineOptions): Store {
    const base = {
      limits: storeLimits(config),
      analysis_ms: () => this.#ticked_ms,
      aging: () => this.#aging(),
      meter,
      log,
    }
    return new Store(folder === undefined ? base : { ...base, folder })
  }

  /** Undefined without ticks. */
  #aging(): Aging | undefined {
    return this.#ticked_ms === undefined ? undefined : this.#believed
  }

  /** Analysis time and the last tick as a section of the checkpoint, decimals or nothing; then what is believed of the clock. */
  #time(): Snapshot {
    return {
      name: 'analysis_time',
      save: () => Buffer.from(`${this.#analysis_ms ?? ''} ${this.#ticked_ms ?? ''} ${this.#believed.save()}`),
      load: (bytes) => {
        const [analysis = '', ticked = '', ...believed] = Buffer.from(bytes).toString().split(' ')
        this.#analysis_ms = analysis === '' ? undefined : Number(analysis)
        this.#ticked_ms = ticked === '' ? undefined : Number(ticked)
        this.#believed.load(believed, this.#ticked_ms)
      },
    }
  }

  #published(event: LiveEvent, bus: Bus<LiveEvent>, apply: () => void): void {
    apply()
    bus.publish(event)
  }
}

function incidentLimits({ limits, retention }: EngineOptions['config']) {
  const { open_incidents, incident_members } = limits
  return { open_incidents, incident_members, retention_ms: retention.incidents }
}

/** What of a batch was not stored, for the sender. Duplicates are no loss: the sample is there. */
function refusedBy({ counts: { too_old, too_far_ahead, late_refused } }: AppendResult): Receipt {
  if (too_old + too_far_ahead + late_refused === 0) return { rejected: 0, message: '' }
  const reasons = [
    [too_old, 'a sample is older than is kept'],
    [
      late_refused,
      'a sample is behind its series: further than limits.out_of_order, or at a time that has another value',
    ],
    [too_far_ahead, 'a sample is further ahead than limits.ahead'],
  ] as const
  const refused = reasons.filter(([count]) => count > 0)
  return {
    rejected: refused.reduce((sum, [count]) => sum + count, 0),
    message: refused.map(([count, reason]) => `${reason} (${count})`).join('; '),
  }
}

/** What of metrics is in the store now. */
function writtenOf(
  { floats, histograms, exemplars }: SampleBatch,
  result: AppendResult,
): NonNullable<Receipt['written']> {
  const { counts, refused_histograms } = result
  const refused = counts.too_old + counts.too_far_ahead + counts.late_refused
  return {
    samples: floats.length - (refused - refused_histograms),
    histograms: histograms.length - refused_histograms,
    exemplars: exemplars.length,
  }
}
