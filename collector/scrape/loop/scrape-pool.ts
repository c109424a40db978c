import type { DroppedTarget, TargetInfo } from '#core/ports/targets.ts'

import type { HttpClient } from '../client/http-client.ts'
import type { ScrapeJob } from '../config/job-schema.ts'
import type { Discovery, TargetGroup } from '../discovery/discovery.ts'
import { placed, type Target } from '../target/target.ts'
import { type LoopDeps, TargetLoop } from './target-loop.ts'

/** Targets left out by relabelling that are remembered where `keep_dropped_targets` gives no limit. */
const MOST_DROPPED = 10_000

/** How many targets all jobs may have. */
export interface Places {
  left: number
}

/** A job with what its targets are found and asked by. */
export interface JobParts {
  readonly job: ScrapeJob
  /** By their place in the job. */
  readonly discoveries: ReadonlyMap<string, Discovery>
  readonly client: HttpClient
}

export interface ScrapePoolOptions extends JobParts {
  readonly places: Places
  readonly deps: LoopDeps
  /** Targets that cannot be scraped, or for which there is no place. */
  readonly onBad: (count: number) => void
}

/** The targets of one job: those that are discovered come and go. */
export class ScrapePool {
  #options: ScrapePoolOptions
  /** What was found, by the place of the discovery in the job. */
  #groups = new Map<string, readonly TargetGroup[]>()
  readonly #loops = new Map<string, TargetLoop>()
  readonly #ending = new Set<Promise<void>>()
  #dropped: readonly DroppedTarget[] = []
  #droppedCount = 0
  #forbidden = ''
  #started = false
  #stopped = false
  /** Of settings before, for scrapes under way. */
  readonly #clients = new Set<HttpClient>()

  constructor(options: ScrapePoolOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.job.job
  }

  get active(): TargetInfo[] {
    return [...this.#loops.values()].map(({ info }) => info).toSorted((a, b) => (a.url < b.url ? -1 : 1))
  }

  get dropped(): readonly DroppedTarget[] {
    return this.#dropped
  }

  get droppedCount(): number {
    return this.#droppedCount
  }

  get size(): number {
    return this.#loops.size
  }

  get discoveries(): ReadonlyMap<string, Discovery> {
    return this.#options.discoveries
  }

  start(): void {
    this.#started = true
    this.#look(new Set())
  }

  /** The job as it is written now. Targets that stay the same are scraped on; what a discovery found stands until the one in its place has looked. */
  use(parts: JobParts): void {
    const before = this.#options
    this.#options = { ...before, ...parts }
    const [old, now] = [new Set(before.discoveries.values()), new Set(parts.discoveries.values())]
    for (const discovery of old) if (!now.has(discovery)) discovery.stop()
    this.#groups = new Map([...this.#groups].filter(([place]) => parts.discoveries.has(place)))
    const scrapes = [...this.#loops.values()].map((loop) => loop.use(parts))
    this.#clients.add(before.client)
    const closing = this.#closeAfter(scrapes, before.client).finally(() => this.#ending.delete(closing))
    this.#ending.add(closing)
    if (!this.#started) return
    this.#sync()
    this.#look(old)
  }

  /** The process ends, the targets do not: their series are not marked stale. */
  async stop(): Promise<void> {
    this.#close()
    for (const client of this.#clients) client.close()
    this.#options.client.close()
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()))
    await Promise.all(this.#ending)
  }

  /** The job is no more, and neither are its targets: their series end. */
  async end(): Promise<void> {
    this.#close()
    for (const [key, loop] of this.#loops) this.#end(key, loop)
    await Promise.all(this.#ending)
    this.#options.client.close()
  }

  /** Starts discoveries, but for those that are at work. */
  #look(atWork: ReadonlySet<Discovery>): void {
    for (const [place, discovery] of this.#options.discoveries) {
      if (atWork.has(discovery)) continue
      discovery.start((groups) => {
        if (this.#stopped || this.#options.discoveries.get(place) !== discovery) return
        this.#groups.set(place, groups)
        this.#sync()
      })
    }
  }

  async #closeAfter(scrapes: readonly Promise<void>[], client: HttpClient): Promise<void> {
    await Promise.all(scrapes)
    client.close()
    this.#clients.delete(client)
  }

  #close(): void {
    this.#stopped = true
    for (const discovery of this.#options.discoveries.values()) discovery.stop()
  }

  #sync(): void {
    const { target_limit } = this.#options.job
    const wanted = this.#wanted()
    this.#forbidden =
      target_limit > 0 && wanted.size > target_limit
        ? `the job has ${wanted.size} targets; target_limit is ${target_limit}`
        : ''
    for (const [key, loop] of this.#loops) if (!wanted.has(key)) this.#end(key, loop)
    let without = 0
    for (const target of wanted.values()) if (!this.#loops.has(target.key) && !this.#begin(target)) without++
    if (without === 0) return
    this.#options.onBad(without)
    this.#options.deps.log.warn('there is no place for more targets; see limits.scrape_targets', {
      job: this.name,
      targets: without,
    })
  }

  #wanted(): Map<string, Target> {
    const { job, onBad, deps } = this.#options
    const wanted = new Map<string, Target>()
    const dropped: DroppedTarget[] = []
    const most = job.keep_dropped_targets === 0 ? MOST_DROPPED : job.keep_dropped_targets
    let count = 0
    for (const group of [...this.#groups.values()].flat()) {
      for (const found of group.targets) {
        const result = placed(found, job)
        if (result.kind === 'target') wanted.set(result.target.key, result.target)
        else {
          count++
          if (dropped.length < most) dropped.push({ pool: job.job, discovered: result.discovered })
        }
        if (result.kind !== 'bad') continue
        onBad(1)
        deps.log.warn('a target cannot be scraped', { job: job.job, source: group.source, reason: result.reason })
      }
    }
    this.#dropped = dropped
    this.#droppedCount = count
    return wanted
  }

  #begin(target: Target): boolean {
    const { job, client, places, deps } = this.#options
    if (places.left === 0) return false
    places.left--
    const loop = new TargetLoop({ ...deps, job, target, client, forbidden: () => this.#forbidden })
    this.#loops.set(target.key, loop)
    loop.start()
    return true
  }

  #end(key: string, loop: TargetLoop): void {
    this.#loops.delete(key)
    this.#options.places.left++
    const ending = loop.end().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }
}
