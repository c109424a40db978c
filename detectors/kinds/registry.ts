import { formatPath, issuesOf } from '#core/config/problems.ts'
import { ServiceError } from '#core/errors.ts'

import * as kinds from '../kinds.ts'
import type { Detector, DetectorContext, Kind } from './kind.ts'

const byName: ReadonlyMap<string, Kind> = new Map(Object.values(kinds).map((kind) => [kind.kind, kind as Kind]))

/** Names of all kinds, in order. */
export const KIND_NAMES: readonly string[] = [...byName.keys()].toSorted()

/** What each kind may be told, by its name. */
export const KIND_SCHEMAS: ReadonlyMap<string, Kind['config']> = new Map(
  KIND_NAMES.map((name) => [name, byName.get(name)!.config]),
)

/** A detector's configuration: a kind's name, or an object with `kind` and that kind's keys. */
export type DetectorConfig = { readonly kind: string } & Readonly<Record<string, unknown>>

function kindOf(name: unknown): Kind {
  const kind = typeof name === 'string' ? byName.get(name) : undefined
  if (kind !== undefined) return kind
  throw new ServiceError('bad_config', `no detector kind ${JSON.stringify(name)}; there are ${KIND_NAMES.join(', ')}`)
}

/** Reads what stands under `detector:`. Throws `ServiceError('bad_config')` that says what is wrong and where. */
export function parseDetector(input: unknown): DetectorConfig {
  const given = input === undefined ? { kind: 'auto' } : typeof input === 'string' ? { kind: input } : input
  if (typeof given !== 'object' || given === null) throw new ServiceError('bad_config', 'detector: a kind or an object')
  const kind = kindOf((given as Record<string, unknown>)['kind'])
  const parsed = kind.config.safeParse(given)
  if (!parsed.success) {
    const told = issuesOf(parsed.error, kind.config).map(({ path, message }) => {
      return path.length === 0 ? message : `${formatPath(path)}: ${message}`
    })
    throw new ServiceError('bad_config', `detector ${kind.kind}: ${told.join('; ')}`)
  }
  return parsed.data
}

/** Whether detectors of the kind score samples; the others speak of silence only. */
export function scoresSamples(name: string): boolean {
  return kindOf(name).scores
}

/** A detector from what `parseDetector` gave. */
export function createDetector(config: DetectorConfig, context: DetectorContext): Detector {
  return kindOf(config.kind).create(config, context)
}
