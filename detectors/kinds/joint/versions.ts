import { ServiceError } from '#core/errors.ts'

import type { Gone, Rows } from '../rows.ts'
import { splitSections } from '../sections.ts'
import type { EnvelopeBefore } from './envelope.ts'
import { LATE_COLUMNS } from './forecast.ts'
import type { HeldBefore } from './held.ts'
import { NOVELTY_COLUMNS } from './novelty.ts'
import { RUN_COLUMNS } from './runs.ts'
import { YOUTH_COLUMNS } from './youth.ts'

/** Of saved state; before 3 it said no version, and began with the rows. */
const VERSION = 10
/** The oldest that is read, and columns that came with each of those after it: with 8 the envelope, which is gone. */
const OLDEST = 4
/** Of state that says its version: that, rows, and what rows have elsewhere. */
const SECTIONS = 4
const CAME = [NOVELTY_COLUMNS, RUN_COLUMNS, YOUTH_COLUMNS, 0, 2, LATE_COLUMNS]
/** Before 9 each row had a place for what is held of it, and in 8 for its envelope. */
const HELD: readonly Gone[] = [
  { at: 27, type: Float64Array, width: 3 },
  { at: 28, type: Float64Array, width: 1 },
  { at: 29, type: Uint8Array, width: 1 },
]
const ENVELOPE: readonly Gone[] = [
  { at: Infinity, type: Float32Array, width: 7 },
  { at: Infinity, type: Float64Array, width: 1 },
]

/** What state begins with: its version, and the zone that its days are of. */
export function headOf(zone: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version: VERSION, zone }))
}

/** How state of a version differs from that of now: how many of the last columns it lacks, and which it has besides. */
interface Past {
  readonly missing: number
  readonly gone: readonly Gone[]
}

/**
 * Loads rows and `pools`, of days in the zone `now`, and gives what stood in columns that are gone. Where state is of no use but for its
 * places, being too old or of days in another zone, rows keep these and learn anew. Throws `ServiceError('bad_data')` for a version to come.
 */
export function loadState(bytes: Uint8Array, now: string, { rows, pools }: Loaded): readonly unknown[] {
  const sections = splitSections(bytes)
  const [head, places = new Uint8Array(), ...rest] = sections
  const past = sections.length < SECTIONS ? undefined : pastOf(head!, now)
  if (past === undefined) {
    rows.loadPlaces(sections.length < SECTIONS ? (head ?? new Uint8Array()) : places)
    return []
  }
  const gone = rows.load(places, past.missing, past.gone)
  for (const [i, pool] of pools.entries()) if (rest[i] !== undefined) pool.load(rest[i])
  return gone
}

interface Loaded {
  readonly rows: Rows
  readonly pools: readonly Rows[]
}

/** Undefined where state with this head is of no use but for its places. */
function pastOf(head: Uint8Array, now: string): Past | undefined {
  const { version, zone } = JSON.parse(new TextDecoder().decode(head)) as { version: number; zone: string }
  if (!(version <= VERSION)) throw new ServiceError('bad_data', `state of auto has version ${version}`)
  if (version < OLDEST || zone !== now) return undefined
  const missing = CAME.slice(version - OLDEST).reduce((sum, columns) => sum + columns, 0)
  return { missing, gone: version >= 9 ? [] : version === 8 ? [...HELD, ...ENVELOPE] : HELD }
}

/** What stood in columns that are gone. */
export const beforeOf = (gone: readonly unknown[]): [HeldBefore, EnvelopeBefore?] => {
  const [band, until_ms, inside, state, since_ms] = gone
  const held = { band, until_ms, inside } as HeldBefore
  return state === undefined ? [held] : [held, { state, since_ms } as EnvelopeBefore]
}
