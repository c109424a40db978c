import type { Exemplar } from '#core/sample.ts'
import type { SeriesId } from '#core/series.ts'

/**
 * Exemplars until a sample of their series goes out, which they go along with: remote write 2.0 takes no series that has
 * nothing else, and senders may tell of them in a request behind that of the sample.
 */
export class HeldExemplars {
  readonly #most: number
  /** Series in the order in which their first came. */
  readonly #held = new Map<SeriesId, Exemplar[]>()
  #size = 0

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#size
  }

  /** How many of the oldest were let go to make room. */
  add(exemplar: Exemplar): number {
    const held = this.#held.get(exemplar.series)
    if (held === undefined) this.#held.set(exemplar.series, [exemplar])
    else held.push(exemplar)
    this.#size++
    let dropped = 0
    for (; this.#size > this.#most; dropped++) this.#dropOne()
    return dropped
  }

  /** Those of a series, which are held no longer; in order of time and value: a receiver refuses what is behind. */
  take(series: SeriesId): readonly Exemplar[] {
    const held = this.#held.get(series)
    if (held === undefined) return []
    this.#held.delete(series)
    this.#size -= held.length
    return held.toSorted((a, b) => a.time_ms - b.time_ms || a.value - b.value)
  }

  #dropOne(): void {
    for (const [series, held] of this.#held) {
      held.shift()
      this.#size--
      if (held.length === 0) this.#held.delete(series)
      return
    }
  }
}
