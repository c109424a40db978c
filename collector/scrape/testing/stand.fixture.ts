import { afterEach, vi } from 'vitest'

import { ManualClock, systemClock } from '#core/clock.ts'

import type { ReceiverDeps } from '../../receivers/receiver.ts'
import { type RunningScrape, scrape, type ScrapeConfig } from '../../receivers/scrape.ts'
import { receiverDeps } from '../../testing/receiving.fixture.ts'
import { type ScrapeJob, scrapeJobs } from '../config/job-schema.ts'
import { Exporter, StoringIntake } from './exporter.fixture.ts'

export const INTERVAL = 10_000
export const BEGIN = 1_000_000_000_000

interface Setup extends Partial<ScrapeConfig> {
  readonly limits?: Partial<ReceiverDeps['limits']>
}

/** Jobs as they are written, but for what is the same in all. */
export function jobsOf(jobs: readonly Record<string, unknown>[]): ScrapeJob[] {
  return scrapeJobs.parse(jobs.map((job) => ({ job: 'shop', interval: '10s', ...job })))
}

/** Scraping on a clock that the test moves. */
export class Stand {
  readonly clock = new ManualClock(BEGIN)
  readonly intake = new StoringIntake()
  readonly meter: ReturnType<typeof receiverDeps>['meter']
  readonly scrape: RunningScrape

  constructor(jobs: readonly Record<string, unknown>[], { limits = {}, ...config }: Setup = {}, real = false) {
    const deps = receiverDeps(limits)
    this.meter = deps.meter
    const given = {
      jobs: jobsOf(jobs),
      folder: '/',
      scrapes: 10,
      targets: 100,
      user_agent: 'Barograph/test',
      ...config,
    }
    this.scrape = scrape.create(given, { ...deps, intake: this.intake, clock: real ? systemClock : this.clock })
  }

  /** One interval: every target is due once; waits for so many inputs. */
  async pass(inputs = 1): Promise<string[][]> {
    const before = this.intake.batches.length
    this.clock.advanceTo(this.clock.now_ms() + INTERVAL)
    await vi.waitUntil(() => this.intake.batches.length === before + inputs, { timeout: 5000, interval: 5 })
    return this.intake.batches.slice(before)
  }

  /** Lets five seconds after five seconds pass, until the number is what it should be. */
  async wait(number: () => number | undefined, expected: number): Promise<void> {
    const reached = (): boolean => {
      if (number() === expected) return true
      this.clock.advanceTo(this.clock.now_ms() + 5000)
      return false
    }
    await vi.waitUntil(reached, { timeout: 5000 })
  }

  up(): number[] {
    return Object.values(this.intake.values('up'))
  }

  errors(): string[] {
    return this.scrape.active().map(({ last_error }) => last_error)
  }
}

/** Makers of exporters and of stands that scrape, all of which end with the test. */
export function stands() {
  const open: { stop(): Promise<void> }[] = []
  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) await one.stop()
  })
  return {
    /** What else ends then. */
    open,
    exporter: async (...args: Parameters<typeof Exporter.start>): Promise<Exporter> => {
      const started = await Exporter.start(...args)
      open.push(started)
      return started
    },
    stand: async (...args: ConstructorParameters<typeof Stand>): Promise<Stand> => {
      const made = new Stand(...args)
      open.push({ stop: () => made.scrape.stop() })
      await made.scrape.start()
      return made
    },
  }
}
