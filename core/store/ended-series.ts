import type { SeriesId } from '../series.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

/**
 * So many requests may have been decoded, with ids that were good then, before the first of them is stored: a series that
 * ends in between must still be there for the others.
 */
export const REQUESTS_IN_FLIGHT = 256

/** Series that have ended, in order, each with the request at which it did. */
export class EndedSeries {
  readonly #since = new Map<SeriesId, number>()
  #now = 0

  add(id: SeriesId): void {
    // To the end: the map is in order of the requests.
    this.#since.delete(id)
    this.#since.set(id, this.#now)
  }

  /** It lives again, or is gone. */
  delete(id: SeriesId): void {
    this.#since.delete(id)
  }

  /** One more request is stored. Returns those whose time has come; they are taken out. */
  due(): readonly SeriesId[] {
    const last = ++this.#now - REQUESTS_IN_FLIGHT
    const ids: SeriesId[] = []
    for (const [id, since] of this.#since) {
      if (since >= last) break
      ids.push(id)
    }
    for (const id of ids) this.#since.delete(id)
    return ids
  }

  /** Ids, then how many requests ago they ended, in order. */
  save(writer: ByteWriter): void {
    writer.varint(this.#since.size)
    writer.column(Uint32Array.from(this.#since.keys()))
    writer.column(Uint32Array.from(this.#since.values(), (since) => this.#now - since))
  }

  /** Into an empty one; leaves out those that `isEnded` does not know. */
  load(reader: ByteReader, isEnded: (id: SeriesId) => boolean): void {
    const count = reader.count(8)
    const ids = reader.integers(count)
    const ages = reader.integers(count)
    this.#now = ages.reduce((most, age) => Math.max(most, age), 0)
    for (const [i, id] of ids.entries()) if (isEnded(id)) this.#since.set(id, this.#now - ages[i]!)
  }
}
