import { assert } from '#core/assert.ts'
import type { Part } from '#core/component.ts'
import { unjudged, type Verdict } from '#core/score.ts'
import { gain } from '#core/stats/ewma.ts'
import { joined } from '#core/store/part-writer.ts'

import type { Expert } from '../experts/expert.ts'
import { Farthest } from './farthest.ts'
import { Hold } from './hold.ts'
import type { Accepted as Told, Correctable, Detector, DetectorContext } from './kind.ts'
import { PanelSample } from './panel-sample.ts'
import { Rows } from './rows.ts'
import { Scale } from './scale.ts'
import { sectionViews, splitSections } from './sections.ts'
import { type Allowance, MIN_Z, Tail } from './tail.ts'
import { Usual } from './usual.ts'

const WEEK_MS = 7 * 86_400_000
/** Nothing is said of a row before it has so many samples. */
const MIN_COUNT = 3
/** Until then everything is learned as it is: there is nothing to clip by. */
const LEARN_FREELY = 10
/** Doubt of the young: bands are wider by 1 + 6 / samples. */
const DOUBT = 6
/** What is learned lies within so many standard deviations of what was expected. */
const CLIP = 3
/** An expert's loss is forgotten in this time. */
const LOSS_MS = 2 * 60 * 60_000
/** An expert that begins to speak is believed to be a little worse than the best. */
const NEWCOMER = 1.5
/** After a gap of g cadences the band is wider by √(1 + g / 20), at most threefold. */
const GAP_CADENCES = 5
const GAP_GROWTH = 1 / 20
const GAP_MAX = 3
/** What lies so many times as far out as all of late is told, whatever alarms there were, in a row as old as this. */
const FAR = 2
const KNOWN_MS = 3 * 86_400_000
const P_MAX = 0.05
const P_MIN = 1e-15
const MAX_SCORE = 1e9
/** Beyond this a value is judged as if it were this: state is partly 32 bit. */
const HUGE = 1e37
const MAX_CADENCE_MS = 7 * 86_400_000
/** After so long without learning a row begins again at the level of now. */
const SETTLE_MS = 60 * 60_000

/**
 * Asks experts what to expect, believes each by its recent loss, and judges the residual: scaled by `Scale`, against
 * the thresholds of `Tail` for the rate that the budget allows, and learning as `Hold` permits.
 */
export class Panel implements Correctable {
  readonly #experts: readonly Expert[]
  readonly #rows: Rows
  readonly #context: DetectorContext
  readonly #scale: Scale
  readonly #tail: Tail
  readonly #hold: Hold
  readonly #loss
  /** Samples seen, and those for which something was expected. */
  readonly #seen
  readonly #count
  readonly #last_ms
  readonly #first_ms
  readonly #cadence_ms
  readonly #usual: Usual
  readonly #farthest: Farthest
  /** Of the last step: expected values and weights by expert, and the half width of its band. */
  readonly #predicted: Float64Array
  readonly #weight: Float64Array
  readonly #allowed = { p: 0.5, alarm_ms: 0.5 }
  readonly #sample = new PanelSample()
  #value = 0
  #half = Infinity
  #adopted = false

  constructor(context: DetectorContext, experts: (rows: Rows) => readonly Expert[]) {
    this.#context = context
    this.#rows = new Rows()
    this.#experts = experts(this.#rows)
    this.#scale = new Scale(this.#rows)
    this.#tail = new Tail(this.#rows)
    this.#hold = new Hold(this.#rows)
    this.#loss = this.#rows.column(Float64Array, this.#experts.length)
    this.#seen = this.#rows.column(Uint32Array)
    this.#count = this.#rows.column(Uint32Array)
    this.#last_ms = this.#rows.column(Float64Array)
    this.#first_ms = this.#rows.column(Float64Array)
    this.#cadence_ms = this.#rows.column(Float64Array)
    // The last columns: state of before has them not.
    this.#usual = new Usual(this.#rows)
    this.#farthest = new Farthest(this.#rows)
    this.#predicted = new Float64Array(this.#experts.length)
    this.#weight = new Float64Array(this.#experts.length)
  }

  get live(): number {
    return this.#rows.live
  }

  get bytes(): number {
    return this.#experts.reduce((sum, { pool }) => sum + (pool?.bytes ?? 0), this.#rows.bytes)
  }

  add(): number {
    const row = this.#rows.add()
    this.#tail.begin(row)
    return row
  }

