import { ServiceError } from '#core/errors.ts'
import type { SeriesId } from '#core/series.ts'
import type { ByteReader, ByteWriter } from '#core/store/bytes.ts'

/** Not matched yet. */
export const UNKNOWN = 0
/** No rule follows the series. */
export const NOBODY = 0x7fff_ffff
/** From here on the number of a list; below, a row + 1. */
export const MANY = 0x4000_0000

/** Ids of a page. */
export const PAGE_SHIFT = 10
const PAGE = 2 ** PAGE_SHIFT
export const PAGE_MASK = PAGE - 1

/** Of ids that are not matched: never written to. */
const NOTHING = new Int32Array(PAGE)

/** Which rows a series of the store feeds, by its id: a word a series. Ids count up for ever; a page of them that are all gone costs nothing. */
export class Routes {
  /** Codes by id. */
  readonly pages: Int32Array[] = []
  /** How many are matched, by page. */
  readonly #matched: number[] = []
  #held = 0
  #lists: Uint32Array[] = []
  /** Numbers of lists that are used again. */
  #free: number[] = []

  get bytes(): number {
    return this.#held * NOTHING.byteLength
  }

  /** Rows of a code that is not below `MANY`. */
  list(code: number): Uint32Array {
    return this.#lists[code - MANY]!
  }

  set(id: SeriesId, rows: readonly number[]): void {
    this.forget(id)
    this.#put(id, rows.length > 1 ? this.#keep(rows) : rows.length === 1 ? rows[0]! + 1 : NOBODY)
  }

  /** The series is matched anew when it comes again. */
  forget(id: SeriesId): void {
    const at = id >>> PAGE_SHIFT
    const code = this.#code(id)
    if (code === UNKNOWN) return
    if (code >= MANY && code !== NOBODY) {
      this.#lists[code - MANY] = new Uint32Array()
      this.#free.push(code - MANY)
    }
    this.pages[at]![id & PAGE_MASK] = UNKNOWN
    if (--this.#matched[at]! > 0) return
    this.pages[at] = NOTHING
    this.#held--
  }

  clear(): void {
    for (let at = 0; at < this.pages.length; at++) this.pages[at] = NOTHING
    this.#matched.fill(0)
    this.#held = 0
    this.#lists = []
    this.#free = []
  }

  /** Codes up to the last series that has one, as they lie in memory; then the lists. */
  save(writer: ByteWriter): void {
    let length = this.pages.length << PAGE_SHIFT
    while (length > 0 && this.#code(length - 1) === UNKNOWN) length--
    writer.varint(length)
    for (let at = 0; at << PAGE_SHIFT < length; at++) {
      writer.column(this.pages[at]!.subarray(0, Math.min(PAGE, length - (at << PAGE_SHIFT))))
    }
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
    this.clear()
    for (let id = 0; id < codes.length; id++) if (codes[id]! !== UNKNOWN) this.#put(id, codes[id]!)
    this.#lists = lists
    for (const [number, list] of lists.entries()) if (list.length === 0) this.#free.push(number)
  }

  #code(id: SeriesId): number {
    return this.pages[id >>> PAGE_SHIFT]?.[id & PAGE_MASK] ?? UNKNOWN
  }

  /** Of a series that has none. */
  #put(id: SeriesId, code: number): void {
    const at = id >>> PAGE_SHIFT
    while (this.pages.length <= at) {
      this.pages.push(NOTHING)
      this.#matched.push(0)
    }
    if (this.pages[at] === NOTHING) {
      this.pages[at] = new Int32Array(PAGE)
      this.#held++
    }
    this.pages[at]![id & PAGE_MASK] = code
    this.#matched[at]!++
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
