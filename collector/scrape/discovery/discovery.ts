import type { TargetGroupConfig } from '../config/discovery-schema.ts'

/** Targets of one source: a list of the configuration, a file, an answer of a server. Labels are those before relabelling. */
export interface TargetGroup {
  /** Names the source within its discovery. */
  readonly source: string
  readonly targets: readonly ReadonlyMap<string, string>[]
}

/**
 * Finds targets. `start` calls `found` with all groups as soon as they are known, and again whenever they change; a source that fails
 * keeps what it last found.
 */
export interface Discovery {
  start(found: (groups: readonly TargetGroup[]) => void): void
  stop(): void
}

export const ADDRESS = '__address__'

/** A group as it is written; `more` is added where the group does not say otherwise. */
export function groupOf(
  source: string,
  { targets, labels }: TargetGroupConfig,
  more: Readonly<Record<string, string>> = {},
): TargetGroup {
  const shared = Object.entries({ ...more, ...labels })
  return { source, targets: targets.map((address) => new Map([...shared, [ADDRESS, address]])) }
}
