import type { Rows } from '../rows.ts'
import { Cadence, GAP_CADENCES } from './cadence.ts'
import type { Sample } from './sample.ts'

/** The newest sample of a row: when it came and what it was, how many there were, and how far apart they usually come. */
export class Newest {
  readonly #count
  readonly #first_ms
  readonly #time_ms
  readonly #value
  readonly #cadence: Cadence

  constructor(rows: Rows) {
    this.#count = rows.column(Uint32Array)
    this.#first_ms = rows.column(Float64Array)
    this.#time_ms = rows.column(Float64Array)
    this.#value = rows.column(Float64Array)
    this.#cadence = new Cadence(rows)
  }

  count(row: number): number {
    return this.#count.data[row]!
  }

  time_ms(row: number): number {
    return this.#time_ms.data[row]!
  }

  value(row: number): number {
    return this.#value.data[row]!
  }

  /** The usual pause. */
  cadence_ms(row: number): number {
    return this.#cadence.of(row)
  }

  begin(row: number, time_ms: number): void {
    this.#first_ms.data[row] = time_ms
  }

  /** Says of a sample, of which time, value and count are known, how it follows this one. */
  regard(row: number, sample: Sample): void {
    const { time_ms, value, count } = sample
    const dt_ms = Math.max(1, time_ms - this.#time_ms.data[row]!)
    const cadence_ms = this.#cadence.step(row, dt_ms, count)
    const move = value - this.#value.data[row]!
    sample.age_ms = time_ms - this.#first_ms.data[row]!
    sample.dt_ms = dt_ms
    sample.passed_ms = dt_ms < GAP_CADENCES * cadence_ms ? dt_ms : GAP_CADENCES * cadence_ms
    sample.cadence_ms = cadence_ms
    sample.young = 1 / (count + 1)
    sample.pace.set(dt_ms)
    sample.move = move
    sample.still = move === 0
  }

  /** Up to this time nothing is to be known. */
  pass(row: number, time_ms: number): void {
    this.#time_ms.data[row] = time_ms
  }

  learn(row: number, { time_ms, value, count }: Sample): void {
    this.#count.data[row] = count + 1
    this.#time_ms.data[row] = time_ms
    this.#value.data[row] = value
  }
}
