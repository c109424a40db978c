import { normalQuantile } from '#core/stats/normal.ts'
import { paretoQuantile } from '#core/stats/pareto.ts'

import type { Rows } from './rows.ts'

/** Residuals beyond this many robust standard deviations are peaks: the tail is fitted to them. */
const PEAK = 2
/** What is believed before there is data, and how many samples and peaks of belief it is worth. */
const PRIOR = { rate: 0.02, excess: 0.6, shape: 0.1, samples: 50, peaks: 8 } as const
const PRIOR_SQUARE = PRIOR.excess ** 2 * (1 + 1 / (1 - 2 * PRIOR.shape))
/** Memory in samples and in peaks. */
const SAMPLES = 4000
const PEAKS = 128
/** Never anomalous below this many standard deviations, whatever the budget. */
export const MIN_Z = 3.5
/** The fit is renewed at each peak, and after so many samples. */
const REFIT = 64
/** Each alarm raises the row's thresholds by this factor, forgotten in the time that the budget allows for one alarm. */
const STRICTER = Math.log(1.35)
/** An alarm soon after another one recurs: then this share of the logarithm of the lower of both scores is added. */
const RECURRING = 0.3
const STRICT_MAX = Math.log(1e9)
const FORGIVE_MIN_MS = 86_400_000
const FORGIVE_MAX_MS = 28 * 86_400_000

/** One normalised residual (>= 0) on its side: 0 above, 1 below what was expected. */
export interface TailSample {
  readonly side: number
  readonly z: number
  readonly anomalous: boolean
  readonly dt_ms: number
}

/** What the budget allows a row. */
export interface Allowance {
  /** Probability that a normal sample lies beyond one side of its band. */
  readonly p: number
  /** Time in which the row may give one false alarm. */
  readonly alarm_ms: number
}

/**
 * The tails of normalised residuals, both sides apart: peaks over a threshold with a generalised Pareto distribution
 * by moments, exponentially forgotten (Siffer et al., SPOT, KDD 2017, without its batch start). Says which residual is
 * exceeded with a given probability. What the fit gets wrong is corrected by what came of it: alarms raise the
 * thresholds, time lowers them, so that in the long run they come at the allowed rate (adaptive conformal inference,
 * Gibbs and Candès, 2021).
 */
export class Tail {
  readonly #rate
  readonly #excess
  readonly #square
  readonly #threshold
  /** Logarithm of the factor by which alarms have raised the thresholds; the factor beside it. */
  readonly #strict
  readonly #factor
  /** Score of the last alarm. */
  readonly #previous
  readonly #samples
  readonly #peaks

  constructor(rows: Rows) {
    this.#rate = rows.column(Float32Array, 2)
    this.#excess = rows.column(Float32Array, 2)
    this.#square = rows.column(Float32Array, 2)
    this.#threshold = rows.column(Float64Array, 2)
    this.#peaks = rows.column(Uint32Array, 2)
    this.#strict = rows.column(Float64Array)
    this.#factor = rows.column(Float64Array)
    this.#previous = rows.column(Float32Array)
    this.#samples = rows.column(Uint32Array)
  }

  begin(row: number): void {
    this.#factor.data[row] = 1
    for (let at = row * 2; at < row * 2 + 2; at++) {
      this.#rate.data[at] = PRIOR.rate
      this.#excess.data[at] = PRIOR.excess
      this.#square.data[at] = PRIOR_SQUARE
    }
  }

  /** The normalised residual exceeded with probability `p` on a side. */
  threshold(row: number, side: number, { p }: Allowance): number {
    const at = row * 2 + side
    const known = this.#threshold.data[at]!
    return (known > 0 ? known : this.#fit(at, p)) * this.#factor.data[row]!
  }

  learn(row: number, { side, z, anomalous, dt_ms }: TailSample, allowed: Allowance): void {
    this.#forgive(row, dt_ms, allowed)
    if (anomalous) return
    const samples = this.#samples.data[row]!
    this.#samples.data[row] = samples + 1
    const weight = Math.max(1 / SAMPLES, 1 / (samples + PRIOR.samples))
    const here = row * 2 + side
    const other = row * 2 + 1 - side
    this.#rate.data[other]! -= weight * this.#rate.data[other]!
    const peak = z > PEAK
    this.#rate.data[here]! += weight * ((peak ? 1 : 0) - this.#rate.data[here]!)
    if (peak) this.#peak(here, z - PEAK)
    if (peak || samples % REFIT === 0) {
      this.#fit(here, allowed.p)
      this.#fit(other, allowed.p)
    }
  }

  /** A run of anomalies is over, whose highest score was `score`. */
  alarmed(row: number, score: number): void {
    const strict = this.#strict.data[row]!
    const recurring = strict > 0 ? Math.min(score, this.#previous.data[row]!) : 1
    this.#previous.data[row] = score
    this.#stricter(row, strict + STRICTER + RECURRING * Math.log(recurring))
  }

  #forgive(row: number, dt_ms: number, { alarm_ms }: Allowance): void {
    const strict = this.#strict.data[row]!
    if (strict === 0) return
    const forgive_ms = Math.min(Math.max(alarm_ms, FORGIVE_MIN_MS), FORGIVE_MAX_MS)
    this.#stricter(row, strict - (Math.max(STRICTER, strict / 8) * dt_ms) / forgive_ms)
  }

  #stricter(row: number, strict: number): void {
    const within = strict > STRICT_MAX ? STRICT_MAX : strict > 0 ? strict : 0
    this.#strict.data[row] = within
    this.#factor.data[row] = Math.exp(within)
  }

  #peak(at: number, excess: number): void {
    const peaks = this.#peaks.data[at]!
    this.#peaks.data[at] = peaks + 1
    const weight = Math.max(1 / PEAKS, 1 / (peaks + PRIOR.peaks))
    this.#excess.data[at]! += weight * (excess - this.#excess.data[at]!)
    this.#square.data[at]! += weight * (excess * excess - this.#square.data[at]!)
  }

  #fit(at: number, p: number): number {
    const beyond = paretoQuantile(p, this.#rate.data[at]!, this.#excess.data[at]!, this.#square.data[at]!)
    const z = Math.max(PEAK + beyond, MIN_Z, -normalQuantile(p))
    this.#threshold.data[at] = z
    return z
  }
}
