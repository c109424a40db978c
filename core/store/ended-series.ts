import type { SeriesId } from '../series.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

/**
 * So many batches may be stored while one that was decoded with good ids waits for its turn: ids that are told to go stay good
 * for as many, and so long those wait that are to be told of together.
 */
export const IN_FLIGHT = 512

const NEVER = -1

/** What became of the series that have ended, with one more batch stored. */
export interface Settled {
  /** Whether those that have ended by now are to be told of: who keeps their ids has to give them up. */
  readonly told: boolean
  /** Those whose time has come; they are taken out. */
  readonly due: readonly SeriesId[]
}

const NOTHING: Settled = { told: false, due: [] }

/**
 * Series that have ended, in order, each with the batch at which it did. They go in groups: first all are told of, later they
 * are due.
 */
export class EndedSeries {
  readonly #since = new Map<SeriesId, number>()
  #now = 0
  /** The batch at which those were told of that had ended before it, and are not due yet. */
  #told = NEVER

  add(id: SeriesId): void {
    // To the end: the map is in order of the batches.
    this.#since.delete(id)
    this.#since.set(id, this.#now)
  }

  /** It lives again, or is gone. */
  delete(id: SeriesId): void {
    this.#since.delete(id)
  }

  /** To be called once a batch. */
  settle(): Settled {
    this.#now++
    if (this.#told === NEVER) {
      const [first = Infinity] = this.#since.values()
      if (this.#now - first < IN_FLIGHT || first === Infinity) return NOTHING
      this.#told = this.#now
      return { told: true, due: [] }
    }
    if (this.#now - this.#told < IN_FLIGHT) return NOTHING
    const due: SeriesId[] = []
    for (const [id, since] of this.#since) {
      if (since >= this.#told) break
      due.push(id)
    }
    for (const id of due) this.#since.delete(id)
    this.#told = NEVER
    return { told: false, due }
  }

  /** How many batches ago they were told of (0: not), ids, how many batches ago each ended, in order. */
  save(writer: ByteWriter): void {
    writer.varint(this.#told === NEVER ? 0 : this.#now - this.#told + 1)
    writer.varint(this.#since.size)
    writer.column(Uint32Array.from(this.#since.keys()))
    writer.column(Uint32Array.from(this.#since.values(), (since) => this.#now - since))
  }

  /** Into an empty one; leaves out those that `isEnded` does not know. */
  load(reader: ByteReader, isEnded: (id: SeriesId) => boolean): void {
    const told = reader.varint()
    const count = reader.count(8)
    const ids = reader.integers(count)
    const ages = reader.integers(count)
    this.#now = ages.reduce((most, age) => Math.max(most, age), told)
    this.#told = told === 0 ? NEVER : this.#now - told + 1
    for (const [i, id] of ids.entries()) if (isEnded(id)) this.#since.set(id, this.#now - ages[i]!)
  }
}
