import type { Labels } from '#core/series.ts'

import { IDLE_MS, SWEEP_MS } from './deltas.ts'
import type { ExponentialTotal } from './exponential-sums.ts'

/**
 * What exponential histograms of deltas have counted, by their labels: attributes in another order, or of a resource that changed, are other bytes,
 * and the same series. What is not here any more goes on from the store.
 */
export class ExponentialTotals {
  readonly #totals = new Map<string, ExponentialTotal>()
  /** By alias of a point: to read its labels each time would take longer than all else. */
  readonly #labels = new Map<number, string>()
  #newest_ms = 0
  #swept_ms = -Infinity

  get size(): number {
    return this.#totals.size
  }

  /** Aliases whose labels are known. */
  get aliases(): number {
    return this.#labels.size
  }

  get(alias: number, labels: () => Labels): ExponentialTotal | undefined {
    return this.#totals.get(this.#key(alias, labels))
  }

  set(alias: number, labels: () => Labels, total: ExponentialTotal): void {
    this.#totals.set(this.#key(alias, labels), total)
    if (total.time_ms > this.#newest_ms) this.#newest_ms = total.time_ms
  }

  /** Whether one more may be kept of so many; those that fell idle give way. */
  hasRoom(limit: number): boolean {
    if (this.#totals.size < limit) return true
    if (this.#newest_ms - this.#swept_ms < SWEEP_MS) return false
    this.#swept_ms = this.#newest_ms
    for (const [key, { time_ms }] of this.#totals) {
      if (time_ms < this.#newest_ms - IDLE_MS) this.#totals.delete(key)
    }
    return this.#totals.size < limit
  }

  clear(): void {
    this.#totals.clear()
    this.#labels.clear()
    this.#newest_ms = 0
    this.#swept_ms = -Infinity
  }

  #key(alias: number, labels: () => Labels): string {
    const known = this.#labels.get(alias)
    if (known !== undefined) return known
    const key = labels().key
    if (alias >= 0) this.#labels.set(alias, key)
    return key
  }
}
