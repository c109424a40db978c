/**
 * The wall clock, for resending, group timers, timeouts and the 1 Hz tick; nothing that judges data reads it.
 * Cancelling twice, or after the timer fired, is harmless.
 */
export interface Clock {
  now_ms(): number
  after(delay_ms: number, run: () => void): () => void
  every(interval_ms: number, run: () => void): () => void
}

/** A wall clock that is so much behind where it was has been set; what is less is waited for. */
export const SET_BACK_MS = 60_000

export const systemClock: Clock = {
  now_ms: () => Date.now(),
  after(delay_ms, run) {
    const timer = setTimeout(run, delay_ms)
    return () => clearTimeout(timer)
  },
  every(interval_ms, run) {
    const timer = setInterval(run, interval_ms)
    return () => clearInterval(timer)
  },
}

/** A fine clock that only goes forward, from anywhere: for shares of the thread's time. */
export function monotonicNow_ms(): number {
  return performance.now()
}

/** How long the event loop of this thread has had nothing to do, in all. */
export function loopIdle_ms(): number {
  return performance.eventLoopUtilization().idle
}

interface Timer {
  due_ms: number
  interval_ms: number
  run: () => void
}

/** A clock that stands still until it is told to move: tests and `replay` drive it. */
export class ManualClock implements Clock {
  #now_ms: number
  readonly #timers = new Set<Timer>()

  constructor(now_ms = 0) {
    this.#now_ms = now_ms
  }

  now_ms(): number {
    return this.#now_ms
  }

  after(delay_ms: number, run: () => void): () => void {
    return this.#add({ due_ms: this.#now_ms + delay_ms, interval_ms: 0, run })
  }

  every(interval_ms: number, run: () => void): () => void {
    return this.#add({ due_ms: this.#now_ms + interval_ms, interval_ms, run })
  }

  /** Moves to `time_ms` (never back), running what falls due on the way, in order of time. */
  advanceTo(time_ms: number): void {
    for (;;) {
      const next = this.#next(time_ms)
      if (next === undefined) break
      this.#now_ms = Math.max(this.#now_ms, next.due_ms)
      if (next.interval_ms > 0) next.due_ms += next.interval_ms
      else this.#timers.delete(next)
      next.run()
    }
    this.#now_ms = Math.max(this.#now_ms, time_ms)
  }

  /** The clock is set, ahead or back: nothing falls due, and timers wait for as long as they would have. */
  set(time_ms: number): void {
    const by_ms = time_ms - this.#now_ms
    this.#now_ms = time_ms
    for (const timer of this.#timers) timer.due_ms += by_ms
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  #next(until_ms: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.due_ms <= until_ms && (first === undefined || timer.due_ms < first.due_ms)) first = timer
    }
    return first
  }
}
