import type { Verdict } from '#core/score.ts'
import { gain } from '#core/stats/ewma.ts'

import { Hold } from '../hold.ts'
import type { Detector, DetectorContext, VerdictColumns } from '../kind.ts'
import { Rows } from '../rows.ts'
import { concatenated, splitSections } from '../sections.ts'
import { floorOf, noteMove } from './floor.ts'
import { alarmed, beginLimit, fitLimit, forgive, notePeak, PEAK } from './limit.ts'
import {
  CADENCE,
  COUNTS,
  FILLED,
  HELD,
  LAST,
  LEVEL,
  LIMIT,
  MARKS,
  MEAN,
  type Page,
  PAGE_BITS,
  PAGE_ROWS,
  RESIDUAL,
  SD,
  SEEN,
  type Shape,
  STATE,
  STRICT,
  TREND,
  UNIT,
} from './page.ts'
import { Pages } from './pages.ts'
import { refine, setSeason } from './season.ts'
import { clear, madOf, medianOf, push } from './window.ts'

export interface RollingOptions extends Shape {
  readonly season_ms: number
}

/** In the order of their bits. */
const EXPERTS = ['ewma', 'median_mad', 'seasonal'] as const
/** Nothing is said of a row before it has so many samples; they are learned as they are. */
const YOUNG = 10
/** Doubt of the young: bands are wider by 1 + 6 / samples. */
const DOUBT = 6
/** What is learned lies within so many standard deviations of what was expected. */
const CLIP = 3
/** MAD of a Gaussian is 0.6745 of its standard deviation. */
const MAD_TO_SIGMA = 1.4826
/** Fewer values than this have no MAD to go by. */
const MIN_WINDOW = 10
/** Values that were still for a window may not be judged by that alone. */
const SD_SHARE = 0.25
/** Weight of a sample in mean, variance and residual variance. */
const EWMA_WEIGHT = 0.02
/** The level of the seasonal model follows in this time; its trend takes this share of each correction, and fades. */
const LEVEL_MS = 60 * 60_000
const TREND_WEIGHT = 0.02
const TREND_DAMPING = 0.98
/** How much of a slot is replaced by one season's visit. */
const SEASON_WEIGHT = 0.3
/** After a gap of g cadences the band is wider by √(1 + g / 20), at most threefold. */
const GAP_CADENCES = 5
const GAP_GROWTH = 1 / 20
const GAP_MAX = 3
/** Limits are worked out anew at each peak, and after so many samples. */
const REFIT = 64
const MAX_SCORE = 1e9
/** Beyond this a value is judged as if it were this: state is 32 bit. */
const HUGE = 1e30
const WEEK_MS = 7 * 86_400_000
const LIMIT_AT = 9
const Z_AT = 10
/** Mean absolute deviation of a Gaussian is 0.798 of its standard deviation. */
const MEAN_TO_SIGMA = 1.2533
/** Multiples of the golden section modulo 1: spread as evenly as chance, without it. */
const GOLDEN = 0.618_033_988_749_894_9

const middle = (a: number, b: number, c: number): number =>
  a < b ? (b < c ? b : a < c ? c : a) : a < c ? a : b < c ? c : b

const clipped = (value: number, limit: number): number => (value > limit ? limit : value < -limit ? -limit : value)

/**
 * Three rolling statistics a series: exponentially weighted mean and variance, exact median and MAD of a window, additive
 * Holt-Winters with a season in slots. Each gives the distance of a value from what it expects in its own standard
 * deviations; the middle one of the three counts, so that at least two must find a value unusual, on the same side.
 * State is columns in pages; what is not needed at each sample is touched at peaks only.
 */
