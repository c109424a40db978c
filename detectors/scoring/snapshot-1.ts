import type { Finding } from '#core/finding.ts'

import { Rows } from '../kinds/rows.ts'
import { identityOf } from './row-index.ts'
import { LAST_MS, NEWEST, RAW, type RowAbout, type RowTable } from './row-table.ts'
import type { Run } from './run.ts'

/** Version 1 of the scoring section: rows described in JSON, and other columns. */
export interface ScoringState1 {
  readonly version: 1
  readonly time_ms: number
  readonly rules: readonly { readonly key: string; readonly detector: string }[]
  readonly rows: readonly (readonly [number, RowAbout])[]
  readonly runs: readonly (readonly [number, Run])[]
  readonly experts: readonly (readonly [number, readonly string[]])[]
  readonly findings: readonly Finding[]
}

/** Puts the rows of a version 1 snapshot into an empty table; the new row of each old one. `slots`: of rules by key. */
export function loadRows1(
  table: RowTable,
  bytes: Uint8Array,
  { rows }: ScoringState1,
  slots: ReadonlyMap<string, number>,
): Map<number, number> {
  const columns = new Rows()
  const local = columns.column(Uint32Array)
  const last_ms = columns.column(Float64Array)
  const touched_ms = columns.column(Float64Array)
  const raw = columns.column(Float64Array)
  const raw_ms = columns.column(Float64Array)
  const value = columns.column(Float64Array)
  const score = columns.column(Float64Array)
  const band = columns.column(Float64Array, 3)
  const cumulative = columns.column(Uint8Array)
  const running = columns.column(Uint8Array)
  columns.load(bytes)
  const moved = new Map<number, number>()
  for (const [row, about] of rows) {
    const slot = slots.get(about.key)
    if (slot === undefined) continue
    const identity = identityOf(about.key, about.metric, about.labels)
    const to = table.add(slot, local.data[row]!, identity)
    moved.set(row, to)
    table.describe(to, about)
    const known = raw_ms.data[row]! > 0
    table.touch(to, touched_ms.data[row]!)
    table.newest.data[to * NEWEST + LAST_MS] = Math.max(last_ms.data[row]!, known ? raw_ms.data[row]! : -Infinity)
    table.newest.data[to * NEWEST + RAW] = known ? raw.data[row]! : NaN
    table.cumulative.data[to] = cumulative.data[row]!
    table.running.data[to] = running.data[row]!
    if (last_ms.data[row] === -Infinity) continue
    const [expected = NaN, lower = NaN, upper = NaN] = band.data.subarray(row * 3, row * 3 + 3)
    table.keep(to, last_ms.data[row]!, value.data[row]!, { score: score.data[row]!, expected, lower, upper })
  }
  return moved
}
