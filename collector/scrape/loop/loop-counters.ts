import type { Counter, Histogram, Meter } from '#core/ports/meter.ts'

/** What is counted of scrapes. */
export class LoopCounters {
  readonly #duration: Histogram
  readonly #skipped: Counter
  readonly #refused: Counter

  constructor(meter: Meter) {
    this.#duration = meter.histogram('barograph.collector.scrape.duration', {
      description: 'Time from asking a target to having its page',
      unit: 's',
      bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    })
    this.#skipped = meter.counter('barograph.collector.scrape.skipped', {
      description: 'Scrapes left out because the one before was not over',
    })
    this.#refused = meter.counter('barograph.collector.scrape.refused', {
      description: 'Scrapes that could not be stored, by code; the target is not marked down for it',
    })
  }

  duration(seconds: number): void {
    this.#duration.record(seconds)
  }

  skipped(count: number): void {
    this.#skipped.add(count)
  }

  refused(code: string): void {
    this.#refused.add(1, { code })
  }
}
