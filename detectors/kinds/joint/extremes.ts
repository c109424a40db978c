import type { Rows } from '../rows.ts'

/** Evidence is compared with the largest of blocks this long. */
const BLOCK_MS = 6 * 60 * 60_000
const MEMORY = 60
/** A young row's newer blocks weigh more: the first ones are of a time when little was expected well. */
const NEWER = 1.5
/** A block's largest counts up to so many standard deviations above the mean of the others, and at least so much. */
const CLIP = 1.5
const CLIP_MIN = 0.1
const CLIP_AFTER = 3
/** As far below, once two days are known: hours in which a row stands still do not tell how far its bad ones scatter. */
const LOW_AFTER = 8
/** Once so many are known, a block with an onset counts as the mean: trouble does not teach what is usual. */
const ONSETS_AFTER = 3
/** Gumbel by moments: scale from the standard deviation, location from the mean. */
const TO_SCALE = 0.78
const EULER = 0.577
const SCALE_MIN = 0.08
/** Few blocks say little: the scale is larger by 1 + 2 / blocks. */
const DOUBT = 2
const MIN_BLOCKS = 2
/** What is asked is at most so much beyond the largest that a few blocks can have brought: three times that far out is trouble, whatever they say. */
const BEYOND = Math.log(3)
const UNIT_MIN = 0.15

/**
 * The largest of each six hours of several kinds of evidence, and what is exceeded by it with a given probability: a
 * Gumbel distribution of block maxima (Gumbel, Statistics of Extremes, 1958) by exponentially forgotten moments. A block
 * in which something happened counts little more than a bad one, and a block with an onset as the mean of the
 * others, so that trouble does not become the norm.
 */
export class Extremes {
  readonly #width: number
  readonly #least: readonly number[]
  readonly #kinds: number
  readonly #after: number
  readonly #end_ms
  readonly #blocks
  readonly #largest
  readonly #mean
  readonly #square
  readonly #threshold
  readonly #unit
  readonly #moved

  /**
   * `least`: what evidence of each kind must reach, whatever a row has seen. `kinds`: how many share the budget, those of others
   * included. `blocks`: so many are known before anything is anomalous.
   */
  constructor(rows: Rows, least: readonly number[], { kinds = least.length, blocks = MIN_BLOCKS } = {}) {
    this.#least = least
    this.#kinds = kinds
    this.#after = blocks
    this.#width = least.length
    this.#end_ms = rows.column(Float64Array)
    this.#blocks = rows.column(Uint16Array)
    this.#largest = rows.column(Float32Array, this.#width)
    this.#mean = rows.column(Float32Array, this.#width)
    this.#square = rows.column(Float32Array, this.#width)
    this.#threshold = rows.column(Float32Array, this.#width)
    this.#unit = rows.column(Float32Array, this.#width)
    this.#moved = rows.column(Float32Array, this.#width)
  }

  begin(row: number, time_ms: number): void {
    this.#end_ms.data[row] = time_ms + BLOCK_MS
    this.#threshold.data.fill(Infinity, row * this.#width, (row + 1) * this.#width)
    this.#moved.data.fill(Infinity, row * this.#width, (row + 1) * this.#width)
  }

  /** True once blocks enough are known. */
  known(row: number): boolean {
    return this.#blocks.data[row]! >= this.#after
  }

  /** Evidence of kind `k` that is anomalous; Infinity while unknown. */
  threshold(row: number, k: number): number {
    return this.#moved.data[row * this.#width + k]!
  }

  /** Moves thresholds by `shift` units of the usual spread. */
  move(row: number, shift: number): void {
    for (let at = row * this.#width; at < (row + 1) * this.#width; at++) {
      const moved = this.#threshold.data[at]! + shift * this.#unit.data[at]!
      this.#moved.data[at] = moved > this.#mean.data[at]! ? moved : Infinity
    }
  }

  /** True where a block is over: `learn` is next. */
  gather(row: number, time_ms: number, evidence: Float64Array): boolean {
    const largest = this.#largest.data
    const base = row * this.#width
    for (let k = 0; k < this.#width; k++) if (evidence[k]! > largest[base + k]!) largest[base + k] = evidence[k]!
    return time_ms >= this.#end_ms.data[row]!
  }

  /** A block is over. `onset_ms`: of the row's last onset. */
  learn(row: number, time_ms: number, { alarms_per_block, onset_ms }: Allowed): void {
    const largest = this.#largest.data
    const base = row * this.#width
    const blocks = this.#blocks.data[row]! + 1
    if (blocks > ONSETS_AFTER && onset_ms >= this.#end_ms.data[row]! - BLOCK_MS)
      for (let at = base; at < base + this.#width; at++) largest[at] = this.#mean.data[at]!
    for (let k = 0; k < this.#width; k++) this.#close(base + k, k, blocks, alarms_per_block)
    this.#blocks.data[row] = Math.min(blocks, 65_535)
    this.#end_ms.data[row] = time_ms + BLOCK_MS
  }

  #close(at: number, k: number, blocks: number, alarms_per_block: number): void {
    const mean = this.#mean.data[at]!
    const square = this.#square.data[at]!
    let largest = this.#largest.data[at]!
    const reach = Math.max(CLIP * Math.sqrt(square), CLIP_MIN)
    if (blocks > CLIP_AFTER) largest = Math.min(largest, mean + reach)
    if (blocks > LOW_AFTER) largest = Math.max(largest, mean - reach)
    const weight = Math.max(NEWER / (blocks + NEWER - 1), 1 / MEMORY)
    const learned = mean + weight * (largest - mean)
    const spread = Math.max(0, square + weight * ((largest - learned) * (largest - mean) - square))
    this.#mean.data[at] = learned
    this.#square.data[at] = spread
    this.#largest.data[at] = 0
    const scale = Math.max(TO_SCALE * Math.sqrt(spread), SCALE_MIN) * (1 + DOUBT / blocks)
    const p = Math.min(0.5, alarms_per_block / this.#kinds)
    // Of n numbers none lies further than √(n − 1) of their standard deviations from the mean (Samuelson, 1968).
    const most = Math.sqrt((blocks - 1) * spread) + BEYOND
    const above = Math.min(scale * (-Math.log(p) - EULER), most)
    this.#unit.data[at] = Math.max(UNIT_MIN, scale / TO_SCALE)
    this.#threshold.data[at] = blocks < this.#after ? Infinity : Math.max(learned + above, this.#least[k]!)
  }
}

/** Alarms that a budget allows in a block, and when the last onset was. */
export interface Allowed {
  readonly alarms_per_block: number
  readonly onset_ms: number
}

/** Alarms that a budget allows in a block. */
export const perBlock = (budget_per_week: number): number => (budget_per_week * BLOCK_MS) / (7 * 86_400_000)
