import type { Part } from '#core/component.ts'
import type { Verdict } from '#core/score.ts'
import { joined } from '#core/store/part-writer.ts'

import { Hold } from '../hold.ts'
import type { Detector, DetectorContext, RowBatch, VerdictColumns } from '../kind.ts'
import { Rows } from '../rows.ts'
import { splitSections } from '../sections.ts'
import { expectLevels, learnLevels } from './levels.ts'
import { alarmed, beginLimit, doubt, judge, learnRare, middle } from './limit.ts'
import * as layout from './page.ts'
import type { Page, Shape } from './page.ts'
import { Pages } from './pages.ts'
import * as sample from './strip.ts'
import { ask, expectMedian, fetch, fillWindow, learnMedian, settle } from './window.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const {
  CADENCE,
  COUNTS,
  HELD,
  LAST,
  LATEST,
  LEVEL,
  MARKED,
  MARKS,
  MEAN,
  PAGE_BITS,
  PAGE_ROWS,
  RESIDUAL,
  SD,
  SEEN,
  STATE,
  STRICT,
  TREND,
  UNIT,
} = layout
const {
  BEYOND,
  DISTANCE,
  DT_MS,
  EXPECTED,
  EXPERTS,
  FETCHED,
  MIDDLE,
  NOTHING,
  PART,
  PLACE,
  RARE,
  ROW,
  SCORE,
  SEEN_BEFORE,
  STRIP,
  strip,
  TIME_MS,
  VALUE,
  WIDTH,
} = sample

export interface RollingOptions extends Shape {
  readonly season_ms: number
}

const WEEK_MS = 7 * 86_400_000
/** Beyond this a value is judged as if it were this: state is 32 bit. */
const HUGE = 1e30
/** Mean absolute deviation of a Gaussian is 0.798 of its standard deviation. */
const MEAN_TO_SIGMA = 1.2533
/** A window begins anew with so many copies of a level. */
const COPIES = 3

/**
 * Three rolling statistics a series: exponentially weighted mean and variance, exact median and MAD of a window, additive
 * Holt-Winters with a season in slots. Each gives the distance of a value from what it expects in its own standard
 * deviations; the middle one of the three counts. What is anomalous is not learned until it has lasted (`Hold`).
 *
 * State is columns in pages. A batch is worked through in strips, stage by stage: loops without calls, allocations or
 * surprises for the branch predictor.
 */
