import type { Verdict } from '#core/score.ts'

import type { Rows } from '../rows.ts'
import type { Sample } from './sample.ts'

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
/** News at a budget of one a week: 0.044 · (1 + ln 2) of the range after one week, a third of it after three. */
const LEAST = 0.044

/** Of a row: the first bin begins at, width of a bin, until when values are gathered and when memory turns, when it began. */
const [LOW, WIDTH, GATHER, TURN, SINCE] = [0, 1, 2, 3, 4]
const SPAN = 5
/** Bitmaps: values of the last weeks, of the weeks before, and of the last two hours. */
const [NOW, BEFORE, FRESH] = [0, WORDS, 2 * WORDS]
const MAPS = 3 * WORDS

/** Columns of state. */
export const NOVELTY_COLUMNS = 3

const half = new Uint32Array(WORDS)

/**
 * Which values a row has taken, as bins of its range, and how far a value lies from all of them: what comes again and again is
 * no news however far it lies from what was expected; what was never there is some, wherever it lies. The range doubles when a
 * value leaves it; the scale is that of the values and not of their scatter, so that noise that grows makes nothing old.
 */
export class Novelty {
  /** Most values lie between these two, of which all between are known: asking after one costs little. */
  readonly #core
  readonly #span
  readonly #maps

  constructor(rows: Rows) {
    this.#core = rows.column(Float64Array, 2)
    this.#span = rows.column(Float64Array, SPAN)
    this.#maps = rows.column(Uint32Array, MAPS)
  }

  /** How new a value is, on a logarithmic scale; 0 where one like it was there. Learns it. */
  step(row: number, { value, time_ms, count }: Sample): number {
    const core = this.#core.data
    if (value >= core[row * 2]! && value < core[row * 2 + 1]!) return 0
    const span = this.#span.data
    const at = row * SPAN
    if (time_ms >= span[at + GATHER]!) this.gather(row, time_ms)
    if (span[at + WIDTH] === 0 && !this.#begin(row, time_ms, value)) return 0
    const width = this.#widen(row, value)
    const position = (value - span[at + LOW]!) / width
    const bin = Math.min(BINS - 1, Math.floor(position))
    if (this.#has(row * MAPS + NOW, bin)) return 0
    this.#maps.data[row * MAPS + FRESH + (bin >>> 5)]! |= 1 << (bin & 31)
    if (this.#has(row * MAPS + BEFORE, bin)) return 0
    return Math.log(1 + (this.#gap(row, position, bin) * this.#weeks(row, time_ms, count)) / UNIT)
  }

  /** How many weeks of the row were seen, 3 at most. */
  #weeks(row: number, time_ms: number, count: number): number {
    return Math.min(WEEKS, (time_ms - this.#span.data[row * SPAN + SINCE]!) / WEEK_MS, count / SAMPLES_A_WEEK)
  }

  /** Whether a band goes beyond the range of the row: values out there are news before they leave it. */
  isBeyond(row: number, { lower, upper }: Verdict): boolean {
    const span = this.#span.data
    const low = span[row * SPAN + LOW]!
    return lower < low || upper > low + BINS * span[row * SPAN + WIDTH]!
  }

  /** Ends a band where values are as new as `news`, on the scale of `step`. */
  narrow(row: number, { time_ms, count, expected }: Sample, news: number, out: Verdict): void {
    const span = this.#span.data
    const maps = this.#maps.data
    const [low, width] = [span[row * SPAN + LOW]!, span[row * SPAN + WIDTH]!]
    let least = BINS
    let most = -1
    for (let word = 0; word < WORDS; word++) {
      const known = maps[row * MAPS + NOW + word]! | maps[row * MAPS + BEFORE + word]!
      if (known === 0) continue
      if (least === BINS) least = lowest(word, known)
      most = highest(word, known)
    }
    const reach = ((most - least + 1) * UNIT * Math.expm1(news)) / this.#weeks(row, time_ms, count)
    if (!(most >= 0 && width > 0 && reach >= 0)) return
    out.lower = Math.max(out.lower, Math.min(expected, low + (least - reach) * width))
    out.upper = Math.min(out.upper, Math.max(expected, low + (most + 1 + reach) * width))
  }

  #has(map: number, bin: number): boolean {
    return (this.#maps.data[map + (bin >>> 5)]! & (1 << (bin & 31))) !== 0
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

  /** Values up to now are known: two hours are over, or they were told. */
  gather(row: number, time_ms: number): void {
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
    this.#center(row)
  }

  /** The core is the longest run of values that are known. */
  #center(row: number): void {
    const span = this.#span.data
    const map = row * MAPS + NOW
    let [from, until] = [0, 0]
    for (let bin = 0; bin < BINS; bin++) {
      const first = bin
      while (bin < BINS && this.#has(map, bin)) bin++
      if (bin - first > until - from) [from, until] = [first, bin]
    }
    const [low, width] = [span[row * SPAN + LOW]!, span[row * SPAN + WIDTH]!]
    this.#core.data[row * 2] = low + from * width
    this.#core.data[row * 2 + 1] = low + until * width
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
    const maps = this.#maps.data
    const base = row * MAPS
    const here = bin >>> 5
    const upTo = (2 << (bin & 31)) - 1
    let least = bin
    let most = bin
    let below = -1
    let above = BINS
    for (let word = 0; word < WORDS; word++) {
      const known = maps[base + NOW + word]! | maps[base + BEFORE + word]!
      if (known === 0) continue
      least = Math.min(least, lowest(word, known))
      most = Math.max(most, highest(word, known))
      const under = word < here ? known : word > here ? 0 : known & upTo
      const over = word > here ? known : word < here ? 0 : known & ~upTo
      if (under !== 0) below = highest(word, under)
      if (over !== 0 && above === BINS) above = lowest(word, over)
    }
    const down = below < 0 ? Infinity : position - below - 1
    const up = above === BINS ? Infinity : above - position
    const gap = Math.max(0, Math.min(down, up))
    return gap < Infinity ? gap / (most - least + 1) : 0
  }
}

/** The lowest and the highest bin of a word that is not 0. */
const lowest = (word: number, bits: number): number => word * 32 + 31 - Math.clz32(bits & -bits)
const highest = (word: number, bits: number): number => word * 32 + 31 - Math.clz32(bits)

/** How new a value must be, on the same scale: further from others the less a budget allows, as distances fall off exponentially. */
export const newsFrom = (budget_per_week: number): number =>
  Math.log(1 + (LEAST * (1 + Math.log(1 + 1 / budget_per_week))) / UNIT)
