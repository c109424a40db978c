import type { Verdict } from '#core/score.ts'

import { Annex } from '../annex.ts'
import type { Rows } from '../rows.ts'
import type { Sample } from './sample.ts'

const MINUTE_MS = 60_000
/** How a process begins is not how it goes on: what it shows in this time is not kept. */
const SETTLE_MS = 2 * MINUTE_MS
/** An envelope of so many minutes and usual pauses can be left; one of what was mostly 0 after this long. */
const OLD_MS = 5 * MINUTE_MS
const OLD_CADENCES = 12
const OLD_ZERO_MS = 15 * MINUTE_MS
/** It is left where so many samples in a row are outside on one side, and for so long. */
const SAMPLES = 3
const LASTS_MS = 60_000
/** What lasted so long, and so many usual pauses, and was not told belongs to it. */
const KNOWN_MS = 5 * MINUTE_MS
const KNOWN_CADENCES = 5
/** So many further out than ever were on the way there. */
const CLIMBS = 2
/** It is at least so many of the least standard deviations wide. */
const LEAST = 4
/** Where it is left, all samples lie so many of its widths outside; the width of a logarithm below what was always above 0. */
const ABOVE = 3
const BELOW = 1.5
/** One sample alone says nothing within so many. */
const ALONE = 2
/** A distance counts up to so many times what is asked. */
const MOST = 20

/** Of a row: the envelope; of the run outside it the nearest and the farthest value, what was expected before, its samples, whether it was told; samples
 * in a row each of which was further out than ever, below 0 where they went down. */
const [LOW, HIGH, NEAR, FAR, EXPECTED, RUN, TOLD, CLIMB] = [0, 1, 2, 3, 4, 5, 6, 7]
const WIDTH = 8
/** In state of 8. */
const BEFORE = 7

/**
 * All that a young row has been, and several samples in a row clearly outside of it. How far values scatter is not known of such a
 * row, so that one sample must lie very far out to say anything; but that many in a row lie beyond all before is rare
 * whatever the distribution (of n + k exchangeable values the last k are the lowest in one of (n + k)! / (n! k!) orders), and a
 * distance in widths of all that was seen is large where tails are light and small where they are heavy.
 */
export class Envelope {
  /** A row has a place while it is young. */
  readonly #annex: Annex
  readonly #state
  /** When the run outside began. */
  readonly #since_ms
  /** Where the last step went to: 1 above, −1 below. */
  #side = 0
  #turned = false

  constructor(rows: Rows) {
    this.#annex = new Annex(rows)
    this.#state = this.#annex.places.column(Float32Array, WIDTH)
    this.#since_ms = this.#annex.places.column(Float64Array)
  }

  get pool(): Rows {
    return this.#annex.places
  }

  /** A row that is young begins, of which nothing is kept yet. One that did not, in state from before, has no envelope: it never leaves it. */
  begin(row: number): void {
    const place = this.#annex.take(row)
    this.#state.data[place * WIDTH + LOW] = NaN
  }

  /** The row is young no more, or gone. */
  forget(row: number): void {
    this.#annex.drop(row)
  }

  /** The row has become a copy of another one. */
  part(row: number, from: Envelope, other: number): void {
    this.#annex.part(row, from.#annex, other)
  }

  /** Takes what young rows were in state of 8, in which each row had a place. */
  restore({ state, since_ms }: EnvelopeBefore, isYoung: (row: number) => boolean): void {
    for (const [row, since] of since_ms.entries()) {
      if (!isYoung(row)) continue
      const place = this.#annex.take(row)
      this.#state.data.set(state.subarray(row * BEFORE, (row + 1) * BEFORE), place * WIDTH)
      this.#since_ms.data[place] = since
    }
  }

