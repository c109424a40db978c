import { assert } from '#core/assert.ts'
import { CivilTime } from '#core/civil-time.ts'
import type { Part } from '#core/component.ts'
import type { FindingKind } from '#core/finding.ts'
import { unjudged, type Verdict } from '#core/score.ts'
import { joined } from '#core/store/part-writer.ts'

import type { Accepted, Correctable, Detector, DetectorContext } from '../kind.ts'
import { BARE } from '../nature.ts'
import { Rows } from '../rows.ts'
import { sectionViews } from '../sections.ts'
import { afterGap } from './cadence.ts'
import { Envelope } from './envelope.ts'
import { Evidence, LEAST } from './evidence.ts'
import { Extremes, perBlock } from './extremes.ts'
import { Forecast } from './forecast.ts'
import { ADOPT_MS, Held } from './held.ts'
import { Newest } from './newest.ts'
import { newsFrom, Novelty } from './novelty.ts'
import { Quiet } from './quiet.ts'
import { Rate } from './rate.ts'
import { AFTER_MEANS, isMean, KINDS, LEFT, nameOf, NOVEL, remembers, RUN, SHAPES, SINGLE, STILL } from './reasons.ts'
import { Recurrence } from './recurrence.ts'
import { Reset } from './reset.ts'
import { Runs } from './runs.ts'
import { Sample } from './sample.ts'
import { shareOf } from './share.ts'
import { Spread } from './spread.ts'
import { Telling } from './telling.ts'
import { beforeOf, headOf, loadState } from './versions.ts'
import { LOG_MAX, show, showMean, Width } from './width.ts'
import { Youth } from './youth.ts'

/** Nothing is expected of a row before it has so many samples, and nothing said before so many. */
const MIN_COUNT = 3
const MIN_SAID = 10
/** Until then everything is learned as it is. */
const LEARN_FREELY = 10
/** What is learned lies within so many standard deviations of what was expected. */
const CLIP = 6
/** While the row's own extremes are not known: so many standard deviations, wider by 1 + 6 / samples. */
const PRIOR = 15
const DOUBT = 6
/** Beyond this a value is judged as if it were this: state is partly 32 bit. */
const HUGE = 1e37
const LOG_MIN = -40
const NOVEL_UNIT = 0.15
/** What is said of a new value weighs more, by this share of its news. */
const NEWS = 0.2
/** A mean or a run is asked more, up to this after a week, where the value is one that was seen. */
const SEEN = 0.2
const WEEK_MS = 7 * 86_400_000

/**
 * One score from all there is to know of a series: what several experts expected (`Forecast`), how far values scatter
 * around it (`Spread`), what speaks against the sample (`Evidence`) and those just before it (`Runs`) compared with the largest of its kind in past blocks
 * (`Extremes`) at the rate that the budget allows (`Rate`), whether the value was ever there (`Novelty`), said once (`Quiet`),
 * and not again and again (`Recurrence`). Each sample is judged first and learned afterwards, clipped.
 */
export class Joint implements Correctable {
  readonly #context: DetectorContext
  readonly #civil: CivilTime
  readonly #rows = new Rows()
  readonly #forecast: Forecast
  readonly #spread = new Spread(this.#rows)
  readonly #evidence = new Evidence(this.#rows)
  readonly #extremes = new Extremes(this.#rows, LEAST, { kinds: KINDS })
  readonly #rate = new Rate(this.#rows)
  readonly #quiet = new Quiet(this.#rows)
  readonly #recurrence = new Recurrence(this.#rows)
  readonly #reset = new Reset(this.#rows)
  readonly #width = new Width(this.#rows)
  readonly #newest = new Newest(this.#rows)
  readonly #novelty: Novelty
  readonly #runs: Runs
  readonly #youth: Youth
  readonly #envelope: Envelope
  readonly #held: Held
  readonly #telling: Telling
  /** How far the last step's run is beyond what is asked. */
  #run = LOG_MIN
  /** And how far a young row is beyond its envelope. */
  #left = -Infinity
  /** Of the last step: the kind of evidence that weighed most, the logarithm of its score, and whether a level was adopted. */
  #most = 0
  #log = LOG_MIN
  #adopted = false
  readonly #sample = new Sample()
  /** The time to which all that knows of days and weeks is set. */
  #set_ms = NaN

