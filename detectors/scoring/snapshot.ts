import { ServiceError } from '#core/errors.ts'
import type { Finding } from '#core/finding.ts'
import { Labels } from '#core/series.ts'

import type { RowAbout } from './row-table.ts'
import type { Run } from './run.ts'

/** What the checkpoint says of scoring beside the columns. */
export interface ScoringState {
  readonly version: 1
  readonly time_ms: number
  /** In the order of their detectors' sections. */
  readonly rules: readonly { readonly key: string; readonly detector: string }[]
  readonly rows: readonly (readonly [number, RowAbout])[]
  readonly runs: readonly (readonly [number, Run])[]
  readonly experts: readonly (readonly [number, readonly string[]])[]
  readonly findings: readonly Finding[]
}

/** JSON knows no NaN: in these fields null stands for it. */
const MAY_BE_NAN = new Set(['value', 'expected', 'lower', 'upper'])

export function encodeState(state: ScoringState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(state))
}

/** Throws `ServiceError('bad_data')` for another version. */
export function decodeState(bytes: Uint8Array): ScoringState {
  const state = JSON.parse(new TextDecoder().decode(bytes), (key, value: unknown) => {
    if (value === null && MAY_BE_NAN.has(key)) return NaN
    return key === 'labels' ? Labels.of(value as Record<string, string>) : value
  }) as ScoringState
  const { version } = state as { readonly version: unknown }
  if (version !== 1) throw new ServiceError('bad_data', `scoring state has version ${String(version)}, not 1`)
  return state
}
