import type { SeriesId } from '../series.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

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

  /** From a snapshot of format 1: bit 0 where sums came, bit 1 where one was missing. */
  restore(row: SeriesId, flags: number): void {
    if ((flags & 1) !== 0) this.#with.add(row)
    if ((flags & 2) !== 0) this.#without.add(row)
  }

  save(writer: ByteWriter): void {
    for (const rows of [this.#with, this.#without]) {
      writer.varint(rows.size)
      writer.column(Uint32Array.from(rows))
    }
  }

  /** Into an empty one. */
  load(reader: ByteReader): void {
    for (const rows of [this.#with, this.#without]) for (const row of reader.integers(reader.count(4))) rows.add(row)
  }
}
