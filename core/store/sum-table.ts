import type { SeriesId } from '../series.ts'

/** Which histograms came with a sum, and which also without: their `_sum` series has gaps, or is not there. */
export class SumTable {
  readonly #with = new Set<SeriesId>()
  readonly #without = new Set<SeriesId>()

  note(row: SeriesId, sum: number): void {
    if (Number.isNaN(sum)) this.#without.add(row)
    else this.#with.add(row)
  }

  remove(row: SeriesId): void {
    this.#with.delete(row)
    this.#without.delete(row)
  }

  some(row: SeriesId): boolean {
    return this.#with.has(row)
  }

  every(row: SeriesId): boolean {
    return !this.#without.has(row)
  }

  /** For a snapshot: bit 0 where sums came, bit 1 where one was missing. */
  flags(row: SeriesId): number {
    return (this.#with.has(row) ? 1 : 0) | (this.#without.has(row) ? 2 : 0)
  }

  restore(row: SeriesId, flags: number): void {
    if ((flags & 1) !== 0) this.#with.add(row)
    if ((flags & 2) !== 0) this.#without.add(row)
  }
}
