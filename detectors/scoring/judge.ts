import type { Verdict } from '#core/score.ts'

import type { ScoreSink } from './band-writer.ts'
import type { Budgets } from './budgets.ts'
import { type FindingLog, IDLE, RUNNING } from './finding-log.ts'
import type { Gather } from './gather.ts'
import type { Lane } from './lane.ts'
import { type Lessons, SILENCE } from './lessons.ts'
import type { FactsReader } from './row-facts.ts'
import type { RowTable } from './row-table.ts'
import type { RuleSet } from './rule-set.ts'
import type { Observation } from './run.ts'
import type { ScoringRule } from './scoring-rule.ts'
import type { Windows } from './windows.ts'

const NONE: Readonly<Verdict> = { score: 0, expected: NaN, lower: NaN, upper: NaN }

interface Judged {
  readonly time_ms: number
  readonly value: number
  /** What the score is of: the value, or what the kind made of it. */
  readonly of: number
}

interface JudgeOptions {
  readonly table: RowTable
  readonly rules: RuleSet
  readonly findings: FindingLog
  readonly lessons: Lessons
  readonly facts: FactsReader
  readonly gather: Gather
  readonly windows: Windows
  readonly budgets: Budgets
  /** Bands of ordinary rules as they are made. */
  readonly scores: ScoreSink | undefined
}

/** Values of rows to verdicts, and what follows from a verdict: a step of the row's run, a band, something learned. */
export class Judge {
  readonly #options: JudgeOptions
  readonly #table: RowTable
  readonly #gather: Gather
  readonly #verdict: Verdict = { ...NONE }
  /** Values judged since the engine asked last. */
  counted = 0
  /** Whether samples of this batch lie in maintenance or an event: then they are looked at one by one. */
  #windowed = false

  constructor(options: JudgeOptions) {
    this.#options = options
    this.#table = options.table
    this.#gather = options.gather
  }

