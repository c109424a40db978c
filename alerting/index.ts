import type { Alerting, AlertingOptions } from './options.ts'
import { Room } from './room.ts'

export { SEVERITIES } from './correlation/severity.ts'
export type { Alerting, AlertingConfig, AlertingLimits } from './options.ts'

/**
 * From findings, alerts and changes to incidents with causes, and from those to people. Calls that change verdicts are synchronous
 * and deterministic; sending stands behind, on the wall clock. Throws `ServiceError('bad_config')` for a file that cannot be read.
 */
export function createAlerting(options: AlertingOptions): Alerting {
  return new Room(options)
}
