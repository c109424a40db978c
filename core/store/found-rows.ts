import type { Matcher } from '../ports/series-reader.ts'

/** Rows that are kept, of all selectors together: 4 MB. */
const KEPT_ROWS = 1_000_000
/** A selector costs as much as so many. */
const SELECTOR_ROWS = 64

/** Float rows that selectors found, in order of their label sets, until the series change: rules ask for the same ones again and again. */
export class FoundRows {
  readonly #found = new Map<string, Uint32Array>()
  #rows = 0
  #changes = -1

  static key(matchers: readonly Matcher[]): string {
    return matchers.map(({ name, op, value }) => `${name}\0${op}\0${value}`).join('\0')
  }

  /** `changes` counts those of the series. */
  get(key: string, changes: number): Uint32Array | undefined {
    if (changes !== this.#changes) this.#forget(changes)
    return this.#found.get(key)
  }

  /** To be asked for first. */
  keep(key: string, rows: Uint32Array): void {
    const cost = rows.length + SELECTOR_ROWS
    if (cost > KEPT_ROWS / 4) return
    if (this.#rows + cost > KEPT_ROWS) this.#forget(this.#changes)
    this.#found.set(key, rows)
    this.#rows += cost
  }

  #forget(changes: number): void {
    this.#changes = changes
    this.#found.clear()
    this.#rows = 0
  }
}
