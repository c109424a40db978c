import type { SeriesId } from '#core/series.ts'

/** Not matched yet. */
export const UNKNOWN = 0
/** No rule follows the series. */
export const NOBODY = 0x7fff_ffff
/** From here on the number of a list; below, a row + 1. */
export const MANY = 0x4000_0000

/** Which rows a series of the store feeds, by its id: a word a series. Ids are never used again, so what ended is not asked for. */
export class Routes {
  /** By id; replaced when it grows. */
  codes = new Int32Array(1024)
  #lists: Uint32Array[] = []

  get bytes(): number {
    return this.codes.byteLength
  }

  /** Rows of a code that is not below `MANY`. */
  list(code: number): Uint32Array {
    return this.#lists[code - MANY]!
  }

  set(id: SeriesId, rows: readonly number[]): number {
    if (id >= this.codes.length) {
      const larger = new Int32Array(Math.max(id + 1, this.codes.length * 2))
      larger.set(this.codes)
      this.codes = larger
    }
    let code = rows.length === 0 ? NOBODY : rows[0]! + 1
    if (rows.length > 1) code = MANY + this.#lists.push(Uint32Array.from(rows)) - 1
    this.codes[id] = code
    return code
  }

  /** The series is matched anew when it comes again. */
  forget(id: SeriesId): void {
    const code = this.codes[id] ?? UNKNOWN
    // A list keeps its number: it is emptied, and costs nothing until the next `clear`.
    if (code >= MANY && code !== NOBODY) this.#lists[code - MANY] = new Uint32Array()
    if (id < this.codes.length) this.codes[id] = UNKNOWN
  }

  clear(): void {
    this.codes.fill(UNKNOWN)
    this.#lists = []
  }
}
