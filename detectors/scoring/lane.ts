import type { RowBatch, VerdictColumns } from '../kinds/kind.ts'

/** Samples of one rule that are judged together: columns that are filled again for each batch. */
export class Lane {
  /** Rows of scoring beside those of the detector in `batch`. */
  table = new Uint32Array(64)
  batch: RowBatch & { length: number } = {
    length: 0,
    row: new Uint32Array(64),
    time_ms: new Float64Array(64),
    value: new Float64Array(64),
  }
  out: VerdictColumns & { everyBand: boolean } = {
    score: new Float64Array(64),
    bands: new Float64Array(3 * 64),
    blamed: new Uint8Array(64),
    everyBand: false,
  }

  /** Empties it, with room for so many. */
  clear(room: number): void {
    this.batch.length = 0
    if (room <= this.table.length) return
    const size = Math.max(room, this.table.length * 2)
    this.table = new Uint32Array(size)
    this.batch = {
      length: 0,
      row: new Uint32Array(size),
      time_ms: new Float64Array(size),
      value: new Float64Array(size),
    }
    this.out = {
      score: new Float64Array(size),
      bands: new Float64Array(3 * size),
      blamed: new Uint8Array(size),
      everyBand: this.out.everyBand,
    }
  }
}