  /** How far the row is beyond what is asked, on a logarithmic scale; −Infinity where it did not leave, or that was told. Learns the sample. */
  step(row: number, sample: Sample): number {
    this.#turned = false
    const place = this.#annex.of(row)
    if (place < 0) return -Infinity
    const state = this.#state.data
    const at = place * WIDTH
    const value = Math.fround(sample.value)
    if (sample.age_ms < SETTLE_MS || Number.isNaN(state[at + LOW]!)) {
      state[at + LOW] = value
      state[at + HIGH] = value
      return -Infinity
    }
    const climb = this.#climb(at, value, sample.still)
    let side = this.#sideOf(at, value)
    if (state[at + RUN] !== 0 && this.#isOver(place, side, value, sample)) {
      this.#end(at)
      side = this.#sideOf(at, value)
    }
    this.#side = side
    if (side === 0) return -Infinity
    this.#turned = value !== 0 && side * climb <= -CLIMBS
    if (this.#turned || (state[at + RUN] === 0 && !isOld(sample))) {
      state[at + (side > 0 ? HIGH : LOW)] = value
      return -Infinity
    }
    this.#outside(place, side, value, sample)
    return state[at + TOLD] === 0 && this.#isLeft(place, sample)
      ? Math.log(Math.min(this.#beyond(at, side, state[at + NEAR]!, sample.floor), MOST))
      : -Infinity
  }

  /**
   * True where the row went further out than ever up to the last `step`, and fell beyond all on the other side, as memory that is
   * collected does: it had not shown yet how far it goes back. What is nothing at all is no turn.
   */
  get turned(): boolean {
    return this.#turned
  }

  /** True where the last `step` was above. */
  get up(): boolean {
    return this.#side > 0
  }

  /** Ends of the band within which one sample alone says nothing. */
  lower(row: number, floor: number): number {
    const at = this.#annex.of(row) * WIDTH
    if (at < 0) return Infinity
    const low = this.#state.data[at + LOW]!
    const width = this.#width(at, floor)
    const plain = low - ALONE * width
    return low > 0 ? Math.max(plain, low * (1 + width / low) ** -ALONE) : plain
  }

  upper(row: number, floor: number): number {
    const at = this.#annex.of(row) * WIDTH
    return at < 0 ? -Infinity : this.#state.data[at + HIGH]! + ALONE * this.#width(at, floor)
  }

  /** Shows what was expected before the row left, and the envelope. */
  show(row: number, out: Verdict): void {
    const state = this.#state.data
    const at = this.#annex.of(row) * WIDTH
    out.expected = state[at + EXPECTED]!
    out.lower = state[at + LOW]!
    out.upper = state[at + HIGH]!
  }

  /** When the row left. */
  since_ms(row: number): number {
    return this.#since_ms.data[this.#annex.of(row)]!
  }

  /** A value from what was expected before the row left. */
  distance(row: number, value: number): number {
    return value - this.#state.data[this.#annex.of(row) * WIDTH + EXPECTED]!
  }

  /** Where the row is outside that was told: it teaches nothing of what is usual. */
  tell(row: number): void {
    const at = this.#annex.of(row) * WIDTH
    if (at >= 0 && this.#state.data[at + RUN] !== 0) this.#state.data[at + TOLD] = 1
  }

  /** What only rose begins again with this value, which belongs to it, unless it is nothing at all. */
  widen(row: number, value: number): void {
    const state = this.#state.data
    const at = this.#annex.of(row) * WIDTH
    if (at < 0 || value === 0) return
    if (state[at + RUN] !== 0) this.#end(at)
    state[at + LOW] = Math.min(state[at + LOW]!, value)
    state[at + HIGH] = Math.max(state[at + HIGH]!, value)
  }

  /** The level of the run outside is the new normal. */
  adopt(row: number): void {
    const state = this.#state.data
    const at = this.#annex.of(row) * WIDTH
    if (at < 0 || state[at + RUN] === 0) return
    state[at + LOW] = Math.min(state[at + NEAR]!, state[at + FAR]!)
    state[at + HIGH] = Math.max(state[at + NEAR]!, state[at + FAR]!)
    state[at + RUN] = 0
    state[at + TOLD] = 0
  }

  #sideOf(at: number, value: number): number {
    const state = this.#state.data
    return value > state[at + HIGH]! ? 1 : value < state[at + LOW]! ? -1 : 0
  }

  /** The run outside ends: with a sample inside or on the other side, with time, or where only now it is far enough to be told. */
  #isOver(place: number, side: number, value: number, { time_ms, floor, cadence_ms }: Sample): boolean {
    const state = this.#state.data
    const at = place * WIDTH
    if (side * state[at + RUN]! <= 0) return true
    if (state[at + TOLD] === 1) return false
    if (time_ms - this.#since_ms.data[place]! > Math.max(KNOWN_MS, KNOWN_CADENCES * cadence_ms)) return true
    return this.#beyond(at, side, value, floor) >= 1 && this.#beyond(at, side, state[at + FAR]!, floor) < 1
  }

  /** Samples in a row before this one that went further out than ever, and counts it; 0 of those that were told. */
  #climb(at: number, value: number, still: boolean): number {
    const state = this.#state.data
    const before = state[at + CLIMB]!
    const run = state[at + RUN]!
    const high = run > 0 ? state[at + FAR]! : state[at + HIGH]!
    const low = run < 0 ? state[at + FAR]! : state[at + LOW]!
    const side = value > high ? 1 : value < low ? -1 : 0
    if (side !== 0 || !still) state[at + CLIMB] = side === 0 ? 0 : side * before > 0 ? before + side : side
    return state[at + TOLD] === 1 ? 0 : before
  }

  #outside(place: number, side: number, value: number, sample: Sample): void {
    const state = this.#state.data
    const at = place * WIDTH
    const run = state[at + RUN]!
    if (run === 0) {
      state[at + NEAR] = value
      state[at + FAR] = value
      state[at + EXPECTED] = sample.expected
      this.#since_ms.data[place] = sample.time_ms
    } else {
      if (side * value < side * state[at + NEAR]!) state[at + NEAR] = value
      if (side * value > side * state[at + FAR]!) state[at + FAR] = value
    }
    // What repeats itself is the same look again, as of a quantile that is worked out now and then; nothing at all is one each time.
    if (run === 0 || value === 0 || !sample.still) state[at + RUN] = run + side
  }

