import { z } from 'zod'

import { durationWithin } from '#core/config/duration.ts'
import type { FindingKind } from '#core/finding.ts'
import { unjudged, type Verdict } from '#core/score.ts'
import { gain } from '#core/stats/ewma.ts'

import { recent } from '../experts/recent.ts'
import type { Detector, DetectorContext, Kind } from './kind.ts'
import { Panel } from './panel.ts'
import { Rows } from './rows.ts'
import { joinSections, splitSections } from './sections.ts'

const config = z.strictObject({
  kind: z.literal('shift'),
  /** How long a stretch is compared with what was before it. */
  window: durationWithin(60_000, 7 * 86_400_000).prefault('30m'),
})

const ASPECTS = ['level', 'trend', 'variance'] as const
/** The past of each aspect is remembered for so many windows. */
const MEMORY = 24
/** A single value moves the mean of its stretch by no more than so many mean deviations would. */
const CLIP = 8
/** A stretch is judged so many times in its length; between, the verdict stands. Judged at each sample it would be its own past. */
const STRIDES = 2
/** Nothing is clipped before there is a deviation to clip by, nor judged before a stretch is full. */
const MIN_COUNT = 10
/** Spread is compared as a ratio to that of the level's own resolution, so that one that was 0 has a logarithm. */
const SPREAD_FLOOR = 1e-6
const HUGE = 1e37
const STRIDE_COLUMNS = 3

/**
 * Three aspects of the last stretch of a series: its mean, its slope (the distance of a short from a long mean), the
 * logarithm of its mean deviation. Each is a series that a panel judges with a third of the budget (the union bound);
 * the band that is told is that of the mean.
 */
class Shift implements Detector {
  readonly #window_ms: number
  readonly #rows = new Rows()
  readonly #short = this.#rows.column(Float64Array)
  readonly #long = this.#rows.column(Float64Array)
  readonly #spread = this.#rows.column(Float64Array)
  readonly #first_ms = this.#rows.column(Float64Array)
  readonly #last_ms = this.#rows.column(Float64Array)
  readonly #judged_ms = this.#rows.column(Float64Array)
  /** The verdict that stands: score, expected, lower, upper. */
  readonly #stands = this.#rows.column(Float64Array, 4)
  /** Which aspect it is of, from 1, with the sign of its direction; 0: nothing was judged yet. */
  readonly #foremost = this.#rows.column(Float32Array)
  readonly #count = this.#rows.column(Uint32Array)
  // The last columns: state of before has them not.
  /** Of the stride since it was judged last: mean, mean deviation, samples. */
  readonly #strideMean = this.#rows.column(Float64Array)
  readonly #strideSpread = this.#rows.column(Float64Array)
  readonly #strideCount = this.#rows.column(Uint32Array)
  readonly #panels: readonly Panel[]
  readonly #verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  #aspect = 0
  /** The stretch has next to no scatter. */
  #still = false
  #mean = 0
  #adopted = false

