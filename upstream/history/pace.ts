import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
const ATTEMPTS = 6

export interface PaceOptions {
  /** Requests a second. */
  readonly rate: number
  readonly clock: Clock
}

/** Requests one after the other at a rate that the peer stands, with patience for what passes. */
export class Pace {
  readonly #interval_ms: number
  readonly #clock: Clock
  #next_ms = -Infinity

  constructor({ rate, clock }: PaceOptions) {
    this.#interval_ms = 1000 / rate
    this.#clock = clock
  }

  /** Throws what was thrown last: at once where it is final, and for `timeout`, since asking for less may help. */
  async ask<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      await this.turn(signal)
      try {
        return await request()
      } catch (error) {
        const passes = error instanceof ServiceError && error.retryable && error.code !== 'timeout'
        if (!passes || attempt === ATTEMPTS) throw error
        await this.pause(Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS), signal)
      }
    }
  }

  /** Throws `ServiceError('canceled')` when the signal says so. */
  pause(wait_ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancel()
        reject(new ServiceError('canceled', 'canceled'))
      }
      const cancel = this.#clock.after(wait_ms, () => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
    })
  }

  /** Until it is a request's turn. Throws `ServiceError('canceled')` when the signal says so. */
  async turn(signal: AbortSignal): Promise<void> {
    const now_ms = this.#clock.now_ms()
    const at_ms = Math.max(now_ms, this.#next_ms)
    this.#next_ms = at_ms + this.#interval_ms
    if (at_ms > now_ms) await this.pause(at_ms - now_ms, signal)
    if (signal.aborted) throw new ServiceError('canceled', 'canceled')
  }
}
