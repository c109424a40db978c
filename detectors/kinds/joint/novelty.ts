import type { Rows } from '../rows.ts'

const BINS = 256
const WORDS = BINS / 32
/** The second value of a row lies so many bins from the first. */
const FIRST_APART = BINS / 4
/** No bin is narrower than this share of a value: below are the roundings of floating point. */
const FINEST = 1e-12
/** Values that came within this time are not yet known: what climbs step by step is as new as what jumps. */
const GATHER_MS = 2 * 60 * 60_000
/** Values are remembered for as long as this, and at most twice as long. */
const TURN_MS = 13 * 7 * 86_400_000
const WEEK_MS = 7 * 86_400_000
/** What so many weeks did not bring counts as if it had never been. */
const WEEKS = 3
/** Fewer samples than this of a week have not shown what a week brings. */
const SAMPLES_A_WEEK = 300
/** So far from all others, times weeks, is one unit of a logarithm. */
const UNIT = 0.01
/** News at a budget of one a week: 0.042 · (1 + ln 2) of the range after one week, a third of it after three. */
const LEAST = 0.042

/** Of a row: the first bin begins at, width of a bin, until when values are gathered and when memory turns, when it began. */
const [LOW, WIDTH, GATHER, TURN, SINCE] = [0, 1, 2, 3, 4]
const SPAN = 5
/** Bitmaps: values of the last weeks, of the weeks before, and of the last two hours. */
const [NOW, BEFORE, FRESH] = [0, WORDS, 2 * WORDS]
const MAPS = 3 * WORDS

/** Columns of state. */
export const NOVELTY_COLUMNS = 2

const half = new Uint32Array(WORDS)

/**
 * Which values a row has taken, as bins of its range, and how far a value lies from all of them: what comes again and again is
 * no news however far it lies from what was expected; what was never there is some, wherever it lies. The range doubles when a
 * value leaves it; the scale is that of the values and not of their scatter, so that noise that grows makes nothing old.
 */
export class Novelty {
  readonly #span
  readonly #maps

  constructor(rows: Rows) {
    this.#span = rows.column(Float64Array, SPAN)
    this.#maps = rows.column(Uint32Array, MAPS)
  }

  /** How new a value is, on a logarithmic scale; 0 where one like it was there. Learns it. `count`: samples of the row before it. */
  step(row: number, time_ms: number, value: number, count: number): number {
    const span = this.#span.data
    const at = row * SPAN
    if (time_ms >= span[at + GATHER]!) this.#gather(row, time_ms)
    const bin = Math.floor((value - span[at + LOW]!) / span[at + WIDTH]!)
    if (bin >= 0 && bin < BINS && this.#has(row * MAPS + NOW, bin)) return 0
    return this.#look(row, time_ms, value, count)
  }

  #has(map: number, bin: number): boolean {
    return (this.#maps.data[map + (bin >>> 5)]! & (1 << (bin & 31))) !== 0
  }

  /** A value that this memory has not, though that of the weeks before may. */
  #look(row: number, time_ms: number, value: number, count: number): number {
    const span = this.#span.data
    const at = row * SPAN
    if (span[at + WIDTH] === 0 && !this.#begin(row, time_ms, value)) return 0
    const width = this.#widen(row, value)
    const position = (value - span[at + LOW]!) / width
    const bin = Math.min(BINS - 1, Math.floor(position))
    this.#maps.data[row * MAPS + FRESH + (bin >>> 5)]! |= 1 << (bin & 31)
    const weeks = Math.min(WEEKS, (time_ms - span[at + SINCE]!) / WEEK_MS, count / SAMPLES_A_WEEK)
    const share = this.#has(row * MAPS + BEFORE, bin) ? 0 : this.#gap(row, position, bin)
    return Math.log(1 + (share * weeks) / UNIT)
  }

  /** The first value waits in place of the range; false while there is no second. */
  #begin(row: number, time_ms: number, value: number): boolean {
    const span = this.#span.data
    const at = row * SPAN
    if (span[at + TURN] === 0) {
      span[at + LOW] = value
      span[at + SINCE] = time_ms
      span[at + TURN] = time_ms + TURN_MS
    }
    const first = span[at + LOW]!
    if (value === first) return false
    const width = Math.max(Math.abs(value - first) / FIRST_APART, FINEST * Math.abs(value), Number.MIN_VALUE)
    span[at + LOW] = first - (BINS / 2) * width
    span[at + WIDTH] = width
    this.#maps.data[row * MAPS + NOW + WORDS / 2]! |= 1
    return true
  }

  /** Two hours are over: their values are known. */
  #gather(row: number, time_ms: number): void {
    const span = this.#span.data
    const maps = this.#maps.data
    const base = row * MAPS
    const turn = span[row * SPAN + WIDTH]! > 0 && time_ms >= span[row * SPAN + TURN]!
    for (let word = base; word < base + WORDS; word++) {
      const known = maps[word + NOW]! | maps[word + FRESH]!
      maps[word + FRESH] = 0
      maps[word + NOW] = turn ? 0 : known
      if (turn) maps[word + BEFORE] = known
    }
    span[row * SPAN + GATHER] = time_ms + GATHER_MS
    if (turn) span[row * SPAN + TURN] = time_ms + TURN_MS
  }

  /** Doubles the range, upwards or down, until the value is in it; the width of a bin after that. */
  #widen(row: number, value: number): number {
    const span = this.#span.data
    const at = row * SPAN
    let low = span[at + LOW]!
    let width = span[at + WIDTH]!
    while (value < low || value >= low + BINS * width) {
      const down = value < low
      for (const map of [NOW, BEFORE, FRESH]) this.#merge(row * MAPS + map, down)
      if (down) low -= BINS * width
      width *= 2
    }
    span[at + LOW] = low
    span[at + WIDTH] = width
    return width
  }

  /** Two bins become one, in the lower half of the new range, or the upper where it grew down. */
  #merge(map: number, down: boolean): void {
    half.fill(0)
    for (let bin = 0; bin < BINS; bin++) {
      if (!this.#has(map, bin)) continue
      const to = (bin >>> 1) + (down ? BINS / 2 : 0)
      half[to >>> 5]! |= 1 << (to & 31)
    }
    this.#maps.data.set(half, map)
  }

  /** From the nearest bin that was known before, as a share of the range of all that are. */
  #gap(row: number, position: number, bin: number): number {
    const base = row * MAPS
    let least = bin
    let most = bin
    let below = -1
    let above = BINS
    for (let other = 0; other < BINS; other++) {
      if (!this.#has(base + NOW, other) && !this.#has(base + BEFORE, other)) continue
      if (other < least) least = other
      if (other > most) most = other
      if (other <= bin) below = other
      else if (above === BINS) above = other
    }
    const down = below < 0 ? Infinity : position - below - 1
    const up = above === BINS ? Infinity : above - position
    const gap = Math.max(0, Math.min(down, up))
    return gap < Infinity ? gap / (most - least + 1) : 0
  }
}

/** How new a value must be, on the same scale: further from others the less a budget allows, as distances fall off exponentially. */
export const newsFrom = (budget_per_week: number): number =>
  Math.log(1 + (LEAST * (1 + Math.log(1 + 1 / budget_per_week))) / UNIT)
