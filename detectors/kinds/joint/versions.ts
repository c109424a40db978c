import { ServiceError } from '#core/errors.ts'

import { ENVELOPE_COLUMNS } from './envelope.ts'
import { NOVELTY_COLUMNS } from './novelty.ts'
import { RUN_COLUMNS } from './runs.ts'
import { YOUTH_COLUMNS } from './youth.ts'

/** Of saved state; before 3 it said no version, and began with the rows. */
const VERSION = 8
/** The oldest that is read, and columns that came with each of those after it. */
const OLDEST = 4
const CAME = [NOVELTY_COLUMNS, RUN_COLUMNS, YOUTH_COLUMNS, ENVELOPE_COLUMNS]

/** What state begins with: its version, and the zone that its days are of. */
export function headOf(zone: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version: VERSION, zone }))
}

/**
 * How many of the last columns are missing in state with this head; undefined where it is of no use but for its places: it is too
 * old, or its days are of another zone. Throws `ServiceError('bad_data')` for a version to come.
 */
export function missingIn(head: Uint8Array, now: string): number | undefined {
  const { version, zone } = JSON.parse(new TextDecoder().decode(head)) as { version: number; zone: string }
  if (!(version <= VERSION)) throw new ServiceError('bad_data', `state of auto has version ${version}`)
  if (version < OLDEST || zone !== now) return undefined
  return CAME.slice(version - OLDEST).reduce((sum, columns) => sum + columns, 0)
}
