import type { Alert } from '#core/alert.ts'

import type { Notice } from './notice.ts'

/** An alert of a rule, as it fires. `external_url`: '' where nobody said how we are reached. */
export function alertNotice(alert: Alert, fired_ms: number, external_url: string): Notice {
  const fingerprint = alert.labels.fingerprint
  const graph = `${external_url.replace(/\/+$/, '')}/graph?g0.expr=${encodeURIComponent(alert.expr)}&g0.tab=1`
  return {
    key: `alert/${fingerprint}/${fired_ms}`,
    group: fingerprint,
    status: 'firing',
    labels: alert.labels,
    annotations: alert.annotations,
    starts_ms: fired_ms,
    interval_ms: alert.interval_ms,
    generator_url: external_url === '' ? '' : graph,
  }
}
