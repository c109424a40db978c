import { gain } from '#core/stats/ewma.ts'

import type { Rows } from '../rows.ts'
import { MEAN_MS } from './pace.ts'
import type { Sample } from './sample.ts'

/** A single distance counts up to so many standard deviations in their mean. */
const CLIP = 8
/** The scale of a mean of distances: three times it is about as unusual as one of them. */
const MEAN_SCALE = 3
/** After an onset the mean says nothing of its side for so long; of the other one, where the reference has followed too far, for so long. */
const SAME_MS = 3 * 60 * 60_000
const OTHER_MS = 60 * 60_000
/** Standing still: the logarithm grows too fast beside the others. */
const STILL_SHARE = 0.5

/** Kinds of evidence in the order of their columns. */
export const EVIDENCE = ['above', 'below', 'mean above', 'mean below', 'surprise', 'still'] as const
/** What each must reach at least: log(1 + 3.5 σ), log(1 + 3 · 1 σ), a mean surprise of 0.9, log² of still samples. */
export const LEAST: readonly number[] = [Math.log(4.5), Math.log(4.5), Math.log(4), Math.log(4), 0.9, 2]

/** The mean, in standard deviations, that is so much evidence. */
export const meanOf = (evidence: number): number => Math.expm1(evidence) / MEAN_SCALE

/**
 * What speaks against a sample, each on a logarithmic scale: it alone, the mean of the last hour or so against what does
 * not follow that fast (a level, a drift), the mean surprise (noise that grows), and how long it stands still.
 */
export class Evidence {
  readonly #mean
  readonly #surprise
  readonly #still_ms
  /** Until when the mean says nothing, above and below. */
  readonly #mute_ms
  readonly current = new Float64Array(EVIDENCE.length)

  constructor(rows: Rows) {
    this.#mean = rows.column(Float64Array)
    this.#surprise = rows.column(Float64Array)
    /** Below 0: that it stands still was told, minus for how long it does; -Infinity: and somebody said that it is no trouble. */
    this.#still_ms = rows.column(Float64Array)
    this.#mute_ms = rows.column(Float64Array, 2)
  }

  /** An onset was seen, upwards or down: what the mean makes of it is no news of its own. */
  mute(row: number, time_ms: number, up: boolean): void {
    this.#mute_ms.data[row * 2] = time_ms + (up ? SAME_MS : OTHER_MS)
    this.#mute_ms.data[row * 2 + 1] = time_ms + (up ? OTHER_MS : SAME_MS)
  }

  /** True where means of this side say nothing. */
  muted(row: number, time_ms: number, up: boolean): boolean {
    return time_ms < this.#mute_ms.data[row * 2 + (up ? 0 : 1)]!
  }

  /** How long it has stood still. */
  still_ms(row: number): number {
    return Math.abs(this.#still_ms.data[row]!)
  }

  /** Its stillness is told: it is stuck from here until it moves. */
  stick(row: number): void {
    this.#still_ms.data[row] = -this.still_ms(row)
  }

  /** Somebody said of what was told that it is no trouble. */
  excuse(row: number): void {
    if (this.#still_ms.data[row]! < 0) this.#still_ms.data[row] = -Infinity
  }

  /** True while it is stuck, and nobody said that it is no trouble. */
  isTrouble(row: number): boolean {
    const still_ms = this.#still_ms.data[row]!
    return still_ms < 0 && still_ms > -Infinity
  }

  /** True where its stillness was told, and it has not moved since. */
  isStuck(row: number): boolean {
    return this.#still_ms.data[row]! < 0
  }

  /** True where what is stuck stays so at this sample; what moves is free. */
  staysStuck(row: number, { still, passed_ms }: Sample): boolean {
    this.#still_ms.data[row] = still ? this.#still_ms.data[row]! - passed_ms : 0
    return still
  }

  /** What is near the reference again: the mean begins anew. */
  settle(row: number): void {
    this.#mean.data[row] = 0
  }

  step(row: number, sample: Sample): Float64Array {
    const { time_ms, z, slow, still, dt_ms, passed_ms, cadence_ms, young, pace } = sample
    const clipped = slow > CLIP ? CLIP : slow < -CLIP ? -CLIP : slow
    // Times between samples that are no gap are passed as they are.
    const weight = passed_ms === dt_ms ? pace.mean : gain(passed_ms, MEAN_MS)
    const before = this.#mean.data[row]!
    const mean = before + weight * (clipped - before)
    this.#mean.data[row] = mean
    const single = Math.log(1 + Math.abs(z))
    const usual = this.#surprise.data[row]!
    const surprise = usual + (weight > young ? weight : young) * (single - usual)
    this.#surprise.data[row] = surprise
    const still_ms = still ? this.#still_ms.data[row]! + passed_ms : 0
    this.#still_ms.data[row] = still_ms
    const lasting = this.muted(row, time_ms, mean > 0) ? 0 : Math.log(1 + MEAN_SCALE * Math.abs(mean))
    const current = this.current
    current[0] = z > 0 ? single : 0
    current[1] = z < 0 ? single : 0
    current[2] = mean > 0 ? lasting : 0
    current[3] = mean < 0 ? lasting : 0
    current[4] = surprise
    current[5] = still ? STILL_SHARE * Math.log(1 + still_ms / cadence_ms) : 0
    return current
  }
}