  constructor(window_ms: number, context: DetectorContext) {
    this.#window_ms = window_ms
    const share: DetectorContext = {
      get budget_per_week() {
        return context.budget_per_week / ASPECTS.length
      },
    }
    this.#panels = ASPECTS.map(
      (name) => new Panel(share, (rows) => [recent(rows, { name, tau_ms: MEMORY * window_ms })]),
    )
  }

  get live(): number {
    return this.#rows.live
  }

  get bytes(): number {
    return this.#panels.reduce((sum, { bytes }) => sum + bytes, this.#rows.bytes)
  }

  /** The panels hand out the same rows: they add and remove at the same times. */
  add(): number {
    for (const panel of this.#panels) panel.add()
    return this.#rows.add()
  }

  remove(row: number): void {
    for (const panel of this.#panels) panel.remove(row)
    this.#rows.remove(row)
  }

  step(row: number, time_ms: number, raw: number, out: Verdict): void {
    unjudged(out)
    this.#aspect = 0
    this.#adopted = false
    this.#mean = raw
    if (!Number.isFinite(raw)) return
    this.#learn(row, time_ms, Math.max(-HUGE, Math.min(HUGE, raw)))
    if (this.#count.data[row]! < MIN_COUNT || time_ms - this.#first_ms.data[row]! < this.#window_ms) return
    if ((time_ms - this.#judged_ms.data[row]!) * STRIDES >= this.#window_ms) this.#judge(row, time_ms)
    const at = row * 4
    const stands = this.#stands.data
    this.#mean = this.#short.data[row]!
    this.#aspect = this.#foremost.data[row]!
    this.#still = this.#spread.data[row]! <= this.#spreadFloor(row)
    out.score = stands[at]!
    out.expected = stands[at + 1]!
    out.lower = stands[at + 2]!
    out.upper = stands[at + 3]!
  }

  blamed(): readonly string[] {
    return this.#aspect === 0 ? [] : [ASPECTS[Math.abs(this.#aspect) - 1]!]
  }

  /** Whether a level jumped or crept there shows only with time. */
  shape(): FindingKind | undefined {
    const aspect = Math.abs(this.#aspect)
    if (aspect === 1) return this.#aspect > 0 ? 'level_up' : 'level_down'
    if (aspect === 3) return this.#still ? 'flat' : 'variance'
    return aspect === 2 ? 'drift' : undefined
  }

  judged(): number {
    return this.#mean
  }

  confident(row: number): boolean {
    return this.#panels[0]!.confident(row)
  }

  cadence_ms(row: number): number {
    return this.#panels[0]!.cadence_ms(row)
  }

  adopted(): boolean {
    return this.#adopted
  }

  save(): Uint8Array {
    return joinSections([this.#rows.save(), ...this.#panels.map((panel) => panel.save())])
  }

  load(bytes: Uint8Array): void {
    const [rows, ...panels] = splitSections(bytes)
    this.#rows.load(rows ?? new Uint8Array(), STRIDE_COLUMNS)
    for (const [i, panel] of this.#panels.entries()) panel.load(panels[i] ?? new Uint8Array())
  }

  #judge(row: number, time_ms: number): void {
    this.#judged_ms.data[row] = time_ms
    if (this.#stands.data[row * 4]! >= 1) this.#stride(row)
    this.#strideCount.data[row] = 0
    const verdict = this.#verdict
    let best = -1
    for (let i = 0; i < ASPECTS.length; i++) {
      const value = this.#statistic(row, i)
      this.#panels[i]!.step(row, time_ms, value, verdict)
      this.#adopted ||= this.#panels[i]!.adopted()
      if (i === 0) this.#stands.data.set([0, verdict.expected, verdict.lower, verdict.upper], row * 4)
      // A level that moved drags the slope along: what is said first of both is the level.
      if (verdict.score <= best || (best >= 1 && i === 1)) continue
      best = verdict.score
      this.#foremost.data[row] = value < verdict.expected ? -1 - i : 1 + i
    }
    // What has become normal stands no longer.
    this.#stands.data[row * 4] = this.#adopted ? 0 : best
  }

  /**
   * While something is out each stride speaks for itself: means remember for hours what is long over, and would make a level of it that
   * is not there. Of what creeps the long mean stays: the slope is of it.
   */
  #stride(row: number): void {
    if (this.#strideCount.data[row] === 0) return
    this.#short.data[row] = this.#strideMean.data[row]!
    this.#spread.data[row] = this.#strideSpread.data[row]!
    if (ASPECTS[Math.abs(this.#foremost.data[row]!) - 1] !== 'trend') this.#long.data[row] = this.#strideMean.data[row]!
  }

  #statistic(row: number, i: number): number {
    if (i === 0) return this.#short.data[row]!
    if (i === 1) return this.#short.data[row]! - this.#long.data[row]!
    return Math.log(this.#spread.data[row]! + this.#spreadFloor(row))
  }

  #spreadFloor(row: number): number {
    return SPREAD_FLOOR * Math.max(1, Math.abs(this.#long.data[row]!))
  }

  #learn(row: number, time_ms: number, value: number): void {
    const count = this.#count.data[row]!
    this.#count.data[row] = count + 1
    if (count === 0) {
      this.#first_ms.data[row] = time_ms
      this.#short.data[row] = value
      this.#long.data[row] = value
    }
    const dt_ms = count === 0 ? 0 : time_ms - this.#last_ms.data[row]!
    this.#last_ms.data[row] = time_ms
    const spread = this.#spread.data[row]!
    const far = value - this.#short.data[row]!
    const limit = count < MIN_COUNT || spread === 0 ? Infinity : CLIP * spread
    const distance = far > limit ? limit : far < -limit ? -limit : far
    // As many samples long as it is wide, and never one sample alone.
    const weight = Math.min(gain(dt_ms, this.#window_ms / 2, count), 0.5)
    const seen = this.#short.data[row]! + distance
    this.#spread.data[row] = spread + weight * (Math.abs(distance) - spread)
    this.#short.data[row]! += weight * distance
    this.#long.data[row]! += gain(dt_ms, 2 * this.#window_ms, count) * (seen - this.#long.data[row]!)
    this.#learnStride(row, seen)
  }

  #learnStride(row: number, seen: number): void {
    const count = this.#strideCount.data[row]! + 1
    this.#strideCount.data[row] = count
    const mean = count === 1 ? seen : this.#strideMean.data[row]! + (seen - this.#strideMean.data[row]!) / count
    const spread = count === 1 ? 0 : this.#strideSpread.data[row]!
    this.#strideMean.data[row] = mean
    this.#strideSpread.data[row] = spread + (Math.abs(seen - mean) - spread) / count
  }
}

/** Changes that last: of the level, the trend, the variance. A single value says nothing to it. */
export const shift: Kind<z.infer<typeof config>> = {
  kind: 'shift',
  config,
  scores: true,
  judges: 'stretch',
  create: ({ window }, context) => new Shift(window, context),
}
