import { formatDuration } from '#core/config/duration.ts'
import type { TargetInfo } from '#core/ports/targets.ts'

import { success } from '../prometheus/envelope.ts'
import { Form } from '../prometheus/form.ts'
import { formatTime } from '../prometheus/time.ts'
import type { RouteModule } from '../route.ts'

const TARGETS = '/api/v1/targets'
const POOLS = '/api/v1/scrape_pools'

function targetForm(target: TargetInfo): Record<string, unknown> {
  return {
    discoveredLabels: target.discovered,
    labels: target.labels,
    scrapePool: target.pool,
    scrapeUrl: target.url,
    globalUrl: target.url,
    lastError: target.last_error,
    lastScrape: formatTime(target.last_scrape_ms ?? 0),
    lastScrapeDuration: target.last_duration_s,
    health: target.health,
    scrapeInterval: formatDuration(target.interval_ms),
    scrapeTimeout: formatDuration(target.timeout_ms),
  }
}

/** Whom we scrape, as Prometheus answers it. */
export const targets: RouteModule = {
  name: 'targets',
  family: 'prometheus',
  paths: [TARGETS, POOLS],
  mount(app, { ports }) {
    app.get(POOLS, () => success({ scrapePools: ports.targets.pools() }))
    app.get(TARGETS, async (c) => {
      const form = await Form.of(c)
      const state = form.text('state').toLowerCase()
      const pool = form.text('scrapePool')
      const wanted = (one: { readonly pool: string }): boolean => pool === '' || one.pool === pool
      const active = state === 'dropped' ? [] : ports.targets.active().filter(wanted)
      const dropped = state === 'active' ? [] : ports.targets.dropped().filter(wanted)
      const counts = [...ports.targets.droppedCounts()].filter(([name]) => wanted({ pool: name }))
      return success({
        activeTargets: active.map(targetForm),
        droppedTargets: dropped.map((one) => ({ discoveredLabels: one.discovered, scrapePool: one.pool })),
        droppedTargetCounts: Object.fromEntries(counts),
      })
    })
  },
}
