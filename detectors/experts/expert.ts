import type { Rows } from '../kinds/rows.ts'

/**
 * Knows what to expect of a series; a row a series, state on the `Rows` it was made with. The panel that asks several
 * of them decides how far each is believed.
 */
export interface Expert {
  readonly name: string
  /** What it expects at `time_ms`, from earlier samples alone; NaN while it does not know. Changes nothing. */
  predict(row: number, time_ms: number): number
  /** A value that was judged, clipped where it lay far out. `dt_ms` since the row's previous sample, 0 at the first. */
  learn(row: number, time_ms: number, value: number, dt_ms: number): void
  /** The level has moved for good: `level` is what to expect now. */
  rebase(row: number, time_ms: number, level: number): void
  /** Robust standard deviation of its own window, where it keeps one; NaN while unknown. */
  spread?(row: number): number
  /** The row is removed: give back what was allocated for it. */
  forget?(row: number): void
  /** The row's columns were copied from `other` of the same expert: what is outside of them is to be its own. */
  part?(row: number, from: Expert, other: number): void
  /** State outside the row's columns. */
  readonly pool?: Rows
}
