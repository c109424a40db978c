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

export interface ScrapePoolOptions {
  readonly job: ScrapeJob
  readonly discoveries: readonly Discovery[]
  readonly client: HttpClient
  readonly places: Places
  readonly deps: LoopDeps
  /** Targets that cannot be scraped, or for which there is no place. */
  readonly onBad: (count: number) => void
}

/** The targets of one job: those that are discovered come and go. */
export class ScrapePool {
  readonly #options: ScrapePoolOptions
  readonly #groups = new Map<Discovery, readonly TargetGroup[]>()
  readonly #loops = new Map<string, TargetLoop>()
  readonly #ending = new Set<Promise<void>>()
  #dropped: readonly DroppedTarget[] = []
  #droppedCount = 0
  #forbidden = ''
  #stopped = false

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

  start(): void {
    for (const discovery of this.#options.discoveries) {
      discovery.start((groups) => {
        if (this.#stopped) return
        this.#groups.set(discovery, groups)
        this.#sync()
      })
    }
  }

  /** The process ends, the targets do not: their series are not marked stale. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const discovery of this.#options.discoveries) discovery.stop()
    this.#options.client.close()
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()))
    await Promise.all(this.#ending)
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
