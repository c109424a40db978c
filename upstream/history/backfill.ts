import type { Clock } from '#core/clock.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { Intake } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter } from '#core/ports/meter.ts'
import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import type { MetricMetadata, SeriesReader } from '#core/ports/series-reader.ts'
import type { UpstreamHistory } from '#core/ports/upstreams.ts'

import type { UpstreamClient } from '../client/client.ts'
import { HistoryFetch } from './fetching.ts'
import type { HistoryMarks } from './marks.ts'
import { Pace } from './pace.ts'
import { planHistory, type Wanted, type Wish } from './plan.ts'
import type { HistorySettings } from './settings.ts'
import { splitSeries } from './split.ts'
import { type Target, WindowRun } from './window-run.ts'

/** After a failure it is tried again so much later. */
const AGAIN_MS = 60_000
/** History that ends so shortly before now is complete: the rest comes live. */
const NEAR_MS = 15_000
/** A query must be able to ask for so many samples of a series. */
const LEAST_SAMPLES = 40
const LONGEST_WINDOW_MS = 86_400_000
const USUAL_STEP_MS = 15_000
const TELL_MS = 15_000

export interface BackfillOptions {
  /** Of the upstream. */
  readonly name: string
  readonly settings: HistorySettings
  /** Older samples are not kept. */
  readonly retention_ms: number
  readonly client: UpstreamClient
  readonly marks: HistoryMarks
  readonly intake: Intake
  /** What rules and policies want, asked at the beginning of a run. */
  readonly wishes: () => readonly Wish[]
  readonly inspect: (expr: string) => ExpressionInfo
  /** What is here already. */
  readonly reader: Pick<SeriesReader, 'extent'>
  readonly clock: Clock
  readonly log: Log
  /** Samples by `upstream` and `outcome`: `fetched`, `refused`, `skipped`. */
  readonly counter: Counter
}

const NOTHING: UpstreamHistory = {
  state: 'waiting',
  selectors: 0,
  series: 0,
  from_ms: undefined,
  to_ms: undefined,
  reached_ms: undefined,
  fetched: 0,
  refused: 0,
  skipped: 0,
  trouble: '',
}

/**
 * Fetches what the rules want of an upstream's history and hands it to the intake as it would have come live: all series
 * together, the oldest first. What was fetched is noted, so that a restart goes on from there.
 */
export class Backfill {
  readonly name: string
  readonly #options: BackfillOptions
  #state = NOTHING
  #running: Promise<void> | null = null
  #stop = new AbortController()
  #told_ms = -Infinity

  constructor(options: BackfillOptions) {
    this.name = options.name
    this.#options = options
  }

  get origin(): string {
    return this.#options.client.origin
  }

  state(): UpstreamHistory {
    return this.#state
  }

