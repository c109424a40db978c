import type { Rows } from '../rows.ts'
import { Hours } from './hours.ts'
import type { Sample } from './sample.ts'

/** Before data, values are believed to scatter by this share of the first. */
const PRIOR_SHARE = 0.05
const TINY = 1e-9
/** A single deviation counts up to so many standard deviations. */
const CLIP = 6
/** Mean absolute deviation of a Gaussian is 0.8 of its standard deviation. */
const TO_SIGMA = 1.25
/** Deviations under this share of the level concern nobody, nor those under a quarter of the smallest usual step. */
const LEVEL_SHARE = 0.002
const STEP_SHARE = 0.25
const LEAST = 1e-12
/** Resolution found smaller is taken at once, larger only slowly. */
const STEP_GROWTH = 1.002

/** How far values scatter around what was expected, by the hour of the day, and around the slow reference. */
export class Spread {
  readonly #near
  readonly #slow
  readonly #step
  readonly #hours: Hours

  constructor(rows: Rows) {
    this.#near = rows.column(Float64Array)
    this.#slow = rows.column(Float64Array)
    this.#step = rows.column(Float64Array)
    this.#hours = new Hours(rows)
  }

  begin(row: number, value: number): void {
    this.#near.data[row] = PRIOR_SHARE * Math.abs(value) + TINY
    this.#slow.data[row] = 0
    this.#hours.begin(row)
  }

  /** Sets the time of what is asked. */
  set(day_ms: number): void {
    this.#hours.set(day_ms)
  }

  /** No standard deviation of the row is below it. */
  floor(row: number, level: number): number {
    const share = LEVEL_SHARE * Math.abs(level)
    const step = STEP_SHARE * this.#step.data[row]!
    const most = share > step ? share : step
    return most > LEAST ? most : LEAST
  }

  /** True where the row has been whole numbers so far, and this one is. */
  whole(row: number, { value, move }: Sample): boolean {
    const step = this.#step.data[row]!
    return Number.isInteger(value) && (step === 0 ? Number.isInteger(value - move) : step >= 1)
  }

  near(row: number, floor: number): number {
    const usual = this.#near.data[row]! * this.#hours.of(row)
    return usual > floor ? usual : floor
  }

  slow(row: number, floor: number): number {
    const usual = this.#slow.data[row]!
    return usual > floor ? usual : floor
  }

  learn(row: number, sample: Sample): void {
    const { residual, distance, move, floor, scale, cadence_ms, count, young, pace, free } = sample
    const near = this.#near.data[row]!
    const deviation = TO_SIGMA * Math.abs(residual)
    this.#hours.learn(row, deviation / (near > floor ? near : floor), cadence_ms)
    const weight = pace.spread > young ? pace.spread : young
    const most = TO_SIGMA * CLIP * scale
    this.#near.data[row] = near + weight * ((free || deviation < most ? deviation : most) - near)
    const slow = this.#slow.data[row]!
    const far = TO_SIGMA * Math.abs(distance)
    const farthest = TO_SIGMA * CLIP * (slow > floor ? slow : floor)
    this.#slow.data[row] = count < 3 ? scale : slow + weight * ((free || far < farthest ? far : farthest) - slow)
    const size = Math.abs(move)
    if (size === 0) return
    const step = this.#step.data[row]!
    this.#step.data[row] = step === 0 || size < step ? size : Math.min(step * STEP_GROWTH, size)
  }
}
