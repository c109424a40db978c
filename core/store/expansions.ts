import type { SeriesDefinition, SeriesId } from '../series.ts'
import { type Part, partsOf } from './histogram-row.ts'

/** Parts that are kept, about half a kilobyte each. */
const KEPT = 200_000

/** The classic series that histograms are, put together once for those that are asked for. All are forgotten where they become too many. */
export class Expansions {
  readonly #kept: number
  readonly #parts = new Map<SeriesId, readonly Part[]>()
  #size = 0

  constructor(kept = KEPT) {
    this.#kept = kept
  }

  /** Parts held. */
  get size(): number {
    return this.#size
  }

  of(row: SeriesId, { labels, bounds }: SeriesDefinition): readonly Part[] {
    const known = this.#parts.get(row)
    if (known !== undefined) return known
    const parts = partsOf(labels, bounds)
    if (this.#size + parts.length > this.#kept) {
      this.#parts.clear()
      this.#size = 0
    }
    this.#parts.set(row, parts)
    this.#size += parts.length
    return parts
  }

  forget(row: SeriesId): void {
    const known = this.#parts.get(row)
    if (known !== undefined && this.#parts.delete(row)) this.#size -= known.length
  }
}
