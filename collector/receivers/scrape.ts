import type { Counter } from '#core/ports/meter.ts'
import type { DroppedTarget, TargetInfo, TargetReader } from '#core/ports/targets.ts'
import { SampleBuilder } from '#core/sample.ts'

import { BodyReader } from '../http/body.ts'
import { HttpClient } from '../scrape/client/http-client.ts'
import type { ScrapeJob } from '../scrape/config/job-schema.ts'
import type { Discovery } from '../scrape/discovery/discovery.ts'
import { FileTargets } from '../scrape/discovery/file-targets.ts'
import { HttpTargets } from '../scrape/discovery/http-targets.ts'
import { StaticTargets } from '../scrape/discovery/static-targets.ts'
import { Gate } from '../scrape/loop/gate.ts'
import { LoopCounters } from '../scrape/loop/loop-counters.ts'
import { type JobParts, type Places, ScrapePool } from '../scrape/loop/scrape-pool.ts'
import type { LoopDeps } from '../scrape/loop/target-loop.ts'
import { PageCounters } from '../scrape/target/counters.ts'
import type { Receiver, ReceiverDeps, RunningReceiver } from './receiver.ts'
import { createTraffic } from './traffic.ts'

export interface ScrapeConfig {
  readonly jobs: readonly ScrapeJob[]
  /** Where relative files of the jobs lie. */
  readonly folder: string
  /** Scrapes under way at one time. */
  readonly scrapes: number
  /** Targets of all jobs together. */
  readonly targets: number
  readonly user_agent: string
}

/** Scraping at work; tells whom. */
export interface RunningScrape extends RunningReceiver, TargetReader {
  /** The jobs as they are written now: those of the same name go on with the targets that stay the same, the series of those that are not there end. */
  replace(jobs: readonly ScrapeJob[]): void
}

class Scrape implements RunningScrape {
  readonly addresses: RunningReceiver['addresses'] = []
  readonly #config: ScrapeConfig
  readonly #deps: ReceiverDeps
  readonly #loopDeps: LoopDeps
  readonly #failures: Counter
  readonly #places: Places
  readonly #ending = new Set<Promise<void>>()
  #pools: readonly ScrapePool[]
  #started = false

  constructor(config: ScrapeConfig, deps: ReceiverDeps) {
    const { meter } = deps
    this.#config = config
    this.#deps = deps
    const gate = new Gate(config.scrapes)
    this.#loopDeps = {
      ...deps,
      gate,
      budget: deps.bodies,
      builder: new SampleBuilder(),
      pages: new PageCounters(meter),
      counters: new LoopCounters(meter),
      traffic: createTraffic(meter, 'scrape'),
      user_agent: config.user_agent,
    }
    meter.gauge('barograph.collector.scrape.waiting', { description: 'Scrapes that wait for others to end' }, () => {
      return gate.waiting
    })
    meter.gauge('barograph.collector.scrape.targets', { description: 'Targets that are scraped' }, () => {
      return this.#pools.reduce((sum, { size }) => sum + size, 0)
    })
    this.#failures = meter.counter('barograph.collector.scrape.discovery_failures', {
      description: 'Lists of targets that could not be had, and targets that cannot be scraped, by mechanism',
    })
    this.#places = { left: config.targets }
    this.#pools = config.jobs.map((job) => this.#pool(job))
  }

  lagging(): boolean {
    return false
  }

  async start(): Promise<void> {
    this.#started = true
    for (const pool of this.#pools) pool.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.stop()))
    await Promise.all(this.#ending)
  }

  replace(jobs: readonly ScrapeJob[]): void {
    const before = new Map(this.#pools.map((pool) => [pool.name, pool]))
    const names = new Set(jobs.map(({ job }) => job))
    for (const [name, pool] of before) {
      if (names.has(name)) continue
      const ending = pool.end().finally(() => this.#ending.delete(ending))
      this.#ending.add(ending)
    }
    this.#pools = jobs.map((job) => {
      const known = before.get(job.job)
      if (known === undefined) return this.#begun(job)
      known.use(this.#partsOf(job, known.discoveries))
      return known
    })
  }

  pools(): readonly string[] {
    return this.#pools.map(({ name }) => name).toSorted()
  }

  active(): readonly TargetInfo[] {
    return this.#byName().flatMap((pool) => pool.active)
  }

  dropped(): readonly DroppedTarget[] {
    return this.#byName().flatMap((pool) => pool.dropped)
  }

  droppedCounts(): ReadonlyMap<string, number> {
    return new Map(this.#byName().map(({ name, droppedCount }) => [name, droppedCount]))
  }

  #byName(): ScrapePool[] {
    return this.#pools.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  #begun(job: ScrapeJob): ScrapePool {
    const pool = this.#pool(job)
    if (this.#started) pool.start()
    return pool
  }

  #pool(job: ScrapeJob): ScrapePool {
    const onBad = (count: number): void => this.#failures.add(count, { mechanism: 'target' })
    return new ScrapePool({ ...this.#partsOf(job), places: this.#places, deps: this.#loopDeps, onBad })
  }

  /** Lists in files that are named as before are still looked at by whom they were. */
  #partsOf(job: ScrapeJob, before: ScrapePool['discoveries'] = new Map()): JobParts {
    const { clock, log, limits } = this.#deps
    const { folder } = this.#config
    const { budget } = this.#loopDeps
    const failures = this.#failures
    const body_inflated =
      job.body_size_limit === 0 ? limits.body_inflated : Math.min(job.body_size_limit, limits.body_inflated)
    const client = (config: ScrapeJob | ScrapeJob['http_sd_configs'][number], bytes: number): HttpClient => {
      const bodies = new BodyReader({ body: limits.body, body_inflated: bytes }, budget)
      return new HttpClient({ config, folder, clock, bodies })
    }
    const discoveries = new Map<string, Discovery>([['static', new StaticTargets(job)]])
    for (const config of job.file_sd_configs) {
      const place = `file ${JSON.stringify(config)}`
      discoveries.set(place, before.get(place) ?? new FileTargets({ config, folder, clock, log, failures }))
    }
    for (const [i, config] of job.http_sd_configs.entries()) {
      const asking = client(config, limits.body_inflated)
      discoveries.set(
        `http ${i} ${config.url}`,
        new HttpTargets({ config, client: asking, budget, clock, log, failures }),
      )
    }
    return { job, discoveries, client: client(job, body_inflated) }
  }
}

/** Scrapes targets that expose Prometheus' text formats or OpenMetrics, as Prometheus does. */
export const scrape = {
  type: 'scrape',
  create: (config: ScrapeConfig, deps: ReceiverDeps): RunningScrape => new Scrape(config, deps),
} satisfies Receiver<ScrapeConfig>
