import type { Verdict } from '#core/score.ts'

import { ANY, BARE, beliefOf } from '../nature.ts'
import type { Rows } from '../rows.ts'
import type { Sample } from './sample.ts'
import type { Spread } from './spread.ts'

/** Columns of `Youth`. */
export const YOUTH_COLUMNS = 2

/** A series that has been seen for so long is judged by what it showed; a younger one by what it may not have shown yet, too. */
const GROWN_MS = 24 * 60 * 60_000
/** Bands are wider by this time over the age: what happens every few minutes is known only after some of them. */
const DOUBT_MS = 15 * 60_000
/** A fifth of the level is nothing to one that has just begun, a tenth after so long, a twentieth after three times as long. */
const SHARE = 0.2
const SHARE_MS = 5 * 60_000
/** What is 0 most of the time has no scale: it says nothing before it had so long to show how far it moves, and how often. */
const ZERO_MS = 2 * 60 * 60_000
/** For so long what is not told is learned as it is. */
const FREE_MS = 60 * 60_000
/** Of whole numbers one is the least move, and a quarter of it the least scatter: half of that after so long. */
const STEP_SHARE = 0.25
const STEP_MS = 2 * 60 * 60_000
const FLOOR_MS = 60 * 60_000
const MOST = 0.5

/**
 * What is believed of a series before it has shown much: by its unit and type where they say something (`nature.ts`), and by its
 * age. Nothing is believed of a bare column of numbers. What the unit forbids stays out of the band for good.
 */
export class Youth {
  readonly #nature
  /** Share of the samples of its first hours that were 0. */
  readonly #zeros

  readonly #spread: Spread

  constructor(rows: Rows, spread: Spread) {
    this.#spread = spread
    this.#nature = rows.column(Uint8Array)
    this.#zeros = rows.column(Float32Array)
  }

  begin(row: number, nature: number): void {
    this.#nature.data[row] = nature
  }

  /**
   * Takes in a sample of which value, count and age are known: says whether its row is `free` or `mute`, and by how much it is doubted.
   * No standard deviation is believed below what it gives. `level`: of the last hours.
   */
  step(row: number, sample: Sample, level: number): number {
    if (this.#nature.data[row] !== BARE && sample.age_ms < GROWN_MS) this.#believe(row, sample, level)
    // Most rows are none of these: little enough that it is a part of the caller.
    else if (sample.doubt !== 1) grown(sample)
    return sample.believed
  }

  #believe(row: number, sample: Sample, level: number): void {
    const { value, count, age_ms } = sample
    sample.mute = false
    if (age_ms < ZERO_MS) {
      const zeros = this.#zeros.data[row]! + (Number(value === 0) - this.#zeros.data[row]!) / (count + 1)
      this.#zeros.data[row] = zeros
      sample.mute = zeros > MOST
    }
    sample.free = age_ms < FREE_MS || sample.mute
    sample.doubt = 1 + DOUBT_MS / age_ms
    const share = (SHARE * SHARE_MS * Math.abs(level)) / (SHARE_MS + age_ms)
    const own = beliefOf(this.#nature.data[row]!).floor / (1 + age_ms / FLOOR_MS)
    const step = this.#spread.whole(row, sample) ? STEP_SHARE / (1 + age_ms / STEP_MS) : 0
    sample.believed = Math.max(share, own, step)
  }

  /** Nothing is believed of the row. */
  isBare(row: number): boolean {
    return this.#nature.data[row] === BARE
  }

  /** Whether the row's nature forbids some values. */
  isConfined(row: number): boolean {
    return this.#nature.data[row]! > ANY
  }

  /** Keeps the band of one that is within what its nature allows; a value that it forbids shows that it is none. */
  confine(row: number, value: number, band: Verdict): void {
    const nature = this.#nature.data[row]!
    const { least, most } = beliefOf(nature)
    if (value < least || value > most) this.#nature.data[row] = ANY
    if (band.lower < least) band.lower = least
    if (band.expected < least) band.expected = least
    if (band.upper > most) band.upper = most
    if (band.expected > most) band.expected = most
  }
}

function grown(sample: Sample): void {
  sample.free = false
  sample.mute = false
  sample.doubt = 1
  sample.believed = 0
}
