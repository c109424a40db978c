import type { SeriesId } from '../series.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { IdPages } from './id-pages.ts'

/** As in format 1 of the store. */
const WITH = 1
const WITHOUT = 2

/** Which histograms came with a sum, and which also without: their `_sum` series has gaps, or is not there. */
export class SumTable {
  /** By row. */
  readonly #flags = new IdPages()

  note(row: SeriesId, sum: number): void {
    this.restore(row, Number.isNaN(sum) ? WITHOUT : WITH)
  }

  remove(row: SeriesId): void {
    this.#flags.set(row, 0)
  }

  some(row: SeriesId): boolean {
    return (this.#flags.get(row) & WITH) !== 0
  }

  every(row: SeriesId): boolean {
    return (this.#flags.get(row) & WITHOUT) === 0
  }

  /** From a snapshot of format 1: bit 0 where sums came, bit 1 where one was missing. */
  restore(row: SeriesId, flags: number): void {
    this.#flags.set(row, this.#flags.get(row) | (flags & (WITH | WITHOUT)))
  }

  save(writer: ByteWriter): void {
    for (const flag of [WITH, WITHOUT]) {
      const rows: SeriesId[] = []
      this.#flags.each((flags, row) => {
        if ((flags & flag) !== 0) rows.push(row)
      })
      writer.varint(rows.length)
      writer.column(Uint32Array.from(rows))
    }
  }

  /** Into an empty one. */
  load(reader: ByteReader): void {
    for (const flag of [WITH, WITHOUT]) for (const row of reader.integers(reader.count(4))) this.restore(row, flag)
  }
}
