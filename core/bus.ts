/** Typed fan-out to listeners inside the process. A listener that throws is reported, the others still hear. */
export class Bus<Event> {
  readonly #listeners = new Set<(event: Event) => void>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Returns the way out; leaving twice is harmless. */
  subscribe(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  publish(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
