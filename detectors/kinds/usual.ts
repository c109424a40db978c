import type { Rows } from './rows.ts'

/** What somebody said is usual is so for two weeks. */
const KEEP_MS = 14 * 86_400_000
/** The like of it is what lies so much further out at most. */
const LIKE = 1.05

/** Distances from what is expected that somebody said are usual, above and below. */
export class Usual {
  /** Columns of it. */
  static readonly COLUMNS = 2
  readonly #distance
  readonly #until_ms

  constructor(rows: Rows) {
    this.#distance = rows.column(Float32Array, 2)
    this.#until_ms = rows.column(Float64Array, 2)
  }

  /** A distance that was no trouble, or NaN: positive above. */
  told(row: number, time_ms: number, distance: number): void {
    if (!Number.isFinite(distance)) return
    const side = distance >= 0 ? 0 : 1
    const known = this.within(row, side, time_ms)
    this.#distance.data[row * 2 + side] = Math.max(known, Math.abs(distance) * LIKE)
    this.#until_ms.data[row * 2 + side] = time_ms + KEEP_MS
  }

  /** Up to how far out nothing is trouble on a side: 0 above, 1 below. */
  within(row: number, side: number, time_ms: number): number {
    const at = row * 2 + side
    return time_ms < this.#until_ms.data[at]! ? this.#distance.data[at]! : 0
  }
}
