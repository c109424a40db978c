import type { Alert, AlertEvent } from '../alert.ts'

export interface AlertReader {
  /** Pending and firing instances, ordered by rule, then labels. */
  active(): readonly Alert[]
}

/** Takes changes of state of alert rules in the order in which they were made. */
export interface AlertSink {
  alert(event: AlertEvent): void
}
