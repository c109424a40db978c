/** Who does not come for so long is not there: few send less often, and they are only learned again. */
const CALL_MS = 900_000
/** Fewer entries are not worth calling. */
const LEAST = 10_000

/**
 * Tells when a book of series is better learned again, since most of it is of series that nobody sends any more: pods that were replaced stay in the
 * store as long as their samples, and need not stay here. Entries are numbered from 0 and none goes alone. Where there may be twice as many as are
 * in use, it is taken down for a while which of them come; nothing is taken down otherwise.
 */
export class RollCall {
  readonly #now_ms: () => number
  /** One begins with so many entries. */
  #due = LEAST
  #began_ms = Number.NaN
  /** Of the entries that there were then, 1 for each that came since; later ones came. */
  #came: Uint8Array | undefined

  /** `now_ms`: when things come, by any clock. */
  constructor(now_ms: () => number) {
    this.#now_ms = now_ms
  }

  /** Whether it matters who comes. */
  get isOn(): boolean {
    return this.#came !== undefined
  }

  came(entry: number): void {
    if (this.#came !== undefined) this.#came[entry] = 1
  }

  /** Begins and ends calls; true where most of the `length` entries were not there in one. */
  mostAreGone(length: number): boolean {
    const came = this.#came
    if (came === undefined) {
      if (length < this.#due) return false
      this.#came = new Uint8Array(length)
      this.#began_ms = this.#now_ms()
      return false
    }
    // Set back or ahead, the clock says nothing more of this call: it ends.
    if (Math.abs(this.#now_ms() - this.#began_ms) < CALL_MS) return false
    this.#came = undefined
    const used = length - came.reduce((gone, one) => gone + 1 - one, 0)
    this.#due = Math.max(LEAST, used * 2)
    return used * 2 < length
  }

  /** There are no entries any more. */
  clear(): void {
    this.#due = LEAST
    this.#came = undefined
  }
}
