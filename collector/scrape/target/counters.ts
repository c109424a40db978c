import type { Counter, Meter } from '#core/ports/meter.ts'

import type { Tally } from './target-series.ts'

/** What is counted of pages that were read. */
export class PageCounters {
  readonly #samples: Counter
  readonly #rejected: Counter
  readonly #plain: Counter
  readonly #rules: Counter

  constructor(meter: Meter) {
    this.#samples = meter.counter('barograph.collector.scrape.samples', { description: 'Samples taken from targets' })
    this.#rejected = meter.counter('barograph.collector.scrape.rejected', {
      description: 'Samples of targets that were refused: at a limit of the store, or repeated',
    })
    this.#plain = meter.counter('barograph.collector.scrape.plain_histograms', {
      description: 'Histograms whose parts do not fit together, stored as plain series, by reason',
    })
    this.#rules = meter.counter('barograph.collector.scrape.broken_rules', {
      description: 'Rules of OpenMetrics that pages break, by rule',
    })
  }

  page({ kept, refused, plain }: Tally, rules: ReadonlyMap<string, number>): void {
    this.#samples.add(kept - refused)
    if (refused > 0) this.#rejected.add(refused)
    for (const [reason, count] of plain) this.#plain.add(count, { reason })
    for (const [rule, count] of rules) this.#rules.add(count, { rule })
  }
}