  /** What is not judged: a value that is late. */
  none(): Readonly<Verdict> {
    return Object.assign(this.#verdict, NONE)
  }

  /** A value that is the row's newest: verdict, run, band. */
  value(rule: ScoringRule, row: number, time_ms: number, value: number): Readonly<Verdict> {
    const verdict = this.#verdict
    const { lessons } = this.#options
    const factor = this.factor(rule, row, time_ms)
    if (factor === null) {
      this.none()
      this.#gather.refused.maintenance++
      if (this.#table.running.data[row] !== IDLE)
        this.observe(row, rule, { time_ms, anomalous: false, value, ...verdict })
      return verdict
    }
    rule.detector.step(this.#table.local.data[row]!, time_ms, value / factor, verdict)
    verdict.expected *= factor
    verdict.lower *= factor
    verdict.upper *= factor
    if (!Number.isFinite(value)) {
      this.#gather.refused.not_finite++
      return verdict
    }
    this.counted++
    this.#conclude(rule, row, { time_ms, value, of: factor * (rule.detector.judged?.() ?? value / factor) })
    if (lessons.copies.size > 0) lessons.step(row, rule, time_ms, value / factor)
    return verdict
  }

  /** What was gathered: kinds that take batches get theirs together. */
  gathered(): void {
    const { rules, windows } = this.#options
    const { length, row, time_ms } = this.#gather
    this.#windowed = windows.touchesAny(time_ms, length)
    const lanes: ScoringRule[] = []
    for (const rule of rules.values()) {
      if (rule.lane === null) continue
      rule.lane.clear(length)
      lanes.push(rule)
    }
    const slots = this.#table.rule.data
    for (let from = 0; from < length;) {
      const slot = slots[row[from]!]!
      let to = from + 1
      while (to < length && slots[row[to]!] === slot) to++
      this.#hand(rules.at(slot - 1), from, to)
      from = to
    }
    for (const rule of lanes) if (rule.lane!.batch.length > 0) this.#runLane(rule, rule.lane!)
  }

  observe(
    row: number,
    rule: ScoringRule,
    seen: Parameters<FindingLog['observe']>[2],
    blamed = () => rule.detector.blamed(),
  ): void {
    const { findings, facts } = this.#options
    const kept = findings.observe(row, facts.facts(row, rule), seen, blamed)
    this.keep(row, rule, kept, { adopted: seen.adopted ?? false, calm: true })
  }

  /** Notes what the log keeps of a row from here on. */
  keep(row: number, rule: ScoringRule, kept: number, end = SILENCE): void {
    const before = this.#table.running.data[row]!
    this.#table.running.data[row] = kept
    if (rule.spare !== null) this.#options.lessons.kept(row, rule, before, end)
    if (kept === IDLE && rule.lean) this.#table.describe(row, undefined)
  }

  /** What the row's values are expected to be multiplied with at a time; null where nothing is to be judged or learned. */
  factor(rule: ScoringRule, row: number, time_ms: number): number | null {
    const { windows, facts } = this.#options
    return windows.touches(time_ms, time_ms) ? windows.factorAt(facts.service(row, rule), time_ms) : 1
  }

  /** Draws the conclusions from `#verdict`, which is of `of`. */
  #conclude(rule: ScoringRule, row: number, { time_ms, value, of }: Judged, blamed?: () => readonly string[]): void {
    const verdict = this.#verdict
    const { facts, budgets, scores } = this.#options
    const { direction, key, budget_per_week } = rule.spec
    const service = (): string => facts.service(row, rule)
    budgets.apply(verdict, time_ms, { rule: key, allowed: budget_per_week, series: rule.detector.live, service })
    const allowed = direction === 'both' || of > verdict.expected === (direction === 'up')
    if (!allowed) verdict.score = 0
    const kept = this.#table.running.data[row]!
    const { detector } = rule
    // A score tells of an onset; what began lasts while values stay outside the band, or the detector says so.
    const outside = of > verdict.upper || of < verdict.lower
    const lasts =
      kept === RUNNING && rule.lane === null && (outside || detector.lasts?.(this.#table.local.data[row]!) === true)
    const anomalous = allowed && (verdict.score >= 1 || lasts)
    if (anomalous || kept !== IDLE) {
      // A batch says scores alone; what was stepped last is not this sample.
      const seen =
        blamed === undefined
          ? { shape: detector.shape?.(), echo: detector.echo?.(), adopted: detector.adopted?.() ?? false }
          : {}
      const more = anomalous ? this.#more(row, rule, blamed === undefined) : {}
      this.observe(row, rule, { time_ms, anomalous, value: of, ...verdict, ...seen, ...more }, blamed)
    }
    if (!rule.shows) return
    this.#table.keep(row, time_ms, value, verdict)
    scores?.scored(facts.about(row, rule), time_ms, verdict)
  }

  /** What an anomalous value is told with: since when, where `stepped` alone, and whether its row is known well. */
  #more(row: number, { detector }: ScoringRule, stepped: boolean): Pick<Observation, 'since_ms' | 'learning'> {
    const local = this.#table.local.data[row]!
    const since_ms = stepped ? detector.since_ms?.(local) : undefined
    return {
      ...(since_ms !== undefined && { since_ms }),
      ...(detector.confident?.(local) === false && { learning: true }),
    }
  }

  /** Samples `from` to `to` of what was gathered, all of one rule. */
  #hand(rule: ScoringRule, from: number, to: number): void {
    const { row, time_ms, value } = this.#gather
    const { lane } = rule
    if (lane === null || this.#windowed) {
      for (let i = from; i < to; i++) this.value(rule, row[i]!, time_ms[i]!, value[i]!)
      return
    }
    const { batch, table } = lane
    const local = this.#table.local.data
    let n = batch.length
    for (let i = from; i < to; i++) {
      const x = value[i]!
      if (!(x - x === 0)) continue
      table[n] = row[i]!
      batch.row[n] = local[row[i]!]!
      batch.time_ms[n] = time_ms[i]!
      batch.value[n++] = x
    }
    this.#gather.refused.not_finite += to - from - (n - batch.length)
    batch.length = n
  }

  /** Judges a lane, then looks at what is anomalous or was so of late; at everything where verdicts are shown. */
  #runLane(rule: ScoringRule, { batch, table, out }: Lane): void {
    const { shows } = rule
    out.everyBand = shows
    rule.detector.steps!(batch, out)
    this.counted += batch.length
    const running = this.#table.running.data
    const { score } = out
    for (let i = 0; i < batch.length; i++) {
      if (score[i]! >= 1 || shows || running[table[i]!] !== IDLE) this.#outcome(rule, i)
    }
  }

  #outcome(rule: ScoringRule, i: number): void {
    const { batch, table, out } = rule.lane!
    const verdict = this.#verdict
    verdict.score = out.score[i]!
    verdict.expected = out.bands[i * 3]!
    verdict.lower = out.bands[i * 3 + 1]!
    verdict.upper = out.bands[i * 3 + 2]!
    const blamed = (): readonly string[] =>
      rule.detector.experts!.filter((_, bit) => ((out.blamed[i]! >> bit) & 1) === 1)
    const value = batch.value[i]!
    this.#conclude(rule, table[i]!, { time_ms: batch.time_ms[i]!, value, of: value }, blamed)
  }
}
