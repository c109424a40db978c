import type { Rows } from '../rows.ts'
import type { Evidence } from './evidence.ts'
import { type Allowed, Extremes } from './extremes.ts'
import type { Sample } from './sample.ts'

/** The newest distance's share; of those before it so much is left at each sample. */
const SHARE = 0.3
const LEFT = 1 - SHARE
/** The sum of distances that have nothing to do with one another scatters by 1 / this. */
const TO_SIGMA = Math.sqrt(1 - LEFT * LEFT)
/** A single distance counts up to so many standard deviations. */
const CLIP = 30
/** After so many usual pauses without a sample a run begins anew. */
const GAP_CADENCES = 3
/** What it must reach at least: log(1 + 3.5 σ). */
const LEAST = Math.log(4.5)
/** It speaks when a day is known, four blocks: what lasts some minutes is part of most days. */
const BLOCKS = 4

/** Columns of state. */
export const RUN_COLUMNS = 9

/**
 * Several samples in a row on one side of what was expected, none of them far out: the exponentially weighted sum of their
 * distances (Roberts, Control chart tests based on geometric moving averages, 1959), compared with the largest of past
 * blocks, so that noise whose neighbours resemble one another asks for more.
 */
export class Runs {
  readonly #sum
  readonly #extremes: Extremes
  readonly #evidence = new Float64Array(2)
  #side = 0

  /** `kinds`: of evidence that share the budget, these two included. */
  constructor(rows: Rows, kinds: number) {
    this.#sum = rows.column(Float32Array)
    this.#extremes = new Extremes(rows, [LEAST, LEAST], { kinds, blocks: BLOCKS })
  }

  /** True where the last `step` went upwards. */
  get up(): boolean {
    return this.#side === 0
  }

  /** The sum, in standard deviations of a sample. */
  sum(row: number): number {
    return this.#sum.data[row]!
  }

  begin(row: number, time_ms: number): void {
    this.#extremes.begin(row, time_ms)
  }

  /**
   * How far the sum is beyond what is asked, on a logarithmic scale; below 0 where it is not. It says nothing where the means of
   * `others` are mute: an onset was told.
   */
  step(row: number, { time_ms, z, passed_ms, cadence_ms }: Sample, others: Evidence): number {
    // A row from before there were runs.
    if (!this.#extremes.begun(row)) this.#extremes.begin(row, time_ms)
    const left = passed_ms > GAP_CADENCES * cadence_ms ? 0 : LEFT
    const sum = this.#sum.data[row]! * left + (z > CLIP ? CLIP : z < -CLIP ? -CLIP : z)
    this.#sum.data[row] = sum
    const side = sum > 0 ? 0 : 1
    const evidence = others.muted(row, time_ms, sum > 0) ? 0 : Math.log(1 + TO_SIGMA * Math.abs(sum))
    this.#side = side
    this.#evidence[side] = evidence
    this.#evidence[1 - side] = 0
    return evidence - this.#extremes.threshold(row, side)
  }

  learn(row: number, time_ms: number, allowed: Allowed): void {
    this.#extremes.learn(row, time_ms, this.#evidence, allowed)
  }

  /** Moves what is asked by `shift` units of the usual spread. */
  move(row: number, shift: number): void {
    this.#extremes.move(row, shift)
  }
}