  constructor(context: DetectorContext) {
    this.#context = context
    this.#civil = context.civil ?? new CivilTime()
    this.#forecast = new Forecast(this.#rows)
    // The last columns: state of before has them not.
    this.#novelty = new Novelty(this.#rows)
    this.#runs = new Runs(this.#rows, KINDS)
    this.#youth = new Youth(this.#rows, this.#spread)
    this.#envelope = new Envelope(this.#rows)
    this.#held = new Held(this.#rows)
    this.#forecast.extend(this.#rows)
    this.#telling = new Telling(context, {
      envelope: this.#envelope,
      evidence: this.#evidence,
      held: this.#held,
      novelty: this.#novelty,
      quiet: this.#quiet,
      recurrence: this.#recurrence,
      runs: this.#runs,
    })
  }

  get live(): number {
    return this.#rows.live
  }

  get bytes(): number {
    return this.#pools.reduce((sum, { bytes }) => sum + bytes, this.#rows.bytes)
  }

  get #pools(): readonly Rows[] {
    return [...this.#forecast.pools, this.#envelope.pool, this.#held.pool, ...this.#forecast.latePools]
  }

  add(nature = BARE): number {
    const row = this.#rows.add()
    this.#youth.begin(row, nature)
    return row
  }

  remove(row: number): void {
    this.#release(row)
    this.#rows.remove(row)
  }

  readonly cadence_ms = (row: number): number => (this.#newest.count(row) < MIN_SAID ? 0 : this.#newest.cadence_ms(row))

  step(row: number, time_ms: number, raw: number, out: Verdict): void {
    unjudged(out)
    this.#log = LOG_MIN
    this.#adopted = false
    if (!Number.isFinite(raw)) return
    const value = raw > HUGE ? HUGE : raw < -HUGE ? -HUGE : raw
    if (time_ms !== this.#set_ms) this.#set(time_ms)
    const count = this.#newest.count(row)
    this.#sample.time_ms = time_ms
    this.#sample.value = value
    this.#sample.count = count
    if (count === 0) this.#begin(row, time_ms, value)
    else if (this.#reset.step(row, value, this.#newest.value(row))) this.#again(row, value, out)
    else this.#judge(row, out)
    if (this.#youth.isConfined(row)) this.#youth.confine(row, value, out)
    this.#newest.learn(row, this.#sample)
  }

  blamed(): readonly string[] {
    if (this.#log < 0) return []
    const { up } = this.#most === RUN ? this.#runs : this.#envelope
    return [nameOf(this.#most, up), this.#forecast.best]
  }

  shape(): FindingKind | undefined {
    return this.#log >= 0 ? SHAPES[this.#most] : undefined
  }

  since_ms(row: number): number | undefined {
    if (this.#log < 0) return undefined
    if (this.#most === LEFT) return this.#envelope.since_ms(row)
    return this.#most === STILL ? this.#newest.time_ms(row) - this.#evidence.still_ms(row) : undefined
  }

  echo(): string | undefined {
    return remembers(this.#most) ? nameOf(this.#most, true) : undefined
  }

  adopted(): boolean {
    return this.#adopted
  }

  lasts(row: number): boolean {
    return this.#evidence.isTrouble(row)
  }

  confident(row: number): boolean {
    return this.#extremes.known(row)
  }

  /** Nothing is held of it. */
  take(row: number, from: Detector, other: number): void {
    assert(from instanceof Joint, 'a row is taken from its own kind')
    this.#release(row)
    this.#rows.copy(row, from.#rows, other)
    this.#forecast.part(row, from.#forecast, other)
    this.#envelope.part(row, from.#envelope, other)
    this.#held.leave(row)
  }

  /** What the row has elsewhere than in its columns. */
  #release(row: number): void {
    this.#forecast.forget(row)
    this.#envelope.forget(row)
    this.#held.release(row)
  }

  near(row: number): number {
    return this.#forecast.near(row)
  }

  pass(row: number, time_ms: number, level: number): void {
    const passed_ms = time_ms - this.#newest.time_ms(row)
    if (!(passed_ms > 0)) return
    this.#set(time_ms)
    if (level === level) this.#forecast.settle(row, level)
    else this.#forecast.drift(row, this.#forecast.moved(row, passed_ms))
    this.#newest.pass(row, time_ms)
  }

  insist(row: number, until_ms: number): void {
    this.#held.insist(row, until_ms, this.#newest.value(row))
  }

  accept(row: number, { time_ms, deviation, lasting, open, noise }: Accepted): void {
    if (deviation === deviation) this.#recurrence.told(row, time_ms, deviation)
    if (deviation === deviation && lasting) this.#recurrence.told(row, time_ms, -deviation)
    this.#novelty.gather(row, time_ms)
    if (open) this.#held.yield(row)
    this.#evidence.excuse(row)
    if (!noise) return
    this.#rate.raise(row)
    if (!this.#extremes.known(row)) return
    this.#move(row)
  }

  views(): readonly Part[] {
    return sectionViews([[headOf(this.#civil.zone)], this.#rows.views(), ...this.#pools.map((pool) => pool.views())])
  }

  save(): Uint8Array {
    return joined(this.views())
  }

  load(bytes: Uint8Array): void {
    const gone = loadState(bytes, this.#civil.zone, { rows: this.#rows, pools: this.#pools })
    if (gone.length === 0) return
    const [held, envelope] = beforeOf(gone)
    this.#held.restore(held)
    if (envelope) this.#envelope.restore(envelope, (row) => this.#isYoung(row))
  }

  #isYoung(row: number): boolean {
    return this.#newest.count(row) > 0 && !this.#youth.isBare(row) && !this.#extremes.known(row)
  }

  /** Sets the time of what is asked: samples of many rows share theirs. */
  #set(time_ms: number): void {
    this.#set_ms = time_ms
    this.#civil.set(time_ms)
    this.#forecast.set(time_ms, this.#civil)
    this.#spread.set(this.#civil.day_ms)
  }

  #begin(row: number, time_ms: number, value: number): void {
    this.#newest.begin(row, time_ms)
    if (!this.#youth.isBare(row)) this.#envelope.begin(row)
    this.#forecast.begin(row, value)
    this.#spread.begin(row, value)
    this.#extremes.begin(row, time_ms)
    this.#runs.begin(row, time_ms)
    this.#rate.begin(row)
    this.#quiet.begin(row)
    this.#reset.begin(row, value)
  }

  /** A fall of what otherwise only rises: all that is expected falls with it. */
  #again(row: number, value: number, out: Verdict): void {
    this.#forecast.shift(row, value - this.#newest.value(row))
    this.#held.release(row)
    this.#envelope.widen(row, value)
    out.expected = value
    out.lower = value
    out.upper = value
  }

  #judge(row: number, out: Verdict): void {
    const sample = this.#sample
    // What stood still moves again: levels are where it stopped, and the day has gone on.
    if (this.#evidence.isStuck(row) && sample.value !== this.#newest.value(row))
      this.#forecast.drift(row, this.#forecast.moved(row, this.#evidence.still_ms(row)))
    this.#regard(row, sample)
    if (this.#evidence.isStuck(row) && this.#evidence.staysStuck(row, sample)) return this.#stay(row, sample, out)
    const evidence = this.#evidence.step(row, sample)
    this.#run = this.#runs.step(row, sample, this.#evidence)
    const young = sample.doubt > 1 && !this.#extremes.known(row)
    this.#left = young ? this.#envelope.step(row, sample) : -Infinity
    if (young && this.#envelope.turned) sample.mute = true
    sample.news = this.#novelty.step(row, sample)
    sample.spent = false
    sample.waits = false
    if (sample.count >= MIN_COUNT && this.#mayTell(row, sample)) this.#say(row, sample, out)
    const alarm = out.score >= 1
    // What is not told of one that has just begun is learned as it is.
    if (alarm) sample.free = false
    else if (sample.free) sample.clipped = sample.value
    const over = this.#extremes.gather(row, sample.time_ms, evidence)
    const spent = alarm || sample.spent
    if (over || spent) this.#reckon(row, sample.time_ms, over, spent)
    this.#spread.learn(row, sample)
    this.#forecast.learn(row, sample)
  }

  /** Not of one that is mute yet, unless it is in trouble: the band that it left is said until that is over. */
  #mayTell(row: number, { mute }: Sample): boolean {
    return !mute || this.#left >= 0 || this.#held.holds(row)
  }

  /** A block is over, or there was an alarm: what is asked changes. */
  #reckon(row: number, time_ms: number, over: boolean, alarm: boolean): void {
    const budget_per_week = this.#context.budget_per_week / this.#rows.live
    if (over) {
      // A block later than it is no longer asked: what is told is looked up after the step.
      if (this.#extremes.known(row)) this.#envelope.forget(row)
      const allowed = { alarms_per_block: perBlock(budget_per_week), onset_ms: this.#quiet.last_ms(row) }
      this.#extremes.learn(row, time_ms, allowed)
      this.#runs.learn(row, time_ms, allowed)
    }
    if (!this.#extremes.known(row)) return
    this.#rate.learn(row, time_ms, { budget_per_week, alarm, log: this.#log })
    this.#move(row)
  }

  /** What is stuck is nothing new until it moves, and teaches nothing. */
  #stay(row: number, sample: Sample, out: Verdict): void {
    const above = this.#width.above(row)
    const below = this.#width.below(row)
    out.score = sample.z < 0 ? shareOf(-sample.z, below) : shareOf(sample.z, above)
    show(out, sample, above, below)
  }

  /** What is expected of a sample, and how far it is from that. */
  #regard(row: number, sample: Sample): void {
    const { value, count } = sample
    const forecast = this.#forecast
    const spread = this.#spread
    this.#newest.regard(row, sample)
    const { dt_ms, cadence_ms } = sample
    forecast.ask(row, count)
    const { expected } = forecast
    const level = forecast.level(row)
    const usual = spread.floor(row, level)
    const young = this.#youth.step(row, sample, level)
    const floor = usual > young ? usual : young
    const near = spread.near(row, floor)
    const usually = dt_ms === cadence_ms ? near : near * afterGap(dt_ms / cadence_ms)
    const edge = forecast.edge(row, cadence_ms)
    const scale = edge > usually ? edge : usually
    const residual = value - expected
    const distance = value - forecast.reference
    const reach = CLIP * scale
    const within = residual > reach ? expected + reach : residual < -reach ? expected - reach : value
    sample.expected = expected
    sample.residual = residual
    sample.distance = distance
    sample.floor = floor
    sample.scale = scale
    sample.z = residual / scale
    sample.settled = forecast.settled
    sample.wide = spread.slow(row, floor)
    sample.slow = distance / sample.wide
    sample.clipped = count < LEARN_FREELY ? value : within
  }

  #say(row: number, sample: Sample, out: Verdict): void {
    const { expected, scale, count, doubt } = sample
    const known = this.#extremes.known(row)
    const young = !known && doubt > 1
    const prior = known ? 0 : PRIOR * (1 + DOUBT / count) * doubt
    let above = known ? this.#width.above(row) : prior
    let below = known ? this.#width.below(row) : prior
    if (young) {
      above = Math.max(above, (this.#envelope.upper(row, sample.floor) - expected) / scale)
      below = Math.max(below, (expected - this.#envelope.lower(row, sample.floor)) / scale)
    }
    this.#weigh(row, sample, known ? 0 : above, known ? 0 : below)
    if (sample.news !== 0) this.#renew(row, sample, known)
    else if (this.#log > 0) this.#age(sample)
    if (count >= MIN_SAID) {
      if (this.#log >= 0) out.score = this.#tell(row, sample)
      else if (this.#most === 0) out.score = shareOf(sample.z, above)
      else out.score = this.#most === 1 ? shareOf(-sample.z, below) : Math.exp(this.#log)
    }
    out.expected = expected
    out.lower = expected - scale * below
    out.upper = expected + scale * above
    if (known && this.#novelty.isBeyond(row, out)) this.#novelty.narrow(row, sample, this.#news(row), out)
    if (this.#most === LEFT && this.#log >= 0) this.#envelope.show(row, out)
    const alarm = out.score >= 1
    if (young && alarm) this.#envelope.tell(row)
    if (alarm || sample.waits || this.#held.knows(row)) this.#hold(row, sample, alarm, out)
    if (!alarm || !isMean(this.#most) || this.#held.holds(row)) return
    const around = { expected: this.#forecast.reference, scale: this.#spread.slow(row, sample.floor) }
    showMean(out, around, row, this.#extremes)
  }

  #tell(row: number, sample: Sample): number {
    const budget_per_week = this.#context.budget_per_week / this.#rows.live
    return this.#telling.score(row, sample, { reason: this.#most, log: this.#log, budget_per_week })
  }

  #hold(row: number, sample: Sample, alarm: boolean, out: Verdict): void {
    const isOld = this.#held.isOld(row)
    if (isOld) this.#held.move(row, this.#forecast.moved(row, sample.dt_ms))
    const held = this.#held.holds(row)
    const turn = this.#held.step(row, sample, alarm, out)
    if (!held && this.#held.holds(row)) this.#forecast.depart(row)
    if (turn === 'back') {
      this.#recurrence.passed(row, sample)
      this.#forecast.arrive(row)
    }
    if (turn === 'lasts') {
      this.#most = sample.value > out.expected ? 0 : 1
      this.#log = 0
      out.score = 1
    }
    this.#adopted = turn === 'adopted'
    if (this.#adopted && !isOld) this.#held.move(row, this.#forecast.moved(row, ADOPT_MS))
    if (this.#adopted) {
      this.#envelope.adopt(row)
      this.#forecast.adopt(row, sample)
      this.#evidence.settle(row)
    }
  }

  /** Standing still is one state: where something was told in it, or with its beginning, it is no news until it moves. */
  #stillTold(row: number, time_ms: number): boolean {
    return this.#quiet.last_ms(row) >= time_ms - this.#evidence.still_ms(row)
  }

  /** Finds the evidence furthest beyond its threshold. `above`, `below`: ends of the band of a row whose thresholds are not known; 0 of others. */
  #weigh(row: number, { time_ms, distance }: Sample, above: number, below: number): void {
    const evidence = this.#evidence.current
    const up = evidence[0]! - (above > 0 ? Math.log(1 + above) : this.#extremes.threshold(row, 0))
    const down = evidence[1]! - (below > 0 ? Math.log(1 + below) : this.#extremes.threshold(row, 1))
    let most = up >= down ? 0 : 1
    let log = up >= down ? up : down
    // While nothing is anomalous the score tells of the sample alone.
    const kinds = evidence[STILL]! > 0 && this.#stillTold(row, time_ms) ? STILL : evidence.length
    for (let k = SINGLE; k < kinds; k++) {
      // A mean whose side the sample has left already is no news.
      if (k < AFTER_MEANS && distance > 0 !== (k === SINGLE)) continue
      const beyond = evidence[k]! - this.#extremes.threshold(row, k)
      if (beyond >= 0 && beyond > log) {
        log = beyond
        most = k
      }
    }
    // What a sample says by itself is said of it; a run speaks where nothing else does.
    if (log < 0 && this.#run >= 0) {
      log = this.#run
      most = RUN
    }
    if (this.#left >= 0 && this.#left > log) {
      log = this.#left
      most = LEFT
    }
    this.#most = most
    this.#log = log > LOG_MAX ? LOG_MAX : log > LOG_MIN ? log : LOG_MIN
  }

  /** A mean or a run of values that are not new is asked more. */
  #age({ age_ms }: Sample): void {
    const young = age_ms < WEEK_MS ? age_ms / WEEK_MS : 1
    if (isMean(this.#most) || this.#most === RUN) this.#log = Math.max(this.#log - SEEN * young, -SEEN)
  }

  /** Weighs what was found by how new the value is. */
  #renew(row: number, { news }: Sample, known: boolean): void {
    if (known) {
      const beyond = news - this.#news(row)
      if (beyond >= 0 && beyond > this.#log) {
        this.#most = NOVEL
        this.#log = beyond
      }
    }
    if (this.#log >= 0) this.#log = Math.min(this.#log + NEWS * news, LOG_MAX)
  }

  /** How new a value must be to be told. */
  #news(row: number): number {
    return newsFrom(this.#context.budget_per_week / this.#rows.live) + NOVEL_UNIT * this.#rate.shift(row)
  }

  /** Thresholds follow the rate. */
  #move(row: number): void {
    const shift = this.#rate.shift(row)
    this.#extremes.move(row, shift)
    this.#runs.move(row, shift)
    this.#width.move(row, this.#extremes)
  }
}