export class Rolling implements Detector {
  readonly experts = EXPERTS
  readonly #context: DetectorContext
  readonly #pages: Pages
  readonly #season_ms: number
  readonly #slot_ms: number
  /** Rows that are anomalous now: few, so that what is kept of them is apart. */
  readonly #held = new Rows()
  readonly #holds = new Hold(this.#held)
  readonly #edges = new Float64Array(EXPERTS.length)
  readonly #single = {
    batch: { length: 1, row: new Uint32Array(1), time_ms: new Float64Array(1), value: new Float64Array(1) },
    out: { score: new Float64Array(1), bands: new Float64Array(3), blamed: new Uint8Array(1), everyBand: true },
  }

  constructor(options: RollingOptions, context: DetectorContext) {
    this.#context = context
    this.#pages = new Pages(options)
    this.#season_ms = options.season_ms
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
    const { batch, out } = this.#single
    batch.row[0] = row
    batch.time_ms[0] = time_ms
    batch.value[0] = value
    this.steps(batch, out)
    verdict.score = out.score[0]!
    verdict.expected = out.bands[0]!
    verdict.lower = out.bands[1]!
    verdict.upper = out.bands[2]!
  }

  steps(batch: RowBatch, out: VerdictColumns): void {
    const alarm_ms = (WEEK_MS * this.live) / this.#context.budget_per_week
    const order = this.#pages.order(batch)
    for (let from = 0; from < batch.length;) {
      const page = this.#pages.list[batch.row[order[from]!]! >> PAGE_BITS]!
      const next = this.#take(page, batch, order, from)
      if (next === from) this.#first(page, batch, order[from++]!, out)
      else {
        this.#work(page, out, alarm_ms)
        from = next
      }
    }
  }

  blamed(): readonly string[] {
    return EXPERTS.filter((_, bit) => ((this.#single.out.blamed[0]! >> bit) & 1) === 1)
  }

  /** It has seen a window of samples, and bands are no more than half as wide again as without doubt. A new normal makes no row young. */
  confident(row: number): boolean {
    const page = this.#pages.of(row)
    const at = row & (PAGE_ROWS - 1)
    const cadence_ms = page.state[at * STATE + CADENCE]!
    const seen = page.counts[at * COUNTS + SEEN]!
    return seen >= page.window && doubt(cadence_ms, seen * cadence_ms) <= 0.5
  }

  views(): readonly Part[] {
    const pages = this.#pages.views()
    const held = this.#held.save()
    // As sections are joined, without joining them.
    const size = pages.reduce((sum, { length }) => sum + length, 0)
    return [new Uint8Array(Uint32Array.of(2, size, held.length).buffer), ...pages, held]
  }

  save(): Uint8Array {
    return joined(this.views())
  }

  load(bytes: Uint8Array): void {
    const [pages = new Uint8Array(), held = new Uint8Array()] = splitSections(bytes)
    this.#pages.load(pages)
    this.#held.load(held)
  }

  /**
   * Fills the strip from the batch at `from`, as far as page and room allow and until a row repeats, begins, or has a
   * value that is none. Where it ended.
   */
  #take(page: Page, batch: RowBatch, order: Int32Array, from: number): number {
    const { counts, last_ms, busy, state, latest, season } = page
    const number = batch.row[order[from]!]! >> PAGE_BITS
    const season_ms = this.#season_ms
    const slot_ms = this.#slot_ms
    const end = Math.min(batch.length, from + STRIP)
    let slotted_ms = NaN
    let part = 0
    let at = from
    for (; at < end; at++) {
      const place = order[at]!
      if (batch.row[place]! >> PAGE_BITS !== number) break
      const row = batch.row[place]! & (PAGE_ROWS - 1)
      const raw = batch.value[place]!
      const count = counts[row * COUNTS + SEEN]!
      if (busy[row] === 1 || count === 0 || !(raw - raw === 0)) break
      const time_ms = batch.time_ms[place]!
      const dt_ms = time_ms - last_ms[row]!
      const cadence_ms = state[row * STATE + CADENCE]!
      const pause_ms = count > 1 && dt_ms > 4 * cadence_ms ? 4 * cadence_ms : dt_ms
      state[row * STATE + CADENCE] = cadence_ms + (pause_ms - cadence_ms) / (count < 32 ? count : 32)
      if (time_ms !== slotted_ms) {
        const slot = Math.floor((time_ms - Math.floor(time_ms / season_ms) * season_ms) / slot_ms)
        page.versions.touch(slot)
        part = slot * page.rows
        slotted_ms = time_ms
      }
      busy[row] = 1
      last_ms[row] = time_ms
      counts[row * COUNTS + SEEN] = count + 1
      const i = at - from
      ROW[i] = row
      PLACE[i] = place
      SEEN_BEFORE[i] = count
      PART[i] = part + row
      VALUE[i] = raw > HUGE ? HUGE : raw < -HUGE ? -HUGE : raw
      DT_MS[i] = dt_ms
      TIME_MS[i] = time_ms
      FETCHED[i] = latest[row * LATEST]! ^ season[part + row]!
    }
    strip.length = at - from
    return at
  }

  /** A row's first value, or one that is none. */
  #first(page: Page, batch: RowBatch, at: number, { score, bands, blamed }: VerdictColumns): void {
    score[at] = 0
    bands.fill(NaN, at * 3, at * 3 + 3)
    blamed[at] = 0
    if (!Number.isFinite(batch.value[at])) return
    const { state, counts, last_ms } = page
    const row = batch.row[at]! & (PAGE_ROWS - 1)
    const value = Math.min(Math.max(batch.value[at]!, -HUGE), HUGE)
    state[row * STATE + MEAN] = value
    state[row * STATE + LEVEL] = value
    state[row * STATE + LAST] = value
    fillWindow(page, row, value, 1)
    beginLimit(page, row)
    counts[row * COUNTS + SEEN] = 1
    last_ms[row] = batch.time_ms[at]!
  }

  #work(page: Page, out: VerdictColumns, alarm_ms: number): void {
    expectLevels(page)
    ask(page, out.everyBand)
    fetch(page)
    settle(page)
    expectMedian(page)
    judge(page)
    learnMedian(page)
    if (out.everyBand) settle(page)
    learnLevels(page, this.#slot_ms)
    const { length, rare } = strip
    const { busy } = page
    const { score } = out
    for (let i = 0; i < length; i++) {
      busy[ROW[i]!] = 0
      score[PLACE[i]!] = SCORE[i]!
    }
    if (out.everyBand) for (let i = 0; i < length; i++) this.#tell(page, i, out)
    for (let k = 0; k < rare; k++) {
      const i = RARE[k]!
      if (SCORE[i]! >= 1) {
        if (!out.everyBand) this.#tell(page, i, out)
        this.#watch(page, i)
      } else {
        learnRare(page, i, alarm_ms)
        this.#rest(page, ROW[i]!)
      }
    }
  }

  /** A normal value of a row that may have been anomalous. */
  #rest(page: Page, row: number): void {
    const { state, counts, marks } = page
    const held = counts[row * COUNTS + HELD]! - 1
    if (held >= 0 && this.#holds.normal(held)) {
      alarmed(page, row, this.#holds.peak(held))
      this.#release(page, row)
    }
    marks[row * MARKS + MARKED] = held >= 0 || state[row * STATE + STRICT]! > 0 ? 1 : 0
  }

  /** An anomalous value is not learned; a level that lasts is taken over. */
  #watch(page: Page, i: number): void {
    const { state, counts, season, marks } = page
    const row = ROW[i]!
    const s = row * STATE
    marks[row * MARKS + MARKED] = 1
    if (counts[row * COUNTS + HELD] === 0) counts[row * COUNTS + HELD] = this.#held.add() + 1
    const held = counts[row * COUNTS + HELD]! - 1
    const seen = {
      value: VALUE[i]!,
      score: SCORE[i]!,
      age_ms: SEEN_BEFORE[i]! * state[s + CADENCE]!,
    }
    const level = this.#holds.anomalous(held, TIME_MS[i]!, seen)
    if (level !== level) return
    const sd = MEAN_TO_SIGMA * this.#holds.deviation(held)
    alarmed(page, row, this.#holds.peak(held))
    this.#release(page, row)
    state[s + MEAN] = level
    state[s + LEVEL] = level - season[PART[i]!]! * state[s + UNIT]!
    state[s + TREND] = 0
    state[s + SD] = Math.max(state[s + SD]!, sd)
    state[s + RESIDUAL] = Math.max(state[s + RESIDUAL]!, sd)
    fillWindow(page, row, level, COPIES)
  }

  #release({ counts }: Page, row: number): void {
    const held = counts[row * COUNTS + HELD]!
    if (held > 0) this.#held.remove(held - 1)
    counts[row * COUNTS + HELD] = 0
  }

  /**
   * The band: where the middle distance reaches the limit; it ends at 0 for what was never negative of late. And whose own
   * distance is beyond it.
   */
  #tell({ sorted, window }: Page, i: number, { bands, blamed }: VerdictColumns): void {
    const edges = this.#edges
    const at = PLACE[i]!
    const beyond = BEYOND[i]!
    const least = sorted[ROW[i]! * window]! >= 0 && VALUE[i]! >= 0 ? 0 : -Infinity
    for (const [place, side] of [0, -beyond, beyond].entries()) {
      for (let k = 0; k < EXPERTS.length; k++) edges[k] = EXPECTED[k * STRIP + i]! + side * WIDTH[k * STRIP + i]!
      const edge = Math.max(edges[middle(edges[0]!, edges[1]!, edges[2]!)]!, least)
      bands[at * 3 + place] = beyond > 0 ? (Math.abs(edge) < NOTHING ? 0 : edge) : NaN
    }
    const side = MIDDLE[i]! < 0 ? -1 : 1
    let bits = 0
    for (let k = 0; k < EXPERTS.length; k++) {
      if (beyond > 0 && side * DISTANCE[k * STRIP + i]! >= beyond) bits |= 1 << k
    }
    blamed[at] = bits
  }
}