  remove(row: number): void {
    for (const expert of this.#experts) expert.forget?.(row)
    this.#rows.remove(row)
  }

  step(row: number, time_ms: number, raw: number, out: Verdict): void {
    unjudged(out)
    this.#half = Infinity
    this.#adopted = false
    if (!Number.isFinite(raw)) return
    const value = raw > HUGE ? HUGE : raw < -HUGE ? -HUGE : raw
    const count = this.#count.data[row]!
    const seen = this.#seen.data[row]!
    const sample = this.#sample
    const expected = this.#expect(row, time_ms)
    // A single expert may know the scatter of its own window; of several, the common residual decides.
    const spread = this.#experts.length === 1 ? (this.#experts[0]!.spread?.(row) ?? NaN) : NaN
    sample.time_ms = time_ms
    sample.value = value
    sample.dt_ms = seen === 0 ? 0 : time_ms - this.#last_ms.data[row]!
    sample.expected = expected
    sample.scale = this.#scale.of(row, time_ms, value, spread)
    if (count >= MIN_COUNT && expected === expected) this.#judge(row, sample, out)
    sample.score = out.score
    this.#learn(row, sample)
    this.#seen.data[row] = seen + 1
    if (expected === expected) this.#count.data[row] = count + 1
    this.#last_ms.data[row] = time_ms
    this.#value = value
  }

  blamed(): readonly string[] {
    return this.#experts
      .filter((_, i) => this.#weight[i]! > 0.1 && Math.abs(this.#value - this.#predicted[i]!) >= this.#half)
      .map(({ name }) => name)
  }

  adopted(): boolean {
    return this.#adopted
  }

  /** Bands are within a tenth of what they would be without doubt. */
  confident(row: number): boolean {
    return this.#count.data[row]! >= 10 * DOUBT
  }

  cadence_ms(row: number): number {
    return this.#count.data[row]! < LEARN_FREELY ? 0 : this.#cadence_ms.data[row]!
  }

  /** Nothing is held of it. */
  take(row: number, from: Detector, other: number): void {
    assert(from instanceof Panel, 'a row is taken from its own kind')
    for (const expert of this.#experts) expert.forget?.(row)
    this.#rows.copy(row, from.#rows, other)
    for (const [i, expert] of this.#experts.entries()) expert.part?.(row, from.#experts[i]!, other)
    this.#hold.release(row)
  }

  near(row: number): number {
    return this.#expect(row, this.#last_ms.data[row]!)
  }

  pass(row: number, time_ms: number, level: number): void {
    const passed_ms = time_ms - this.#last_ms.data[row]!
    if (!(passed_ms > 0)) return
    if (level === level && passed_ms >= SETTLE_MS)
      for (const expert of this.#experts) expert.rebase(row, time_ms, level)
    this.#last_ms.data[row] = time_ms
  }

  insist(row: number, until_ms: number): void {
    this.#hold.insist(row, until_ms)
  }

  accept(row: number, { time_ms, deviation, lasting, open, noise }: Told): void {
    if (open) this.#hold.yield(row)
    else this.#usual.told(row, time_ms, deviation)
    if (open || lasting) this.#usual.told(row, time_ms, -deviation)
    if (noise) this.#tail.alarmed(row, 1)
  }

  views(): readonly Part[] {
    const pools = this.#experts.flatMap(({ pool }) => (pool === undefined ? [] : [pool.save()]))
    return sectionViews([this.#rows.views(), ...pools])
  }

  save(): Uint8Array {
    return joined(this.views())
  }

  load(bytes: Uint8Array): void {
    const [rows, ...pools] = splitSections(bytes)
    if (rows !== undefined) this.#rows.load(rows, Usual.COLUMNS + Farthest.COLUMNS)
    const own = this.#experts.flatMap(({ pool }) => pool ?? [])
    for (const [i, pool] of own.entries()) pool.load(pools[i] ?? new Uint8Array())
  }

  /** Expected values weighted by (best loss / own loss)⁴; NaN while no expert speaks. */
  #expect(row: number, time_ms: number): number {
    const experts = this.#experts
    const losses = this.#loss.data
    const base = row * experts.length
    let best = Infinity
    for (let i = 0; i < experts.length; i++) {
      const predicted = experts[i]!.predict(row, time_ms)
      this.#predicted[i] = predicted
      if (predicted === predicted && losses[base + i]! < best) best = losses[base + i]!
    }
    let sum = 0
    let weights = 0
    for (let i = 0; i < experts.length; i++) {
      const predicted = this.#predicted[i]!
      this.#weight[i] = 0
      if (predicted !== predicted) continue
      const own = losses[base + i]!
      const ratio = own > best ? best / own : 1
      const weight = ratio * ratio * ratio * ratio + 1e-12
      this.#weight[i] = weight
      weights += weight
      sum += weight * predicted
    }
    return weights > 0 ? sum / weights : NaN
  }

  /** The row's share of the budget; the same object each time. */
  #allowance(row: number): Allowance {
    const alarm_ms = (WEEK_MS * this.#rows.live) / this.#context.budget_per_week
    const p = Math.max(this.#cadence_ms.data[row]!, 1) / alarm_ms / 2
    this.#allowed.alarm_ms = alarm_ms
    this.#allowed.p = p > P_MAX ? P_MAX : p < P_MIN ? P_MIN : p
    return this.#allowed
  }

  #judge(row: number, { value, expected, scale, time_ms, dt_ms }: PanelSample, out: Verdict): void {
    const allowed = this.#allowance(row)
    const width = scale * this.#doubt(row, dt_ms)
    const above = Math.max(this.#limit(row, 0, width, allowed), this.#usual.within(row, 0, time_ms))
    const below = Math.max(this.#limit(row, 1, width, allowed), this.#usual.within(row, 1, time_ms))
    const residual = value - expected
    const score = residual >= 0 ? residual / above : -residual / below
    out.score = score < MAX_SCORE ? score : MAX_SCORE
    out.expected = expected
    out.lower = expected - below
    out.upper = expected + above
    this.#half = residual >= 0 ? above : below
  }

  /**
   * What a tail makes of its alarms and peaks together has no end where they recur, as the edges of a working day: once a row is known,
   * it is asked no more than twice the farthest of late.
   */
  #limit(row: number, side: number, width: number, allowed: Allowance): number {
    const limit = width * this.#tail.threshold(row, side, allowed)
    const farthest = FAR * this.#farthest.of(row, side)
    if (limit <= farthest || this.#sample.time_ms - this.#first_ms.data[row]! < KNOWN_MS) return limit
    return Math.max(farthest, Math.min(limit, MIN_Z * width))
  }

  #doubt(row: number, dt_ms: number): number {
    const young = 1 + DOUBT / this.#count.data[row]!
    const cadence_ms = this.#cadence_ms.data[row]!
    if (dt_ms <= GAP_CADENCES * cadence_ms || cadence_ms === 0) return young
    return young * Math.min(Math.sqrt(1 + (dt_ms / cadence_ms) * GAP_GROWTH), GAP_MAX)
  }

  #learn(row: number, sample: PanelSample): void {
    const { time_ms, value, expected, scale, dt_ms, score } = sample
    const count = this.#count.data[row]!
    this.#clockIn(row, time_ms, dt_ms, this.#seen.data[row]!)
    const known = expected === expected
    const residual = value - expected
    const free = count < LEARN_FREELY || !known
    const limit = CLIP * scale
    const clipped = free ? residual : residual > limit ? limit : residual < -limit ? -limit : residual
    const anomalous = score >= 1 && !free
    sample.anomalous = anomalous
    sample.residual = clipped
    if (known && !free) {
      sample.side = residual >= 0 ? 0 : 1
      sample.z = Math.abs(residual) / scale
      this.#tail.learn(row, sample, this.#allowance(row))
    }
    if (known) this.#farthest.learn(row, residual, dt_ms)
    this.#scale.learn(row, sample)
    if (anomalous) {
      const level = this.#hold.anomalous(row, time_ms, { value, score, age_ms: time_ms - this.#first_ms.data[row]! })
      if (level === level) this.#adopt(row, time_ms, level)
      return
    }
    if (this.#hold.normal(row)) this.#tail.alarmed(row, this.#hold.peak(row))
    const lesson = known ? expected + clipped : value
    if (this.#experts.length > 1) this.#weigh(row, lesson, { dt_ms, count, limit: free ? Infinity : 2 * limit })
    for (let i = 0; i < this.#experts.length; i++) this.#experts[i]!.learn(row, time_ms, lesson, dt_ms)
  }

  #adopt(row: number, time_ms: number, level: number): void {
    this.#adopted = true
    this.#tail.alarmed(row, this.#hold.peak(row))
    this.#scale.adopt(row, this.#hold.deviation(row))
    for (const expert of this.#experts) expert.rebase(row, time_ms, level)
  }

  #clockIn(row: number, time_ms: number, dt_ms: number, count: number): void {
    if (count === 0) {
      this.#first_ms.data[row] = time_ms
      return
    }
    const cadence_ms = this.#cadence_ms.data[row]!
    const step = count === 1 ? dt_ms : Math.min(dt_ms, 4 * cadence_ms)
    this.#cadence_ms.data[row] = Math.min(cadence_ms + (step - cadence_ms) / Math.min(count, 32), MAX_CADENCE_MS)
  }

  /** Takes each expert's error into its loss. */
  #weigh(row: number, value: number, { dt_ms, count, limit }: { dt_ms: number; count: number; limit: number }): void {
    const losses = this.#loss.data
    const size = this.#experts.length
    const base = row * size
    const weight = gain(dt_ms, LOSS_MS, count)
    let best = Infinity
    for (let i = 0; i < size; i++) if (losses[base + i]! > 0 && losses[base + i]! < best) best = losses[base + i]!
    for (let i = 0; i < size; i++) {
      const predicted = this.#predicted[i]!
      if (predicted !== predicted) continue
      const error = Math.min(Math.abs(value - predicted), limit)
      const old = losses[base + i]!
      if (old === 0) losses[base + i] = best < Infinity ? Math.max(error, NEWCOMER * best) : error
      else losses[base + i] = old + weight * (error - old)
    }
  }
}
