import type { Rows } from './rows.ts'

/** Pauses are compared with the usual ones only when so many are known. */
const MIN_COUNT = 10
/** Too long: five usual pauses, and half as much again as the longest pause of late. */
const CADENCES = 5
const LONGEST = 1.5
/** The longest pause is forgotten by a share of the distance to the cadence each time. */
const FORGET = 1 / 500

/** How long a row usually pauses between events (samples, moves): its cadence, and the longest pause of late. */
export class Pauses {
  readonly #last_ms
  readonly #cadence_ms
  readonly #longest_ms
  readonly #count

  constructor(rows: Rows) {
    this.#last_ms = rows.column(Float64Array)
    this.#cadence_ms = rows.column(Float64Array)
    this.#longest_ms = rows.column(Float64Array)
    this.#count = rows.column(Uint32Array)
  }

  event(row: number, time_ms: number): void {
    const count = this.#count.data[row]!
    if (count > 0 && time_ms > this.#last_ms.data[row]!) {
      const pause = time_ms - this.#last_ms.data[row]!
      const cadence = this.#cadence_ms.data[row]!
      const learned = count === 1 ? pause : cadence + (Math.min(pause, 4 * cadence) - cadence) / Math.min(count, 100)
      this.#cadence_ms.data[row] = learned
      const longest = this.#longest_ms.data[row]!
      this.#longest_ms.data[row] = pause > longest ? pause : longest - (longest - learned) * FORGET
    }
    this.#last_ms.data[row] = time_ms
    this.#count.data[row] = count + 1
  }

  /** Whether the cadence is known. */
  known(row: number): boolean {
    return this.#count.data[row]! >= MIN_COUNT
  }

  /** What there was since the last event is no pause. */
  pass(row: number, time_ms: number): void {
    if (this.#count.data[row]! > 0 && time_ms > this.#last_ms.data[row]!) this.#last_ms.data[row] = time_ms
  }

  /** Of the last event, or up to when none was missed. */
  last_ms(row: number): number {
    return this.#last_ms.data[row]!
  }

  /** Since the last event. */
  pause_ms(row: number, time_ms: number): number {
    return time_ms - this.#last_ms.data[row]!
  }

  /** The pause since the last event in terms of what is too long, which is never under `least_ms`; 0 while little is known. */
  overdue(row: number, time_ms: number, least_ms: number): number {
    if (!this.known(row)) return 0
    const pause_ms = this.pause_ms(row, time_ms)
    const usual_ms = Math.max(CADENCES * this.#cadence_ms.data[row]!, LONGEST * this.#longest_ms.data[row]!)
    return Math.max(0, pause_ms / Math.max(usual_ms, least_ms))
  }
}
