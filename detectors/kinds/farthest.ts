import { gain } from '#core/stats/ewma.ts'

import type { Rows } from './rows.ts'

/** It is forgotten in about so long. */
const MEMORY_MS = 28 * 86_400_000

/** How far values of a row lay from what was expected at most of late: 0 above, 1 below. */
export class Farthest {
  /** Columns of it. */
  static readonly COLUMNS = 1
  readonly #distance

  constructor(rows: Rows) {
    this.#distance = rows.column(Float32Array, 2)
  }

  of(row: number, side: number): number {
    return this.#distance.data[row * 2 + side]!
  }

  /** `residual`: of a value, in its own units; `dt_ms` since the one before. */
  learn(row: number, residual: number, dt_ms: number): void {
    const kept = 1 - gain(dt_ms, MEMORY_MS)
    const distances = this.#distance.data
    const at = row * 2
    distances[at] = Math.max(kept * distances[at]!, residual)
    distances[at + 1] = Math.max(kept * distances[at + 1]!, -residual)
  }
}
