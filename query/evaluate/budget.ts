import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'

import type { QueryLimits } from '../limits.ts'
import type { Turns } from './turns.ts'

/** So many values are computed between two looks at the clock. */
const VALUES_PER_LOOK = 10_000

export interface BudgetOptions {
  readonly limits: QueryLimits
  readonly clock: Clock
  readonly turns: Turns
  readonly timeout_ms?: number
  readonly signal?: AbortSignal
}

/** What one query may still use: values, time, patience. Throws `execution`, `timeout` or `canceled` when it is used up. */
export class Budget {
  readonly limits: QueryLimits
  readonly #clock: Clock
  readonly #deadline_ms: number
  readonly #signal: AbortSignal | undefined
  readonly #turns: Turns
  #began_ms: number
  #spent = 0
  #since = 0

  constructor({ limits, clock, turns, timeout_ms, signal }: BudgetOptions) {
    this.limits = limits
    this.#clock = clock
    this.#deadline_ms = timeout_ms === undefined ? Infinity : clock.now_ms() + timeout_ms
    this.#signal = signal
    this.#turns = turns
    this.#began_ms = turns.begin()
  }

  /** Values read or computed so far. */
  get spent(): number {
    return this.#spent
  }

  /** Accounts for values about to be made. */
  spend(values: number): void {
    this.#spent += values
    this.#since += values
    if (this.#spent <= this.limits.samples) return
    const message = `query processing would load too many samples into memory in query execution (limit ${this.limits.samples})`
    throw new ServiceError('execution', message)
  }

  /** Values that were read and are not accounted for yet. */
  worked(values: number): void {
    this.#since += values
  }

  /** Refuses now what would be too much if so many values were made. */
  foresee(values: number): void {
    // A foresight is not exact: what is near the limit is seen when it is there.
    if (this.#spent + values * 0.9 > this.limits.samples) this.spend(this.limits.samples + 1)
  }

  /** Refuses more series than a selector or operator may have. */
  series(count: number): void {
    if (count <= this.limits.series) return
    throw new ServiceError('execution', `query would touch ${count} series (limit ${this.limits.series})`)
  }

  steps(count: number): void {
    if (count <= this.limits.steps) return
    throw new ServiceError('execution', `query would evaluate ${count} steps (limit ${this.limits.steps})`)
  }

  /** True when enough was done since the last pause that others should have their turn. */
  get due(): boolean {
    if (this.#since < VALUES_PER_LOOK) return false
    this.#since = 0
    return this.#turns.isOver(this.#began_ms)
  }

  /** Others have their turn; then looks at the clock and the signal. */
  async pause(): Promise<void> {
    await this.#turns.yield(this.#began_ms)
    this.#began_ms = this.#turns.begin()
    this.check()
  }

  check(): void {
    if (this.#signal?.aborted === true) throw new ServiceError('canceled', 'query was canceled in query execution')
    if (this.#clock.now_ms() >= this.#deadline_ms)
      throw new ServiceError('timeout', 'query timed out in query execution')
  }
}
