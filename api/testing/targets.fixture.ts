import type { TargetInfo, TargetReader } from '#core/ports/targets.ts'
import { Labels } from '#core/series.ts'

import { NOW_MS } from './series.fixture.ts'

const checkout: TargetInfo = {
  pool: 'shop',
  url: 'http://checkout:9090/metrics',
  discovered: Labels.of({ __address__: 'checkout:9090', job: 'shop' }),
  labels: Labels.of({ instance: 'checkout:9090', job: 'shop' }),
  interval_ms: 15_000,
  timeout_ms: 10_000,
  health: 'down',
  last_error: 'no answer within 10 s',
  last_scrape_ms: NOW_MS,
  last_duration_s: 10,
}

/** Two jobs: one with a target that is down and one that is left out, one whose target was not scraped yet. */
export const targets: TargetReader = {
  pools: () => ['hosts', 'shop'],
  active: () => [
    { ...checkout, pool: 'hosts', health: 'unknown', last_error: '', last_scrape_ms: undefined, last_duration_s: 0 },
    checkout,
  ],
  dropped: () => [{ pool: 'shop', discovered: Labels.of({ __address__: 'canary:9090', job: 'shop' }) }],
  droppedCounts: () =>
    new Map([
      ['hosts', 0],
      ['shop', 1],
    ]),
}
