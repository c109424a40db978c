import type { SeriesId } from '../series.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { loadPages, savePages } from './page-list.ts'

/** Ids of a page. Part of snapshots. */
export const ID_SHIFT = 10
const PAGE = 2 ** ID_SHIFT
export const ID_MASK = PAGE - 1

/** Ids are below 2^31. */
const PAGES_MAX = 2 ** (31 - ID_SHIFT)

/** Of ids that have none: never written to. */
const NOTHING = new Uint32Array(PAGE)

/** A number by id of a series, 0 for none: ids count up for ever, and a page without numbers costs nothing. */
export class IdPages {
  /** Numbers by page and id in it, for who reads very many; `ID_SHIFT`, `ID_MASK`. */
  readonly pages: Uint32Array[] = []
  /** How many ids have one, by page. */
  readonly #used: number[] = []
  #held = 0

  /** Ids are below this. */
  get end(): number {
    return this.pages.length << ID_SHIFT
  }

  get bytes(): number {
    return this.#held * NOTHING.byteLength
  }

  get(id: SeriesId): number {
    return this.pages[id >>> ID_SHIFT]?.[id & ID_MASK] ?? 0
  }

  set(id: SeriesId, number: number): void {
    const at = id >>> ID_SHIFT
    const before = this.get(id)
    if (before === number) return
    if (before === 0) this.#use(at)
    this.pages[at]![id & ID_MASK] = number
    if (number !== 0 || --this.#used[at]! > 0) return
    this.pages[at] = NOTHING
    this.#held--
  }

  /** Every number with its id, ids ascending. */
  each(visit: (number: number, id: SeriesId) => void): void {
    for (const [at, page] of this.pages.entries()) {
      if (page === NOTHING) continue
      for (let i = 0; i < PAGE; i++) if (page[i] !== 0) visit(page[i]!, at * PAGE + i)
    }
  }

  /** Pages that have a number, as they lie in memory. */
  save(writer: ByteWriter): void {
    const { pages } = this
    for (const page of savePages(writer, pages.length, (at) => pages[at] !== NOTHING)) writer.column(pages[page]!)
  }

  /** Into an empty one. Throws `ServiceError('bad_data')`. */
  load(reader: ByteReader): void {
    for (const at of loadPages(reader, PAGES_MAX, false)) {
      const page = reader.integers(PAGE)
      const used = page.reduce((count, number) => (number === 0 ? count : count + 1), 0)
      if (used === 0) continue
      this.#reach(at)
      this.pages[at] = page
      this.#used[at] = used
      this.#held++
    }
  }

  clear(): void {
    this.pages.length = 0
    this.#used.length = 0
    this.#held = 0
  }

  /** One more of a page has a number. */
  #use(at: number): void {
    this.#reach(at)
    if (this.#used[at]!++ > 0) return
    this.pages[at] = new Uint32Array(PAGE)
    this.#held++
  }

  /** There is such a page. */
  #reach(at: number): void {
    while (this.pages.length <= at) {
      this.pages.push(NOTHING)
      this.#used.push(0)
    }
  }
}