export class Rolling implements Detector {
  readonly experts = EXPERTS
  readonly #window: number
  readonly #season_ms: number
  readonly #context: DetectorContext
  readonly #pages: Pages
  /** Rows that are anomalous now: few, so that their state is apart. */
  readonly #held = new Rows()
  readonly #holds = new Hold(this.#held)
  readonly #slot_ms: number
  /** Time in which a row may give one false alarm. */
  #alarm_ms = Infinity
  /** Of the last step: expected value, standard deviation and distance of each expert; then the limit and the middle distance. */
  readonly #last = new Float64Array(11)
  readonly #single = {
    rows: new Uint32Array(1),
    time_ms: new Float64Array(1),
    value: new Float64Array(1),
    out: { score: new Float64Array(1), bands: new Float64Array(3), blamed: new Uint8Array(1), everyBand: true },
  }

  constructor(options: RollingOptions, context: DetectorContext) {
    this.#window = options.window
    this.#season_ms = options.season_ms
    this.#context = context
    this.#pages = new Pages(options)
    this.#slot_ms = options.season_ms / options.slots
  }

  get live(): number {
    return this.#pages.live
  }

  get bytes(): number {
    return this.#pages.bytes + this.#held.bytes
  }

  add(): number {
    return this.#pages.add()
  }

  remove(row: number): void {
    this.#release(this.#pages.of(row), row & (PAGE_ROWS - 1))
    this.#pages.remove(row)
  }

  step(row: number, time_ms: number, value: number, verdict: Verdict): void {
    const { rows, time_ms: times, value: values, out } = this.#single
    rows[0] = row
    times[0] = time_ms
    values[0] = value
    this.steps(rows, times, values, 1, out)
    verdict.score = out.score[0]!
    verdict.expected = out.bands[0]!
    verdict.lower = out.bands[1]!
    verdict.upper = out.bands[2]!
  }

  steps(rows: Uint32Array, time_ms: Float64Array, value: Float64Array, length: number, out: VerdictColumns): void {
    this.#alarm_ms = (WEEK_MS * this.live) / this.#context.budget_per_week
    for (let i = 0; i < length; i++) {
      const score = this.#step(rows[i]!, time_ms[i]!, value[i]!)
      out.score[i] = score
      if (score >= 1 || out.everyBand) this.#tell(i, out)
    }
  }

  blamed(): readonly string[] {
    return EXPERTS.filter((_, bit) => ((this.#single.out.blamed[0]! >> bit) & 1) === 1)
  }

  views(): readonly Uint8Array[] {
    const pages = this.#pages.views()
    const held = this.#held.save()
    // As sections are joined, without joining them.
    const size = pages.reduce((sum, { length }) => sum + length, 0)
    return [new Uint8Array(Uint32Array.of(2, size, held.length).buffer), ...pages, held]
  }

  save(): Uint8Array {
    return concatenated(this.views())
  }

  load(bytes: Uint8Array): void {
    const [pages = new Uint8Array(), held = new Uint8Array()] = splitSections(bytes)
    this.#pages.load(pages)
    this.#held.load(held)
  }

  /** Judges and learns; the score. Leaves what `#tell` needs in `#last`. */
  #step(row: number, time_ms: number, raw: number): number {
    this.#last[LIMIT_AT] = 0
    if (!(raw - raw === 0)) return 0
    const value = raw > HUGE ? HUGE : raw < -HUGE ? -HUGE : raw
    const page = this.#pages.list[row >> PAGE_BITS]!
    const at = row & (PAGE_ROWS - 1)
    const seen = page.counts[at * COUNTS + SEEN]!
    let score = 0
    if (seen === 0) this.#begin(page, at, value)
    else {
      const dt_ms = time_ms - page.last_ms[at]!
      const season = Math.floor(time_ms / this.#season_ms)
      const slot = Math.floor((time_ms - season * this.#season_ms) / this.#slot_ms)
      this.#expect(page, at, value, slot)
      if (seen >= YOUNG) score = this.#judge(page, at, dt_ms)
      if (score < 1) this.#learn(page, at, value, slot, dt_ms)
      else this.#watch(page, at, value, slot, time_ms, score)
      const cadence_ms = page.state[at * STATE + CADENCE]!
      const pause_ms = seen === 1 ? dt_ms : dt_ms > 4 * cadence_ms ? 4 * cadence_ms : dt_ms
      page.state[at * STATE + CADENCE] = cadence_ms + (pause_ms - cadence_ms) / (seen < 32 ? seen : 32)
    }
    page.counts[at * COUNTS + SEEN] = seen + 1
    page.last_ms[at] = time_ms
    return score
  }

  #begin(page: Page, row: number, value: number): void {
    const s = row * STATE
    page.state[s + MEAN] = value
    page.state[s + LEVEL] = value
    page.state[s + LAST] = value
    push(page, row, this.#window, Math.fround(value))
    beginLimit(page, row)
  }

  /** What each statistic expects, its standard deviation, and how many of those the value lies away. */
  #expect(page: Page, row: number, value: number, slot: number): void {
    const { state, counts, marks } = page
    const last = this.#last
    const s = row * STATE
    const floor = floorOf(state, row, value, counts[row * COUNTS + SEEN]!)
    const mean = state[s + MEAN]!
    const sd = state[s + SD]! > floor ? state[s + SD]! : floor
    last[0] = mean
    last[1] = sd
    last[2] = (value - mean) / sd
    const median = medianOf(page, row, this.#window)
    const spread = MAD_TO_SIGMA * madOf(page, row, this.#window, median)
    const least = marks[row * MARKS + FILLED]! < MIN_WINDOW ? sd : SD_SHARE * sd > floor ? SD_SHARE * sd : floor
    const deviation = spread > least ? spread : least
    last[3] = median
    last[4] = deviation
    last[5] = (value - median) / deviation
    const ahead = state[s + LEVEL]! + state[s + TREND]! + page.season[slot * page.rows + row]! * state[s + UNIT]!
    const residual = state[s + RESIDUAL]! > floor ? state[s + RESIDUAL]! : floor
    last[6] = ahead
    last[7] = residual
    last[8] = (value - ahead) / residual
  }

  #judge(page: Page, row: number, dt_ms: number): number {
    const { state } = page
    const last = this.#last
    const s = row * STATE
    const seen = page.counts[row * COUNTS + SEEN]!
    if (state[s + LIMIT] === 0) fitLimit(page, row, state[s + CADENCE]! / this.#alarm_ms, seen)
    let limit = state[s + LIMIT]! * (1 + DOUBT / seen)
    const cadence_ms = state[s + CADENCE]!
    if (dt_ms > GAP_CADENCES * cadence_ms) limit *= Math.min(Math.sqrt(1 + (dt_ms / cadence_ms) * GAP_GROWTH), GAP_MAX)
    if (state[s + STRICT]! > 0) limit *= Math.exp(state[s + STRICT]!)
    const z = middle(last[2]!, last[5]!, last[8]!)
    last[LIMIT_AT] = limit
    last[Z_AT] = z
    const score = (z < 0 ? -z : z) / limit
    return score < MAX_SCORE ? score : MAX_SCORE
  }

  #learn(page: Page, row: number, value: number, slot: number, dt_ms: number): void {
    const { state, counts } = page
    const last = this.#last
    const s = row * STATE
    const seen = counts[row * COUNTS + SEEN]!
    const clip = seen < YOUNG ? Infinity : CLIP
    const weight = seen < 1 / EWMA_WEIGHT ? 1 / (seen + 1) : EWMA_WEIGHT
    const move = clipped(value - last[0]!, clip * last[1]!)
    const sd = state[s + SD]!
    state[s + MEAN] = last[0]! + weight * move
    state[s + SD] = Math.sqrt((1 - weight) * (sd * sd + weight * move * move))
    const residual = clipped(value - last[6]!, clip * last[7]!)
    const rsd = state[s + RESIDUAL]!
    state[s + RESIDUAL] = Math.sqrt(rsd * rsd + weight * (residual * residual - rsd * rsd))
    const level = gain(dt_ms, LEVEL_MS, seen)
    state[s + LEVEL] = state[s + LEVEL]! + state[s + TREND]! + level * residual
    state[s + TREND] = TREND_DAMPING * (state[s + TREND]! + TREND_WEIGHT * level * residual)
    const unit = state[s + UNIT]!
    if (unit > 0) {
      const share = SEASON_WEIGHT * (dt_ms < this.#slot_ms ? dt_ms / this.#slot_ms : 1)
      const known = page.season[slot * page.rows + row]! * unit
      const chance = seen * GOLDEN
      setSeason(page, row, slot, known + share * residual, chance - Math.floor(chance))
    }
    push(page, row, this.#window, Math.fround(value))
    noteMove(state, row, value)
    if (seen >= YOUNG) this.#calibrate(page, row, dt_ms)
  }

  /** What a normal sample teaches of limits. */
  #calibrate(page: Page, row: number, dt_ms: number): void {
    const { state, counts } = page
    const s = row * STATE
    const seen = counts[row * COUNTS + SEEN]!
    const z = this.#last[Z_AT]!
    const peak = z > PEAK || z < -PEAK
    if (peak) notePeak(page, row, z < 0 ? -z : z, seen)
    const due = ((seen + row) & (REFIT - 1)) === 0
    if (peak || due) fitLimit(page, row, state[s + CADENCE]! / this.#alarm_ms, seen)
    if (due || state[s + UNIT] === 0) refine(page, row, this.#last[7]!)
    if (state[s + STRICT]! > 0) forgive(page, row, dt_ms, this.#alarm_ms)
    const held = counts[row * COUNTS + HELD]!
    if (held > 0 && this.#holds.normal(held - 1)) {
      alarmed(page, row, this.#holds.peak(held - 1))
      this.#release(page, row)
    }
  }

  /** An anomalous value is not learned; a level that lasts is taken over. */
  #watch(page: Page, row: number, value: number, slot: number, time_ms: number, score: number): void {
    const { state, counts } = page
    const s = row * STATE
    if (counts[row * COUNTS + HELD] === 0) counts[row * COUNTS + HELD] = this.#held.add() + 1
    const held = counts[row * COUNTS + HELD]! - 1
    const age_ms = counts[row * COUNTS + SEEN]! * state[s + CADENCE]!
    const level = this.#holds.anomalous(held, time_ms, { value, score, age_ms })
    if (level !== level) return
    const sd = MEAN_TO_SIGMA * this.#holds.deviation(held)
    alarmed(page, row, this.#holds.peak(held))
    this.#release(page, row)
    state[s + MEAN] = level
    state[s + LEVEL] = level - page.season[slot * page.rows + row]! * state[s + UNIT]!
    state[s + TREND] = 0
    state[s + SD] = Math.max(state[s + SD]!, sd)
    state[s + RESIDUAL] = Math.max(state[s + RESIDUAL]!, sd)
    clear(page, row)
    for (let i = 0; i < 3; i++) push(page, row, this.#window, Math.fround(level))
  }

  #release({ counts }: Page, row: number): void {
    const held = counts[row * COUNTS + HELD]!
    if (held > 0) this.#held.remove(held - 1)
    counts[row * COUNTS + HELD] = 0
  }

  /** The band: where the middle distance reaches the limit. And who finds the value beyond it. */
  #tell(i: number, { bands, blamed }: VerdictColumns): void {
    const last = this.#last
    const limit = last[LIMIT_AT]!
    const known = limit > 0
    const [a, b, c] = [limit * last[1]!, limit * last[4]!, limit * last[7]!]
    bands[i * 3] = known ? middle(last[0]!, last[3]!, last[6]!) : NaN
    bands[i * 3 + 1] = known ? middle(last[0]! - a, last[3]! - b, last[6]! - c) : NaN
    bands[i * 3 + 2] = known ? middle(last[0]! + a, last[3]! + b, last[6]! + c) : NaN
    const side = last[Z_AT]! < 0 ? -1 : 1
    blamed[i] = 0
    if (!known) return
    for (let bit = 0; bit < EXPERTS.length; bit++) if (side * last[bit * 3 + 2]! >= limit) blamed[i]! |= 1 << bit
  }
}
