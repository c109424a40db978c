import type { Alert } from '#core/alert.ts'

import { formatExponent } from './number.ts'
import { formatTime } from './time.ts'

/** An active alert as Prometheus' API shows it. */
export function alertForm(alert: Alert): Record<string, unknown> {
  const { labels, annotations, state, active_ms, keep_firing_since_ms, value } = alert
  return {
    labels,
    annotations,
    state,
    activeAt: formatTime(active_ms),
    ...(keep_firing_since_ms !== undefined && { keepFiringSince: formatTime(keep_firing_since_ms) }),
    value: formatExponent(value),
  }
}
