/** Lets so many through at once; the others wait, first come first served. */
export class Gate {
  readonly #most: number
  readonly #waiting: (() => void)[] = []
  #inside = 0

  constructor(most: number) {
    this.#most = most
  }

  get waiting(): number {
    return this.#waiting.length
  }

  get inside(): number {
    return this.#inside
  }

  /** Resolves when there is room; `leave` must follow. */
  async enter(): Promise<void> {
    if (this.#inside < this.#most) {
      this.#inside++
      return
    }
    // Whoever leaves gives his place on.
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inside--
    else next()
  }
}
