import type { Snapshot } from '#core/component.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import { Labels } from '#core/series.ts'

import type { Correlator, CorrelatorState } from './correlator.ts'

const VERSION = 1

/** JSON knows no NaN: in an alert's value null stands for it. A label or annotation may be called `labels` too: that is a text. */
export function reviveFacts(key: string, value: unknown): unknown {
  if (key === 'value' && value === null) return NaN
  const isSet = key === 'labels' && typeof value === 'object' && value !== null
  return isSet ? Labels.of(value as Record<string, string>) : value
}

/** What correlation remembers, in the checkpoint: JSON, format 1. */
export function correlatorSnapshot(correlator: Correlator): Snapshot {
  return {
    name: 'correlation',
    save: () => new TextEncoder().encode(JSON.stringify({ version: VERSION, ...correlator.save() })),
    load(bytes) {
      let state: CorrelatorState & { readonly version: unknown }
      try {
        state = JSON.parse(new TextDecoder().decode(bytes), reviveFacts) as typeof state
      } catch (error) {
        throw new ServiceError('bad_data', `correlation state cannot be read: ${messageOf(error)}`, { cause: error })
      }
      if (state.version !== VERSION) {
        throw new ServiceError('bad_data', `correlation state has version ${String(state.version)}, not ${VERSION}`)
      }
      correlator.load(state)
    },
  }
}
