/** So much is left behind before it is swept up. Eight times as much, and V8 begins by itself. */
const SWEEP_BYTES = 2 ** 22

/**
 * Bytes in memory that only the garbage collector can give back, and that nobody holds any more. Left to itself it looks through the whole heap for
 * every few dozen MiB of them, which costs as much as all other work on them; among what is young they are found in a millisecond.
 */
export class LeftBehind {
  readonly #sweep: () => void
  #bytes = 0

  /** `sweep` gives back what was dropped a short time ago. */
  constructor(sweep: () => void) {
    this.#sweep = sweep
  }

  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < SWEEP_BYTES) return
    this.#bytes = 0
    this.#sweep()
  }
}