  /**
   * Begins, and goes on in the background until it is done. Resolves when it is done, has failed once, or has taken as long as
   * others are to wait for it.
   */
  async first(): Promise<void> {
    const { settings, clock, log } = this.#options
    await new Promise<void>((resolve) => {
      const cancel = clock.after(settings.wait, () => {
        log.warn('history is not all there yet; it goes on beside live data', { upstream: this.name })
        resolve()
      })
      void this.#begin().finally(() => {
        cancel()
        resolve()
      })
    })
  }

  /** Throws `ServiceError('conflict')` while a run is under way. */
  start(again: boolean): void {
    if (this.#state.state === 'running') throw new ServiceError('conflict', `history of ${this.name} is being fetched`)
    if (again) this.#options.marks.forget()
    void this.#begin()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** Resolves after the first attempt; others follow while it fails. */
  #begin(): Promise<void> {
    this.#state = { ...this.#state, state: 'running' }
    return new Promise((resolve) => {
      this.#stop.abort()
      const before = this.#running
      this.#stop = new AbortController()
      const { signal } = this.#stop
      this.#running = (async () => {
        await before
        while (!signal.aborted && !(await this.#attempt(signal))) {
          resolve()
          await new Pace({ rate: 1, clock: this.#options.clock }).pause(AGAIN_MS, signal).catch(() => undefined)
        }
        resolve()
      })()
    })
  }

  /** True when all is there. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { log } = this.#options
    this.#state = { ...this.#state, state: 'running', trouble: '' }
    try {
      await this.#run(signal)
      this.#state = { ...this.#state, state: 'done' }
      const { series, fetched, refused } = this.#state
      log.info('history is there', { upstream: this.name, series, samples: fetched, refused })
      return true
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      const trouble = error.code === 'canceled' ? '' : messageOf(error)
      this.#state = { ...this.#state, state: 'waiting', trouble }
      if (trouble !== '')
        log.warn('history cannot be fetched; it is tried again', { upstream: this.name, error: trouble })
      return false
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { client, clock, settings, intake, marks } = this.#options
    const wanted = this.#wanted()
    if (wanted.length === 0) return
    const pace = new Pace({ rate: settings.rate, clock })
    const metadata = await this.#metadata(signal)
    const targets = await this.#targets(wanted, pace, signal)
    const series = targets.reduce((sum, target) => sum + target.series, 0)
    let from_ms = Math.min(...targets.map((target) => target.from_ms))
    this.#state = { ...this.#state, series, from_ms, to_ms: clock.now_ms(), reached_ms: from_ms }
    const run = new WindowRun({
      fetch: new HistoryFetch(client, pace, () => clock.now_ms()),
      intake,
      metadata,
      parallel: settings.parallel,
      pause: (wait_ms) => pace.pause(wait_ms, signal),
    })
    let window_ms = windowOf(settings.samples, series / USUAL_STEP_MS)
    while (clock.now_ms() - from_ms > NEAR_MS) {
      const to_ms = Math.min(clock.now_ms(), from_ms + window_ms)
      const { samples, refused, skipped } = await run.window(targets, from_ms, to_ms, signal)
      for (const target of targets) if (target.from_ms < to_ms) marks.set(target.selector, to_ms)
      marks.save()
      this.#count(samples, refused, skipped, to_ms)
      window_ms = windowOf(settings.samples, samples / (to_ms - from_ms))
      from_ms = to_ms
    }
  }

  #wanted(): readonly Wanted[] {
    const { settings, retention_ms, wishes, inspect, marks, log } = this.#options
    const range_ms = Math.min(settings.range, retention_ms)
    const { wanted, unbounded } = planHistory(wishes(), { range_ms, inspect })
    marks.keep(new Set(wanted.map(({ selector }) => selector)))
    this.#state = { ...this.#state, selectors: wanted.length }
    if (unbounded > 0)
      log.info('selectors without a metric name are not fetched', { upstream: this.name, selectors: unbounded })
    return wanted
  }

  /** Samples are kept without it as well. Asked once: a server that is away is found out at once, and keeps nobody waiting. */
  async #metadata(signal: AbortSignal): Promise<ReadonlyMap<string, MetricMetadata>> {
    try {
      return await this.#options.client.metadata(signal)
    } catch (error) {
      if (!(error instanceof ServiceError) || error.retryable || error.code === 'canceled') throw error
      return new Map()
    }
  }

  /** What there is of each selector, in parts that one query may ask for. */
  async #targets(wanted: readonly Wanted[], pace: Pace, signal: AbortSignal): Promise<Target[]> {
    const { client, settings, clock, marks, reader, log } = this.#options
    const most = Math.max(1, Math.floor(settings.samples / LEAST_SAMPLES))
    const targets: Target[] = []
    let left = settings.series
    for (const { selector, matchers, range_ms } of wanted) {
      const now_ms = clock.now_ms()
      // A mark may be newer than what a power failure left.
      const newest_ms = reader.extent(matchers)?.to_ms ?? -Infinity
      const from_ms = Math.max(now_ms - range_ms, Math.min(marks.get(selector), newest_ms))
      const range = { from_ms, to_ms: now_ms }
      const series = await pace.ask(() => client.series(selector, range, left + 1, signal), signal)
      if (series.length > left) {
        log.warn('there are more series than history.series allows; a selector is left out', {
          upstream: this.name,
          selector,
        })
        continue
      }
      left -= series.length
      for (const part of splitSeries(matchers, series, most)) {
        targets.push({ selector, matchers: part.matchers, series: part.series, from_ms })
      }
    }
    return targets
  }

  #count(samples: number, refused: number, skipped: number, reached_ms: number): void {
    const { counter, clock, log } = this.#options
    const { fetched, refused: before, skipped: skippedBefore } = this.#state
    this.#state = {
      ...this.#state,
      fetched: fetched + samples,
      refused: before + refused,
      skipped: skippedBefore + skipped,
      to_ms: clock.now_ms(),
      reached_ms,
    }
    for (const [outcome, count] of Object.entries({ fetched: samples, refused, skipped })) {
      if (count > 0) counter.add(count, { upstream: this.name, outcome })
    }
    if (clock.now_ms() - this.#told_ms < TELL_MS) return
    this.#told_ms = clock.now_ms()
    log.info('history is being fetched', {
      upstream: this.name,
      reached: new Date(reached_ms).toISOString(),
      samples: this.#state.fetched,
    })
  }
}

/** How much time may be asked for at once. `density`: samples a ms. */
function windowOf(samples: number, density: number): number {
  const window_ms = density > 0 ? samples / density : LONGEST_WINDOW_MS
  return Math.round(Math.min(LONGEST_WINDOW_MS, Math.max(60_000, window_ms)))
}
