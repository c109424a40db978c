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
/** Of a row: the sum; the largest of the block, above and below; what is asked, above and below, 0 before anything is known. */
const [SUM, LARGEST, ASKED, WIDTH] = [0, 1, 3, 5]
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
  readonly #now
  readonly #extremes: Extremes
  readonly #largest = new Float64Array(2)
  #side = 0

  /** `kinds`: of evidence that share the budget, these two included. */
  constructor(rows: Rows, kinds: number) {
    this.#now = rows.column(Float32Array, WIDTH)
    this.#extremes = new Extremes(rows, [LEAST, LEAST], { kinds, blocks: BLOCKS })
  }

  begin(row: number, time_ms: number): void {
    this.#extremes.begin(row, time_ms)
  }

  /** True where the last `step` went upwards. */
  get up(): boolean {
    return this.#side === 0
  }

  /** The sum, in standard deviations of a sample. */
  sum(row: number): number {
    return this.#now.data[row * WIDTH + SUM]!
  }

  /**
   * How far the sum is beyond what is asked, on a logarithmic scale; −Infinity where it is not, and where the means of `others` are
   * mute: an onset was told.
   */
  step(row: number, { time_ms, z, passed_ms, cadence_ms }: Sample, others: Evidence): number {
    const now = this.#now.data
    const at = row * WIDTH
    const left = passed_ms > GAP_CADENCES * cadence_ms ? 0 : LEFT
    const sum = now[at + SUM]! * left + (z > CLIP ? CLIP : z < -CLIP ? -CLIP : z)
    now[at + SUM] = sum
    const side = sum > 0 ? 0 : 1
    const size = sum > 0 ? sum : -sum
    this.#side = side
    const asked = now[at + ASKED + side]!
    const large = size > now[at + LARGEST + side]!
    const beyond = asked > 0 && size >= asked
    if (!(large || beyond) || others.muted(row, time_ms, sum > 0)) return -Infinity
    if (large) now[at + LARGEST + side] = size
    return beyond ? evidenceOf(size) - evidenceOf(asked) : -Infinity
  }

  /** A block is over. */
  learn(row: number, time_ms: number, allowed: Allowed): void {
    const now = this.#now.data
    const at = row * WIDTH + LARGEST
    for (let side = 0; side < 2; side++) {
      this.#largest[side] = evidenceOf(now[at + side]!)
      now[at + side] = 0
    }
    if (this.#extremes.gather(row, time_ms, this.#largest)) this.#extremes.learn(row, time_ms, allowed)
  }

  /** Moves what is asked by `shift` units of the usual spread. */
  move(row: number, shift: number): void {
    this.#extremes.move(row, shift)
    for (let side = 0; side < 2; side++)
      this.#now.data[row * WIDTH + ASKED + side] = Math.expm1(this.#extremes.threshold(row, side)) / TO_SIGMA
  }
}

/** On a logarithmic scale, in standard deviations of sums. */
const evidenceOf = (size: number): number => Math.log(1 + TO_SIGMA * size)
