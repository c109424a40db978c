/** How long after the last of it history counts as complete, and for how long at most the rules wait for it, analysis time. */
const SETTLE_MS = 2000
const WAIT_MS = 15_000

export interface HistoryState {
  readonly from_ms: number
  readonly first_ms: number
  readonly last_ms: number
}

/**
 * Old samples that come today, in many requests: rules wait until they are all there, since a rule that looked half way would take what came
 * later for late. Then what was done before is done again for series that are new.
 */
export class HistoryWatch {
  #state: HistoryState | null = null

  /** New samples from `from_ms` on came at analysis time `time_ms`. */
  seen(from_ms: number, time_ms: number): void {
    const before = this.#state
    this.#state = {
      from_ms: Math.min(before?.from_ms ?? Infinity, from_ms),
      first_ms: before?.first_ms ?? time_ms,
      last_ms: time_ms,
    }
  }

  /** True while rules should wait. */
  waits(time_ms: number): boolean {
    return this.#state !== null && time_ms - this.#state.last_ms < SETTLE_MS && time_ms - this.#state.first_ms < WAIT_MS
  }

  /** Where the history began that has come since the last call; null when none has. */
  taken(): number | null {
    const from_ms = this.#state?.from_ms ?? null
    this.#state = null
    return from_ms
  }

  save(): HistoryState | null {
    return this.#state
  }

  load(state: HistoryState | null): void {
    this.#state = state
  }
}
