import { IDLE_MS, SWEEP_MS } from './deltas.ts'
import type { ExponentialTotal } from './exponential-sums.ts'

/** What exponential histograms of deltas have counted, by alias of their points. What is not here any more goes on from the store. */
export class ExponentialTotals {
  readonly #totals = new Map<number, ExponentialTotal>()
  #newest_ms = 0
  #swept_ms = -Infinity

  get size(): number {
    return this.#totals.size
  }

  get(alias: number): ExponentialTotal | undefined {
    return this.#totals.get(alias)
  }

  set(alias: number, total: ExponentialTotal): void {
    this.#totals.set(alias, total)
    if (total.time_ms > this.#newest_ms) this.#newest_ms = total.time_ms
  }

  /** Whether one more may be kept of so many; those that fell idle give way. */
  hasRoom(limit: number): boolean {
    if (this.#totals.size < limit) return true
    if (this.#newest_ms - this.#swept_ms < SWEEP_MS) return false
    this.#swept_ms = this.#newest_ms
    for (const [alias, { time_ms }] of this.#totals) {
      if (time_ms < this.#newest_ms - IDLE_MS) this.#totals.delete(alias)
    }
    return this.#totals.size < limit
  }

  clear(): void {
    this.#totals.clear()
    this.#newest_ms = 0
    this.#swept_ms = -Infinity
  }
}
