/** Nothing for so long is a pause. */
const PAUSE_MS = 120_000

/**
 * Since when data comes without a pause, by analysis time. Who asks whether one of many has fallen silent counts from there: where all were silent
 * (a restart, a network that was away), none of them was.
 */
export class Flow {
  #since_ms = Infinity
  #heard_ms = Number.NaN

  /** Infinity while there is a pause. */
  get since_ms(): number {
    return this.#since_ms
  }

  /** Data came. */
  heard(time_ms: number): void {
    if (!(Math.abs(time_ms - this.#heard_ms) <= PAUSE_MS)) this.#since_ms = time_ms
    this.#heard_ms = time_ms
  }

  /** What comes is not all that there is, or the clock was set: what comes next begins anew. */
  interrupt(): void {
    this.#since_ms = Infinity
    this.#heard_ms = Number.NaN
  }

  /** Finite; undefined in a pause. */
  get state(): FlowState | undefined {
    const isKnown = Number.isFinite(this.#since_ms) && Number.isFinite(this.#heard_ms)
    return isKnown ? { since_ms: this.#since_ms, heard_ms: this.#heard_ms } : undefined
  }

  restore(state: FlowState | undefined): void {
    this.#since_ms = state?.since_ms ?? Infinity
    this.#heard_ms = state?.heard_ms ?? Number.NaN
  }
}

export interface FlowState {
  readonly since_ms: number
  readonly heard_ms: number
}
