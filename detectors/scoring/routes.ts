import { ServiceError } from '#core/errors.ts'
import type { SeriesId } from '#core/series.ts'
import type { ByteReader, ByteWriter } from '#core/store/bytes.ts'

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

  /** Codes up to the last series that has one, as they lie in memory; then the lists. */
  save(writer: ByteWriter): void {
    const { codes } = this
    let length = codes.length
    while (length > 0 && codes[length - 1] === UNKNOWN) length--
    writer.varint(length)
    writer.column(codes.subarray(0, length))
    writer.varint(this.#lists.length)
    for (const list of this.#lists) {
      writer.varint(list.length)
      for (const row of list) writer.varint(row)
    }
  }

  /** In the place of what there is. Throws `ServiceError('bad_data')` where a row is none. */
  load(reader: ByteReader, isRow: (row: number) => boolean): void {
    const codes = new Int32Array(reader.integers(reader.count(4)).buffer)
    const lists = Array.from({ length: reader.count(1) }, () =>
      Uint32Array.from({ length: reader.count(1) }, () => reader.varint()),
    )
    for (const code of codes) {
      if (code === UNKNOWN || code === NOBODY) continue
      if (code < 0 || (code < MANY ? !isRow(code - 1) : code - MANY >= lists.length)) throw strange()
    }
    for (const list of lists) for (const row of list) if (!isRow(row)) throw strange()
    this.codes = codes
    this.#lists = lists
  }
}

function strange(): ServiceError {
  return new ServiceError('bad_data', 'a route of scoring leads nowhere')
}
