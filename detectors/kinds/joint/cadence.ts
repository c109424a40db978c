import type { Rows } from '../rows.ts'

/** After a gap of g > 5 cadences scatter is larger by √(1 + g / 20), at most threefold; in means it counts as five. */
export const GAP_CADENCES = 5
const GAP_GROWTH = 1 / 20
const GAP_MAX = 3
const MAX_MS = 7 * 86_400_000
/** Pauses that it is a mean of. */
const MEMORY = 64

/** The usual time between samples. */
export class Cadence {
  readonly #ms

  constructor(rows: Rows) {
    this.#ms = rows.column(Float64Array)
  }

  /** 0 before there are two. */
  of(row: number): number {
    return this.#ms.data[row]!
  }

  /** Learns the pause before the sample that follows `count` others. */
  step(row: number, dt_ms: number, count: number): number {
    const before = this.#ms.data[row]!
    if (dt_ms === before) return before
    const step = count === 1 ? dt_ms : Math.min(dt_ms, 4 * before)
    const cadence_ms = Math.min(count === 1 ? dt_ms : before + (step - before) / Math.min(count, MEMORY), MAX_MS)
    this.#ms.data[row] = cadence_ms
    return cadence_ms
  }
}

/** How many times as large scatter is after so many cadences. */
export function afterGap(cadences: number): number {
  return cadences <= GAP_CADENCES ? 1 : Math.min(Math.sqrt(1 + cadences * GAP_GROWTH), GAP_MAX)
}
