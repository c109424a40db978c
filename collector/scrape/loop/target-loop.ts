import type { Clock } from '#core/clock.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { Signals } from '#core/ports/decoder.ts'
import type { Intake } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { TargetInfo } from '#core/ports/targets.ts'
import type { SampleBuilder } from '#core/sample.ts'
import type { Steps } from '#core/steps.ts'

import type { Budget, Share } from '../../http/budget.ts'
import type { Traffic } from '../../receivers/traffic.ts'
import type { HttpClient } from '../client/http-client.ts'
import type { ScrapeJob } from '../config/job-schema.ts'
import { acceptHeader, pageFormat } from '../target/content-type.ts'
import type { PageCounters } from '../target/counters.ts'
import { type Fetched, ScrapeDecoder, type ScrapeDecoderOptions } from '../target/scrape-decoder.ts'
import type { Target } from '../target/target.ts'
import type { Gate } from './gate.ts'
import type { LoopCounters } from './loop-counters.ts'
import { Schedule } from './schedule.ts'

/** What the loops of all targets share. */
export interface LoopDeps {
  readonly intake: Intake
  readonly clock: Clock
  readonly log: Log
  readonly gate: Gate
  readonly budget: Budget
  readonly builder: SampleBuilder
  readonly pages: PageCounters
  readonly counters: LoopCounters
  readonly traffic: Traffic
  readonly user_agent: string
}

export interface TargetLoopOptions extends LoopDeps {
  readonly job: ScrapeJob
  readonly target: Target
  readonly client: HttpClient
  /** Why no target of the job may be scraped, '' where they may. */
  readonly forbidden: () => string
}

/** Not the target's doing: nothing is written about it. */
const OURS: ReadonlySet<string> = new Set(['overloaded', 'canceled'])

function decoding({ job, target, builder, pages }: TargetLoopOptions): ScrapeDecoderOptions {
  return { ...job, labels: target.labels, builder, counters: pages }
}

function headersOf({ job, target, user_agent }: TargetLoopOptions): Readonly<Record<string, string>> {
  return {
    accept: acceptHeader(job.protocols, job.escaping),
    'accept-encoding': job.enable_compression ? 'gzip' : 'identity',
    'user-agent': user_agent,
    'x-prometheus-scrape-timeout-seconds': String(target.timeout_ms / 1000),
  }
}

/** Scrapes one target at its interval, one scrape at a time. */
export class TargetLoop {
  #options: TargetLoopOptions
  readonly #schedule: Schedule
  readonly #decoder: ScrapeDecoder
  #headers: Readonly<Record<string, string>>
  #cancel: () => void = () => undefined
  #running: Promise<void> | undefined
  #stopped = false
  /** The next page is read under other settings. */
  #changed = false
  #health: TargetInfo['health'] = 'unknown'
  #error = ''
  #told = ''
  #scraped_ms: number | undefined
  #duration_s = 0

  constructor(options: TargetLoopOptions) {
    const { target } = options
    this.#options = options
    this.#schedule = new Schedule(target.key, target.interval_ms)
    this.#decoder = new ScrapeDecoder(decoding(options))
    this.#headers = headersOf(options)
  }

  /** Other settings for the same target, from its next scrape on. Resolves when the one under way is over. */
  async use(settings: Pick<TargetLoopOptions, 'job' | 'client'>): Promise<void> {
    this.#options = { ...this.#options, ...settings }
    this.#headers = headersOf(this.#options)
    this.#changed = true
    await this.#running
  }

  get info(): TargetInfo {
    const { job, target } = this.#options
    return {
      pool: job.job,
      url: target.url.href,
      discovered: target.discovered,
      labels: target.labels,
      interval_ms: target.interval_ms,
      timeout_ms: target.timeout_ms,
      health: this.#health,
      last_error: this.#error,
      last_scrape_ms: this.#scraped_ms,
      last_duration_s: this.#duration_s,
    }
  }

  start(): void {
    this.#wait(this.#schedule.after(this.#options.clock.now_ms()))
  }

