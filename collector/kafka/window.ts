/** After so many bytes of work everybody else gets a turn. */
const TURN_BYTES = 512 * 2 ** 10

/**
 * What may be in the hands of the intake at once, in bytes, for all partitions together: enough that it never waits for
 * us, and no more, for what is there is worked off before the process looks at anything else.
 */
export class Window {
  readonly #limit: number
  #used = 0
  #worked = 0
  #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** False where there is no room, or others wait for it. One alone always has room. */
  take(bytes: number): boolean {
    if (this.#used > 0 && (this.#used + bytes > this.#limit || this.#waiting.length > 0)) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** When something was given back: then ask again. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** After each piece of work. */
  async turn(bytes: number): Promise<void> {
    this.#worked += bytes
    if (this.#worked < TURN_BYTES) return
    this.#worked = 0
    await new Promise((resolve) => setImmediate(resolve))
  }
}
