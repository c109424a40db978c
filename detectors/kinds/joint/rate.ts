import type { Rows } from '../rows.ts'

const WEEK_MS = 7 * 86_400_000
/** What an alarm moves thresholds by, in units of the usual spread; time within budget moves them back. */
const STEP = 0.5
const LEAST = -2
const MOST = 3
/** A huge score does not say that the threshold was a little low: it moves it by score^−0.4 of the step. */
const HUGE = 0.4
/** Alarms closer than this are one. */
const APART_MS = 60 * 60_000

/**
 * Thresholds follow what came of them: alarms raise them, time lowers them, so that in the long run alarms come at the
 * allowed rate (adaptive conformal inference, Gibbs and Candès, 2021).
 */
export class Rate {
  readonly #shift
  readonly #last_ms
  /** Up to when time has moved them back. */
  readonly #since_ms

  constructor(rows: Rows) {
    this.#shift = rows.column(Float64Array)
    this.#last_ms = rows.column(Float64Array)
    this.#since_ms = rows.column(Float64Array)
  }

  begin(row: number): void {
    this.#shift.data[row] = 0
    this.#last_ms.data[row] = -Infinity
  }

  /** To move thresholds by, in units of the usual spread. */
  shift(row: number): number {
    return this.#shift.data[row]!
  }

  /** An alarm was none. */
  raise(row: number): void {
    this.#shift.data[row] = Math.min(this.#shift.data[row]! + STEP, MOST)
  }

  /** At an alarm, and now and then. `log`: logarithm of the score of evidence. */
  learn(row: number, time_ms: number, { budget_per_week, alarm, log }: Told): void {
    const since_ms = this.#since_ms.data[row]!
    this.#since_ms.data[row] = time_ms
    const passed_ms = since_ms === 0 ? 0 : time_ms - since_ms
    let shift = this.#shift.data[row]! - (STEP * passed_ms * budget_per_week) / WEEK_MS
    if (alarm && time_ms - this.#last_ms.data[row]! > APART_MS) {
      shift += STEP * Math.exp(-HUGE * Math.max(0, log))
      this.#last_ms.data[row] = time_ms
    }
    this.#shift.data[row] = shift < LEAST ? LEAST : shift > MOST ? MOST : shift
  }
}

export interface Told {
  readonly budget_per_week: number
  readonly alarm: boolean
  readonly log: number
}
