import { ManualClock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Decoder, Signals } from '#core/ports/decoder.ts'
import type { Input, OtlpRequest } from '#core/ports/intake.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { atOnce } from '#core/steps.ts'

import { alertForm, changeForm, findingForm, incidentForm } from '../api/index.ts'
import { createDecoder } from '../collector/index.ts'
import { refuseProblems } from '../detectors/index.ts'
import { captureFiles, readCapture } from './capture.ts'
import { decoderOptions, localeOf, outside } from './config-parts.ts'
import type { Config } from './config.ts'
import { Engine } from './engine.ts'
import { readRules } from './rules.ts'
import { silentTelemetry } from './telemetry.ts'

/** More than anybody reads; a bound all the same. */
const LIST = 1_000_000
/** Longer than an incident is held back for its cause to become known. */
const GRACE_MS = 15_000

export interface ReplayOptions {
  readonly config: Config
  readonly rulePaths: readonly string[]
  /** A file or a folder. */
  readonly capture: string
  /** Told now and then, inputs so far. */
  readonly onProgress?: (inputs: number) => void
}

/** What a capture came to, in the forms of the API. */
export interface Replayed {
  readonly findings: readonly unknown[]
  readonly incidents: readonly unknown[]
  readonly changes: readonly unknown[]
  readonly alerts: readonly unknown[]
  readonly messages: readonly unknown[]
  readonly counts: Readonly<Record<string, number>>
}

/** The engine on a hand-driven clock: the same code as `serve`, without journal and sockets. */
class Replay {
  readonly engine: Engine
  readonly #clock: ManualClock
  readonly #decoder: Decoder
  readonly #counts = {
    inputs: 0,
    requests: 0,
    ticks: 0,
    changes: 0,
    commands: 0,
    feedback: 0,
    answers: 0,
    samples: 0,
    log_records: 0,
    spans: 0,
    rejected: 0,
    refused: 0,
  }
  #ticked = false

  /** `begin_ms`: the first time in the capture; a clock that started at 0 would run its timers for half a century. */
  constructor({ config, rulePaths }: ReplayOptions, begin_ms: number) {
    this.#decoder = createDecoder({ meter: silentMeter, ...decoderOptions(config) })
    this.#clock = new ManualClock(begin_ms)
    this.engine = new Engine({
      config,
      database: ':memory:',
      clock: this.#clock,
      log: silentLog,
      meter: silentMeter,
      external_url: 'http://localhost:7300',
      traced: (name, run) => silentTelemetry.traced(name, run),
      recordMessages: true,
    })
    const rules = readRules(rulePaths, this.engine.query, outside(config))
    refuseProblems(rules.problems)
    this.engine.setRules(rules)
  }

  static async start(options: ReplayOptions, begin_ms: number): Promise<Replay> {
    const replay = new Replay(options, begin_ms)
    await replay.engine.alerting.sender.start()
    return replay
  }

  get counts(): Readonly<Record<string, number>> {
    return this.#counts
  }

  async take(input: Input, time_ms: number): Promise<void> {
    this.#counts.inputs++
    try {
      await this.#apply(input, time_ms)
    } catch (error) {
      // What was refused when it came is refused again.
      if (!(error instanceof ServiceError)) throw error
      this.#counts.refused++
    }
  }

  /** Tells what is due at the end of the capture, and what waits a moment for its cause. */
  async end(): Promise<void> {
    const { sender } = this.engine.alerting
    await sender.flush()
    this.#clock.advanceTo(this.#clock.now_ms() + GRACE_MS)
    await sender.flush()
    await sender.stop()
  }

  async #apply(input: Input, time_ms: number): Promise<void> {
    switch (input.kind) {
      case 'otlp':
        this.#request(input)
        await this.#follow(time_ms)
        break
      case 'samples':
        this.#observe(atOnce(input.decode(this.engine.store)))
        await this.#follow(time_ms)
        break
      case 'tick':
        this.#ticked = true
        this.#counts.ticks++
        await this.#move(input.time_ms, () => this.engine.tick(input))
        break
      case 'answers':
        this.#counts.answers += input.answers.length
        await this.engine.answers(input)
        await this.#follow(time_ms)
        break
      case 'change':
        this.#counts.changes++
        this.engine.change(input.change)
        break
      case 'command':
        this.#counts.commands++
        this.engine.command(input)
        break
      case 'feedback':
        this.#counts.feedback++
        this.engine.feedback(input)
        break
    }
  }

  /** Without a clock in the capture the newest event time is the time, and it moves between requests. */
  async #follow(time_ms: number): Promise<void> {
    if (!this.#ticked && Number.isFinite(time_ms)) await this.#move(time_ms, () => this.engine.follow({ time_ms }))
  }

  async #move(time_ms: number, run: () => Promise<unknown>): Promise<void> {
    this.#clock.advanceTo(time_ms)
    await run()
  }

  #request(request: OtlpRequest): void {
    this.#observe(atOnce(this.#decoder.decode(request, this.engine.store)))
  }

  #observe(signals: Signals): void {
    const { rejected } = atOnce(this.engine.observe(signals))
    this.#counts.requests++
    this.#counts.samples += signals.samples.floats.length + signals.samples.histograms.length
    this.#counts.log_records += signals.logs.length
    this.#counts.spans += signals.spans.length
    this.#counts.rejected += signals.rejected + rejected
  }
}

/** Throws `ServiceError('bad_data')` naming file and line for what cannot be read. */
export async function replayCapture(options: ReplayOptions): Promise<Replayed> {
  let replay: Replay | undefined
  for await (const { input, time_ms } of readCapture(captureFiles(options.capture))) {
    replay ??= await Replay.start(options, Number.isFinite(time_ms) ? time_ms : 0)
    await replay.take(input, time_ms)
    if (replay.counts['inputs']! % 1000 === 0) options.onProgress?.(replay.counts['inputs']!)
  }
  replay ??= await Replay.start(options, 0)
  await replay.end()
  return summary(replay, options.config)
}

function summary({ engine, counts }: Replay, config: Config): Replayed {
  const { detectors, alerting, changes } = engine
  const members = { findings: detectors.findings, changes }
  const locale = localeOf(config)
  const replayed = {
    findings: detectors.findings.list({ limit: LIST }).map((finding) => findingForm(finding, locale)),
    incidents: alerting.incidents.list({ limit: LIST }).map((incident) => incidentForm(incident, members, locale)),
    changes: changes.list({ limit: LIST }).map((change) => changeForm(change)),
    alerts: detectors.alerts.active().map((alert) => alertForm(alert)),
    messages: alerting.messages(),
    counts,
  }
  engine.close()
  return replayed
}