  #isLeft(place: number, { time_ms, cadence_ms }: Sample): boolean {
    return (
      Math.abs(this.#state.data[place * WIDTH + RUN]!) >= SAMPLES &&
      // The newest sample stands for the pause after it, half of one being chance.
      time_ms - this.#since_ms.data[place]! + 1.5 * cadence_ms >= LASTS_MS
    )
  }

  /** What was outside and not told belongs to the envelope. */
  #end(at: number): void {
    const state = this.#state.data
    if (state[at + TOLD] === 0) {
      state[at + LOW] = Math.min(state[at + LOW]!, state[at + FAR]!)
      state[at + HIGH] = Math.max(state[at + HIGH]!, state[at + FAR]!)
    }
    state[at + RUN] = 0
    state[at + TOLD] = 0
  }

  #width(at: number, floor: number): number {
    return Math.max(this.#state.data[at + HIGH]! - this.#state.data[at + LOW]!, LEAST * floor)
  }

  /** How far a value outside is, of what is asked. */
  #beyond(at: number, side: number, value: number, floor: number): number {
    const state = this.#state.data
    const width = this.#width(at, floor)
    if (side > 0) return (value - state[at + HIGH]!) / width / ABOVE
    const low = state[at + LOW]!
    const plain = (low - value) / width / BELOW
    if (value < 0) return plain
    return Math.max(plain, Math.log(low / Math.max(value, floor)) / Math.log(1 + width / low) / BELOW)
  }
}

/** Before, all there is belongs to the envelope. */
const isOld = ({ age_ms, cadence_ms, mute }: Sample): boolean =>
  age_ms >= (mute ? OLD_ZERO_MS : OLD_MS) && age_ms >= OLD_CADENCES * cadence_ms

/** Columns that rows had. */
export interface EnvelopeBefore {
  readonly state: Float32Array
  readonly since_ms: Float64Array
}
