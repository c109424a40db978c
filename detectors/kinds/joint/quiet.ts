import type { Rows } from '../rows.ts'

/** After an alarm as much is asked again as it had, forgotten in this time; and at first a little more. */
const QUIET_MS = 2 * 60 * 60_000
const HARD_MS = 15 * 60_000
const HARD = 0.7
const BEYOND = 0.5
/** One alarm soon after another: it recurs, and quiet lasts e times as long, e³ at most; forgotten in two days. */
const SOON = 4
const LONGER_MAX = 3
const LONGER_MS = 48 * 60 * 60_000

/**
 * An alarm is said once: after it, news is what goes clearly beyond it, ever less so as time passes. What recurs soon
 * makes quiet longer.
 */
export class Quiet {
  /** Logarithm of the score that news must exceed now; of what nobody heard below 0. */
  readonly #peak
  readonly #peak_ms
  readonly #longer

  constructor(rows: Rows) {
    this.#peak = rows.column(Float32Array)
    this.#peak_ms = rows.column(Float64Array)
    this.#longer = rows.column(Float32Array)
  }

  begin(row: number): void {
    this.#peak_ms.data[row] = -Infinity
  }

  /** Of the last that was news here, whether told or known to recur; -Infinity while there was none. */
  last_ms(row: number): number {
    return this.#peak_ms.data[row]!
  }

  /**
   * The score of news, from the logarithm of the score of evidence. Under 1 where it was said before. `heard`: false of what is not asked for, as a
   * dip is where a rule has `direction: up`; a `lone` sample need only be further out than that was, whereas means and runs may still come of it.
   */
  say(row: number, time_ms: number, log: number, { heard, lone }: News): number {
    if (log < 0) return Math.exp(log)
    const since_ms = time_ms - this.#peak_ms.data[row]!
    if (!(since_ms < Infinity)) {
      this.#said(row, time_ms, log, heard)
      return Math.exp(log)
    }
    const peak = this.#peak.data[row]!
    const longer = this.#longer.data[row]! * Math.exp(-since_ms / LONGER_MS)
    const forget_ms = QUIET_MS * Math.exp(longer)
    const left = Math.abs(peak) * Math.exp(-since_ms / forget_ms)
    const need = peak < 0 ? left - (lone ? BEYOND : 0) : left + (since_ms < HARD_MS ? HARD : 0)
    if (log < need) return 1 - 0.01 * (1 - Math.exp(log - need)) - 1e-6
    this.#longer.data[row] = since_ms < SOON * forget_ms ? Math.min(longer + 1, LONGER_MAX) : longer
    this.#said(row, time_ms, log > left ? log : left, heard)
    return Math.exp(log)
  }

  #said(row: number, time_ms: number, log: number, heard: boolean): void {
    this.#peak.data[row] = heard ? log + BEYOND : -log - BEYOND
    this.#peak_ms.data[row] = time_ms
  }
}

export interface News {
  /** It is asked for. */
  readonly heard: boolean
  /** A sample says it by itself. */
  readonly lone: boolean
}
