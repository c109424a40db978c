import { ServiceError } from '#core/errors.ts'
import type { NewestSample } from '#core/ports/series-writer.ts'
import type { SeriesId } from '#core/series.ts'

import { type Interval, NEAR_MS } from './start-times.ts'

/** A series this far behind the newest gives way when there is no room. */
export const IDLE_MS = 3_600_000
/** Room is looked for again when time has moved this far: looking costs a pass over all. */
export const SWEEP_MS = 60_000

/** What a series has counted so far. `values`: the number itself, or sum, count, then a count a bucket. */
export interface Running {
  /** End of the last interval. */
  time_ms: number
  readonly values: Float64Array
}

/** `late`: it lies at or before what was counted, a repetition or a second writer. */
type Added = 'late' | 'first' | 'added'

/** Whether what was counted first takes a 0 at its start to be seen. */
export function needsZero({ start_ms, time_ms }: Interval): boolean {
  return start_ms > 0 && start_ms < time_ms && time_ms - start_ms <= NEAR_MS
}

/**
 * Delta to cumulative: intervals are added; what overlaps is refused. After a gap, too: nothing happened in it, of which senders say nothing,
 * or it is lost, and what comes is no less an increase. Source: OpenTelemetry metrics data model, Sums: Delta-to-Cumulative, but for
 * gaps, after which it counts anew; the Collector's processor goes on as here.
 */
export class Deltas {
  readonly #limit: number
  readonly #running = new Map<SeriesId, Running>()
  #newest_ms = 0
  #swept_ms = -Infinity

  /** `limit`: series at one time. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#running.size
  }

  /**
   * The state of a series; a new one goes on from its newest stored sample, so that a restart is no reset. Throws
   * `ServiceError('too_large')` when there is no room.
   */
  of(key: SeriesId, width: number, stored: () => NewestSample | undefined): Running {
    const known = this.#running.get(key)
    if (known !== undefined && known.values.length === width) return known
    if (known === undefined && this.#running.size >= this.#limit) this.#makeRoom()
    const newest = stored()
    const fits = newest?.values.length === width ? newest : undefined
    const values = fits?.values.slice() ?? new Float64Array(width)
    const fresh: Running = { time_ms: fits?.time_ms ?? 0, values }
    this.#running.set(key, fresh)
    return fresh
  }

  /** Adds an interval, whose values begin at `from`. */
  add(running: Running, interval: Interval, values: ArrayLike<number>, from = 0): Added {
    const { start_ms, time_ms } = interval
    if (time_ms <= running.time_ms || (start_ms > 0 && start_ms < running.time_ms)) return 'late'
    const isFirst = running.time_ms === 0
    const sums = running.values
    for (let i = 0; i < sums.length; i++) sums[i]! += values[from + i]!
    running.time_ms = time_ms
    if (time_ms > this.#newest_ms) this.#newest_ms = time_ms
    return isFirst ? 'first' : 'added'
  }

  /** Every sum goes on from what is stored. */
  clear(): void {
    this.#running.clear()
    this.#newest_ms = 0
    this.#swept_ms = -Infinity
  }

  #makeRoom(): void {
    const due = this.#newest_ms - this.#swept_ms >= SWEEP_MS
    if (due) this.#swept_ms = this.#newest_ms
    for (const [key, running] of due ? this.#running : []) {
      if (running.time_ms >= this.#newest_ms - IDLE_MS) continue
      this.#running.delete(key)
    }
    if (this.#running.size >= this.#limit) {
      throw new ServiceError('too_large', `there are too many delta series: ${this.#limit} are accumulated`)
    }
  }
}
