import type { Alert } from '#core/alert.ts'

import { formatExponent } from './number.ts'
import { formatTime } from './time.ts'

/** An active alert as Prometheus' API shows it. */
export function alertForm({ labels, annotations, state, active_ms, value }: Alert): Record<string, unknown> {
  return { labels, annotations, state, activeAt: formatTime(active_ms), value: formatExponent(value) }
}