  /** When the scrape that is under way is over; nothing begins any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#running
  }

  /** The target is no more: its series end. */
  async end(): Promise<void> {
    await this.stop()
    if (this.#scraped_ms === undefined) return
    const time_ms = this.#options.clock.now_ms()
    await this.#submit((writer) => this.#decoder.end(time_ms, writer))
  }

  #wait(due_ms: number): void {
    if (this.#stopped) return
    const { clock, counters } = this.#options
    this.#cancel = clock.after(Math.max(0, due_ms - clock.now_ms()), () => {
      this.#running = this.#scrape(due_ms).finally(() => {
        const next_ms = this.#schedule.after(due_ms)
        const now_ms = clock.now_ms()
        // What was missed is not made up for.
        if (next_ms < now_ms) counters.skipped(Math.ceil((now_ms - next_ms) / this.#schedule.interval_ms))
        this.#wait(next_ms < now_ms ? this.#schedule.after(now_ms) : next_ms)
      })
    })
  }

  async #scrape(due_ms: number): Promise<void> {
    const { gate, budget, clock, counters } = this.#options
    await gate.enter()
    const share = budget.share()
    try {
      if (this.#stopped) return
      if (this.#changed) this.#decoder.use(decoding(this.#options))
      this.#changed = false
      const begun_ms = clock.now_ms()
      const page = await this.#fetch(share)
      const duration_s = (clock.now_ms() - begun_ms) / 1000
      this.#scraped_ms = begun_ms
      this.#duration_s = duration_s
      counters.duration(duration_s)
      if (page === undefined) return
      await this.#take({ time_ms: this.#schedule.timeOf(due_ms, begun_ms), duration_s, page })
    } catch (error) {
      this.#options.log.error('a scrape failed', { url: this.info.url, error: messageOf(error) })
    } finally {
      share.release()
      gate.leave()
    }
  }

  /** The page, or why the target gives none; undefined where it is not the target that failed. */
  async #fetch(share: Share): Promise<Fetched['page'] | undefined> {
    const { job, target, client, traffic } = this.#options
    const forbidden = this.#options.forbidden()
    if (forbidden !== '') return { error: forbidden }
    try {
      const { url, timeout_ms } = target
      const { body, wire, contentType } = await client.get({ url, headers: this.#headers, timeout_ms, share })
      traffic.bytes('metrics', wire)
      // What has nothing to say says it in any format, as Prometheus has it.
      return { body, format: body.length === 0 ? 'text' : pageFormat(contentType, job.fallback_scrape_protocol) }
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      traffic.request('metrics', error.code)
      if (!OURS.has(error.code)) return { error: error.message }
      this.#error = `not scraped: ${error.message}`
      return undefined
    }
  }

  async #take(fetched: Fetched): Promise<void> {
    const decoder = this.#decoder
    const refused = await this.#submit((writer) => decoder.decode(fetched, writer))
    if (refused !== undefined) {
      this.#error = `not stored: ${refused}`
      return
    }
    const { error, brokenRule } = decoder
    this.#health = error === '' ? 'up' : 'down'
    this.#error = error
    if ('body' in fetched.page) this.#options.traffic.request('metrics', error === '' ? 'ok' : 'bad_data')
    this.#tell(error === '' && brokenRule !== '' ? `the page breaks a rule of OpenMetrics: ${brokenRule}` : error)
  }

  /** Why it was not stored; undefined where it was. */
  async #submit(
    decode: (writer: Parameters<ScrapeDecoder['decode']>[1]) => Steps<Signals>,
  ): Promise<string | undefined> {
    let decoded = false
    try {
      await this.#options.intake.submit({
        kind: 'samples',
        source: 'scrape',
        decode: (writer) => {
          decoded = true
          return decode(writer)
        },
      })
      return undefined
    } catch (error) {
      if (decoded) this.#decoder.undo()
      const known = error instanceof ServiceError
      this.#options.counters.refused(known ? error.code : 'internal')
      return messageOf(error)
    }
  }

  /** Once, until it is another. */
  #tell(what: string): void {
    if (what === this.#told) return
    this.#told = what
    const { log } = this.#options
    const { url } = this.info
    if (what !== '') log.debug('a target is not scraped as it should be', { url, reason: what })
  }
}
