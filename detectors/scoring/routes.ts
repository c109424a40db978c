import { ServiceError } from '#core/errors.ts'
import type { SeriesId } from '#core/series.ts'
import type { ByteReader, ByteWriter } from '#core/store/bytes.ts'
import { IdPages } from '#core/store/id-pages.ts'

/** Not matched yet. */
export const UNKNOWN = 0
/** No rule follows the series. */
export const NOBODY = 0x7fff_ffff
/** From here on the number of a list; below, a row + 1. */
export const MANY = 0x4000_0000

/** Which rows a series of the store feeds, by its id: a word a series. Ids count up for ever; a page of them that are all gone costs nothing. */
export class Routes {
  #codes = new IdPages()
  #lists: Uint32Array[] = []
  /** Numbers of lists that are used again. */
  #free: number[] = []

  /** By id. */
  get codes(): IdPages {
    return this.#codes
  }

  get bytes(): number {
    return this.#codes.bytes
  }

  /** Rows of a code that is not below `MANY`. */
  list(code: number): Uint32Array {
    return this.#lists[code - MANY]!
  }

  set(id: SeriesId, rows: readonly number[]): void {
    this.forget(id)
    this.#codes.set(id, rows.length > 1 ? this.#keep(rows) : rows.length === 1 ? rows[0]! + 1 : NOBODY)
  }

  /** The series is matched anew when it comes again. */
  forget(id: SeriesId): void {
    const code = this.#codes.get(id)
    if (code >= MANY && code !== NOBODY) {
      this.#lists[code - MANY] = new Uint32Array()
      this.#free.push(code - MANY)
    }
    this.#codes.set(id, UNKNOWN)
  }

  clear(): void {
    this.#codes.clear()
    this.#lists = []
    this.#free = []
  }

  /** Codes, then the lists. */
  save(writer: ByteWriter): void {
    this.#codes.save(writer)
    writer.varint(this.#lists.length)
    for (const list of this.#lists) {
      writer.varint(list.length)
      for (const row of list) writer.varint(row)
    }
  }

  /** In the place of what there is; `dense`: a code an id, as format 1 has them. Throws `ServiceError('bad_data')` where a row is none. */
  load(reader: ByteReader, isRow: (row: number) => boolean, dense: boolean): void {
    const codes = new IdPages()
    if (dense) for (const [id, code] of reader.integers(reader.count(4)).entries()) codes.set(id, code)
    else codes.load(reader)
    const lists = Array.from({ length: reader.count(1) }, () =>
      Uint32Array.from({ length: reader.count(1) }, () => reader.varint()),
    )
    codes.each((code) => {
      if (code === NOBODY) return
      if (code > NOBODY || (code < MANY ? !isRow(code - 1) : code - MANY >= lists.length)) throw strange()
    })
    for (const list of lists) for (const row of list) if (!isRow(row)) throw strange()
    this.#codes = codes
    this.#lists = lists
    this.#free = Array.from(lists.keys()).filter((number) => lists[number]!.length === 0)
  }

  #keep(rows: readonly number[]): number {
    const number = this.#free.pop() ?? this.#lists.length
    this.#lists[number] = Uint32Array.from(rows)
    return MANY + number
  }
}

function strange(): ServiceError {
  return new ServiceError('bad_data', 'a route of scoring leads nowhere')
}
