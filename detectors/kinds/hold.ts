import type { Rows } from './rows.ts'

/** A level that lasts this long is the new normal. A young row, which knows little, gives in after its own age. */
const ADOPT_MS = 2 * 60 * 60_000
const ADOPT_MIN_MS = 15 * 60_000
/** With fewer anomalous samples there is no level to adopt. */
const MIN_COUNT = 5
/** So many normal samples in a row end a hold. */
const NORMAL = 3

/**
 * Holds learning back while a row is anomalous, watching the new level, and says when it has lasted long enough to be
 * adopted.
 */
export class Hold {
  readonly #since_ms
  readonly #until_ms
  readonly #level
  readonly #deviation
  readonly #count
  readonly #peak
  readonly #normal

  constructor(rows: Rows) {
    this.#since_ms = rows.column(Float64Array)
    this.#until_ms = rows.column(Float64Array)
    this.#level = rows.column(Float64Array)
    this.#deviation = rows.column(Float64Array)
    this.#count = rows.column(Uint32Array)
    this.#peak = rows.column(Float32Array)
    this.#normal = rows.column(Uint8Array)
  }

  /** Mean absolute deviation from the level that was adopted last. */
  deviation(row: number): number {
    return this.#deviation.data[row]!
  }

  /** Nothing is held. */
  release(row: number): void {
    this.#count.data[row] = 0
    this.#normal.data[row] = 0
  }

  /** While something is held, no level is adopted before this time. */
  insist(row: number, until_ms: number): void {
    if (this.#count.data[row]! > 0) this.#until_ms.data[row] = Math.max(this.#until_ms.data[row]!, until_ms)
  }

  /** While something is held, the next anomalous sample adopts its level. */
  yield(row: number): void {
    if (this.#count.data[row] === 0) return
    this.#count.data[row] = Math.max(this.#count.data[row]!, MIN_COUNT)
    this.#until_ms.data[row] = 0
  }

  /** Highest score of the run that ended last. */
  peak(row: number): number {
    return this.#peak.data[row]!
  }

  /** The level to adopt now, or NaN to go on holding. `age_ms`: how long the row has been learning. */
  anomalous(
    row: number,
    time_ms: number,
    { value, score, age_ms }: { value: number; score: number; age_ms: number },
  ): number {
    const count = this.#count.data[row]!
    if (count === 0) {
      this.#since_ms.data[row] = time_ms
      this.#until_ms.data[row] = time_ms + Math.max(ADOPT_MIN_MS, Math.min(ADOPT_MS, age_ms))
    }
    this.#normal.data[row] = 0
    this.#count.data[row] = count + 1
    this.#peak.data[row] = count === 0 ? score : Math.max(score, this.#peak.data[row]!)
    // The newest counts for more: the level at the end is what comes next.
    const weight = Math.max(1 / (count + 1), 0.1)
    const before = count === 0 ? value : this.#level.data[row]!
    const level = before + weight * (value - before)
    const deviation = count === 0 ? 0 : this.#deviation.data[row]!
    this.#level.data[row] = level
    this.#deviation.data[row] = deviation + weight * (Math.abs(value - before) - deviation)
    if (time_ms < this.#until_ms.data[row]! || count + 1 < MIN_COUNT) return NaN
    this.#count.data[row] = 0
    return level
  }

  /** True where this ends a hold: three normal samples in a row. */
  normal(row: number): boolean {
    if (this.#count.data[row] === 0) return false
    const normal = this.#normal.data[row]! + 1
    this.#normal.data[row] = normal
    if (normal < NORMAL) return false
    this.#count.data[row] = 0
    this.#normal.data[row] = 0
    return true
  }
}
