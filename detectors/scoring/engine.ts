import { CivilTime } from '#core/civil-time.ts'
import type { Part, Snapshot } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'
import type { Finding, FindingEvent } from '#core/finding.ts'
import type { FindingFilter, FindingReader } from '#core/ports/findings.ts'
import type { FindingFeedback, Moment } from '#core/ports/intake.ts'
import type { ScoreReader } from '#core/ports/scores.ts'
import type { Pulse } from '#core/ports/series-writer.ts'
import { type FloatColumns, floatsBetween, type SampleBatch } from '#core/sample.ts'
import type { ScoredSeries, Verdict } from '#core/score.ts'
import { type Labels, type SeriesId } from '#core/series.ts'
import { atOnce, type Steps } from '#core/steps.ts'
import { joined } from '#core/store/part-writer.ts'

import { isCorrectable } from '../kinds/kind.ts'
import { absencesOf } from './absences.ts'
import { Budgets } from './budgets.ts'
import { FindingLog, IDLE } from './finding-log.ts'
import { Followers } from './followers.ts'
import { FORGET_MS, Forgetting } from './forgetting.ts'
import { Gather } from './gather.ts'
import { Judge } from './judge.ts'
import { Lessons } from './lessons.ts'
import { LookBack } from './look-back.ts'
import type { ScoringOptions } from './options.ts'
import { FactsReader, type RowFacts } from './row-facts.ts'
import { byName, LAST_MS, NEWEST, type RowAbout, RowTable } from './row-table.ts'
import { RuleSet } from './rule-set.ts'
import type { ScoringRule, RuleFollowing } from './scoring-rule.ts'
import { loadScoring, type ScoringParts, scoringViews } from './snapshot.ts'
import type { AnomalySpec, Scoring } from './spec.ts'
import { Windows } from './windows.ts'

/** Samples that are judged in one step. */
const STEP = 2 ** 14

/** Streaming samples and rule steps to verdicts and findings. Everything is synchronous. */
export class ScoringEngine implements Scoring, FindingReader, ScoreReader, Snapshot {
  readonly name = 'scoring'
  readonly #table = new RowTable()
  readonly #rules: RuleSet
  readonly #followers: Followers
  readonly #judge: Judge
  readonly #findings: FindingLog
  readonly #lessons: Lessons
  readonly #facts: FactsReader
  readonly #gather = new Gather()
  readonly #lookBack: LookBack
  readonly #windows: Windows
  readonly #budgets: Budgets
  readonly #forgetting: Forgetting
  readonly #judged
  readonly #skipped
  #time_ms = -Infinity
  readonly #aged_ms: () => number | undefined

  constructor(options: ScoringOptions) {
    const { meter, sink, scores, windows = new Windows() } = options
    const { scored_series: limit = 200_000, findings: keep = 10_000, copies = 1000, forget_ms = FORGET_MS } = options
    const budgets = options.budgets ?? new Budgets(meter)
    const table = this.#table
    this.#windows = windows
    this.#budgets = budgets
    this.#aged_ms = options.aged_ms ?? (() => undefined)
    this.#rules = new RuleSet(table, options.civil ?? new CivilTime())
    const waiting = new Set<number>()
    const makeRoom = (): boolean => this.#makeRoom()
    this.#followers = new Followers({ ...options, table, rules: this.#rules, limit, waiting, makeRoom })
    this.#facts = new FactsReader(table, options.definition)
    this.#findings = new FindingLog(sink, meter, { keep, budgets })
    const ruleOf = this.#rules.of.bind(this.#rules)
    this.#lessons = new Lessons({ table, findings: this.#findings, ruleOf, meter, copies })
    this.#forgetting = new Forgetting({
      ...options,
      table,
      limit,
      forget_ms,
      pulse: (row) => this.#pulse(row, options.pulse),
      isNeeded: (row) => waiting.has(row) || this.#lessons.copies.of(row).length > 0,
      remove: (row) => this.#remove(row, (facts) => this.#findings.close(row, facts)),
    })
    this.#judge = new Judge({
      table,
      rules: this.#rules,
      findings: this.#findings,
      lessons: this.#lessons,
      facts: this.#facts,
      gather: this.#gather,
      windows,
      budgets,
      scores,
    })
    this.#lookBack = new LookBack({
      reader: options.reader,
      table,
      rules: this.#rules,
      judge: this.#judge,
      findings: this.#findings,
      waiting,
    })
    this.#judged = meter.counter('barograph.detectors.judged', { description: 'Values judged by detectors.' })
    this.#skipped = meter.counter('barograph.detectors.skipped', { description: 'Values not judged, by reason.' })
    meter.gauge('barograph.detectors.rows', { description: 'Series followed, each rule by itself.' }, () => table.live)
    meter.gauge(
      'barograph.detectors.learning',
      {
        description:
          'Series of which a rule knows too little as yet: bands are wide, and only what is far out is told.',
      },
      () => this.#rules.learning().reduce((sum, count) => sum + count, 0),
    )
    meter.gauge('barograph.detectors.state', { description: 'Detector state.', unit: 'By' }, () => this.bytes)
  }

  /** Bytes of columns held. */
  get bytes(): number {
    return this.#table.bytes + this.#followers.routes.bytes + this.#rules.bytes
  }

  /** Which rows follow which series of the store: a section of its own, behind that of the rows. */
  get routes(): Snapshot {
    return this.#followers.snapshot
  }

  /** Of each rule, by its key. */
  readonly following = (): ReadonlyMap<string, RuleFollowing> => {
    const learning = this.#rules.learning()
    return new Map(
      Array.from(this.#rules.values(), (rule) => [rule.spec.key, { ...rule.cost, learning: learning[rule.slot]! }]),
    )
  }

  setRules(specs: readonly AnomalySpec[]): void {
    const begun = this.#rules.replace(specs, (row) =>
      this.#remove(row, (facts) => this.#findings.withdraw(row, facts, this.#time_ms)),
    )
    for (const rule of begun) this.#lookBack.begin(rule, this.#time_ms)
    this.#budgets.keep(new Map(specs.map(({ key, budget_per_week }) => [key, budget_per_week])))
    this.#followers.renew()
    this.#forgetting.renew()
    this.flush()
  }

  row(key: string, labels: Labels, { metric, unit }: { readonly metric: string; readonly unit: string }): number {
    const rule = this.#rules.get(key)
    if (rule === undefined) throw new ServiceError('not_found', `no anomaly rule ${key}`)
    const now_ms = this.#time_ms
    return this.#followers.row(rule, labels, { metric, unit, now_ms, time_ms: now_ms })
  }

  score(row: number, time_ms: number, value: number): Readonly<Verdict> {
    const rule = this.#rules.of(row)
    const table = this.#table
    table.touch(row, Math.max(this.#time_ms, time_ms))
    if (!(time_ms > table.last_ms(row))) {
      this.#gather.refused.not_ascending++
      return this.#judge.none()
    }
    table.newest.data[row * NEWEST + LAST_MS] = time_ms
    return this.#judge.value(rule, row, time_ms, value)
  }

  /**
   * Scores the samples of a stored batch: those that are the newest of their series (`fresh`, as the writer's `append`
   * gave it) and that a rule over a plain selector follows. Histograms are reached by expressions only.
   */
  samples(batch: SampleBatch, fresh: Uint8Array): void {
    atOnce(this.sampling(batch, fresh))
  }

  /** The same in steps. */
  *sampling({ floats }: SampleBatch, fresh: Uint8Array): Steps<void> {
    if (floats.length > 0) this.#forgetting.heard(this.#time_ms)
    for (let from = 0; from < floats.length; from += STEP) {
      if (from > 0) yield
      const to = Math.min(from + STEP, floats.length)
      yield* this.#judging(floatsBetween(floats, from, to), from === 0 ? fresh : fresh.subarray(from, to))
    }
    this.flush()
  }

  *#judging(floats: FloatColumns, fresh: Uint8Array): Steps<void> {
    const now_ms = this.#time_ms
    yield* this.#gather.take(floats, fresh, {
      routes: this.#followers.routes,
      table: this.#table,
      now_ms,
      resolve: (id, time_ms) => this.#followers.resolve(id, { now_ms, time_ms }),
    })
    this.#judge.gathered()
    this.#gather.length = 0
  }

  known(key: string, until_ms: number): void {
    this.#rules.get(key)?.known(until_ms)
  }

  /** Series that are gone for good. Their rows go when nothing has touched them for long enough. */
  forget(ids: readonly SeriesId[]): void {
    for (const id of ids) this.#followers.routes.forget(id)
  }

  /** A tick: T is `time_ms`. Closes what fell silent, judges absence unless sources lag (`complete_ms` given). `away`: nobody listened before. */
  tick(time_ms: number, { complete_ms, away = false }: Pick<Moment, 'complete_ms' | 'away'> = {}): void {
    if (time_ms < this.#time_ms) {
      this.#table.setBack(time_ms)
      this.#forgetting.setBack(time_ms)
    }
    this.#time_ms = time_ms
    this.#windows.tick(this.#time_ms)
    this.#lookBack.tick(this.#time_ms, (row, rule) => this.#route(row, rule))
    if (away) this.#away()
    if (complete_ms === undefined) this.#absences()
    else this.#forgetting.interrupt()
    for (const row of this.#findings.rows()) this.#silence(row)
    if (this.#forgetting.isDue(this.#time_ms)) this.#sweep()
    else if (this.#followers.refusedSome && this.#makeRoom()) this.#followers.clear()
    this.flush()
  }

  /** Hands on the findings of rule steps; `samples` and `tick` do it by themselves. */
  flush(): void {
    this.#findings.flush()
    if (this.#judge.counted > 0) this.#judged.add(this.#judge.counted)
    this.#gather.settle(this.#skipped)
    this.#judge.counted = 0
  }

  /** Lists a finding that was made elsewhere (from logs), and hands it on with the next ones. */
  adopt(event: FindingEvent): void {
    this.#findings.adopt(event)
  }

  /** What somebody said of a finding. Throws `ServiceError('not_found')`. */
  feedback(said: FindingFeedback): void {
    const finding = this.#findings.book.say(said)
    if (finding === undefined) return
    for (const rule of this.#rules.values())
      if (rule.spec.name === finding.rule) this.#lessons.said(rule, finding, said)
  }

  list(filter: FindingFilter): Finding[] {
    return this.#findings.book.list(filter)
  }

  get(id: string): Finding | undefined {
    return this.#findings.book.get(id)
  }

  newest(limit: number): readonly ScoredSeries[] {
    const shown: (RowAbout & { readonly row: number })[] = []
    for (const [row, about] of this.#table.abouts()) {
      const isShown = this.#table.shown.data[row]! > 0 && this.#rules.of(row).shows
      if (isShown && !this.#isSilent(row)) shown.push({ ...about, row })
    }
    return shown
      .toSorted(byName)
      .slice(0, limit)
      .map(({ row, rule, metric, unit, labels }) => ({ rule, metric, unit, labels, ...this.#table.shownOf(row)! }))
  }

  save(): Uint8Array {
    return joined(this.parts())
  }

  parts(): readonly Part[] {
    return scoringViews(this.#time_ms, this.#parts)
  }

  /** After `setRules`: takes up what was saved; rules that are gone or have another detector begin anew. */
  load(bytes: Uint8Array): void {
    this.#followers.clear()
    this.#time_ms = loadScoring(bytes, this.#parts)
  }

  get #parts(): ScoringParts {
    return {
      rules: this.#rules.byKey,
      table: this.#table,
      findings: this.#findings,
      lessons: this.#lessons,
      lookBack: this.#lookBack,
      forgetting: this.#forgetting,
    }
  }

  /** A row is done with history: its next sample finds it. */
  #route(row: number, rule: ScoringRule): void {
    const id = this.#table.series(row)
    if (id !== undefined) this.#followers.routes.forget(id)
    if (rule.lean && this.#table.running.data[row] === IDLE) this.#table.describe(row, undefined)
  }

  #absences(): void {
    for (const rule of this.#rules.values()) {
      const time_ms = Math.min(this.#time_ms, rule.known_ms)
      if (this.#windows.touches(time_ms, time_ms))
        this.#excuse(rule, time_ms, (row) => this.#judge.factor(rule, row, time_ms) === null)
      const serviceOfRow = (row: number): string => this.#facts.service(row, rule)
      for (const { row, seen } of absencesOf(rule, { table: this.#table, time_ms, serviceOf: serviceOfRow }))
        this.#judge.observe(row, rule, seen)
    }
  }

  /** What others know of the time is known all the same. */
  #away(): void {
    for (const rule of this.#rules.values())
      if (rule.known_ms === Infinity) this.#excuse(rule, this.#time_ms, () => true)
  }

  /** Silence up to now is none: it counts from here on. */
  #excuse({ detector, silent }: ScoringRule, time_ms: number, isExcused: (row: number) => boolean): void {
    if (!isCorrectable(detector)) return
    for (const row of silent) if (isExcused(row)) detector.pass(this.#table.local.data[row]!, time_ms, NaN)
  }

  /** Closes what is open of a row once T is past its last anomaly, and nothing came for as long: history may still arrive. */
  #silence(row: number): void {
    const rule = this.#rules.of(row)
    const times = {
      now_ms: Math.min(this.#time_ms, rule.known_ms),
      last_ms: this.#table.last_ms(row),
      touched_ms: this.#table.touched_ms(row),
    }
    this.#judge.keep(
      row,
      rule,
      this.#findings.silent(row, () => this.#facts.facts(row, rule), times),
    )
  }

  /** The time by which rows are silent: one that a clock tells alone may be wrong. */
  get #certain_ms(): number {
    return Math.min(this.#time_ms, this.#aged_ms() ?? Infinity)
  }

  #sweep(): void {
    this.#lessons.tick(this.#time_ms)
    const gone = this.#forgetting.sweep(this.#time_ms, this.#certain_ms)
    if (this.#followers.refusedSome && (gone > 0 || this.#makeRoom())) this.#followers.clear()
  }

  /** A new series finds no room. What was gathered of this batch has samples that its rows do not know of yet. */
  #makeRoom(): boolean {
    if (!this.#forgetting.mayLook(this.#time_ms)) return false
    for (let i = 0; i < this.#gather.length; i++) this.#table.touch(this.#gather.row[i]!, this.#time_ms)
    return this.#forgetting.makeRoom(this.#time_ms, this.#certain_ms)
  }

  /** An expression is expected to have a value at each step of its rule. */
  #isSilent(row: number): boolean {
    const steps = { longest_ms: this.#rules.of(row).spec.interval_ms, stale: false }
    return this.#forgetting.isSilent(row, this.#aged_ms() ?? this.#time_ms, steps)
  }

  #pulse(row: number, pulse: ScoringOptions['pulse']): Pulse | undefined {
    const id = this.#table.series(row)
    return id === undefined ? undefined : pulse?.(id)
  }

  #remove(row: number, end: (facts: () => RowFacts) => void): void {
    const rule = this.#rules.of(row)
    end(() => this.#facts.facts(row, rule))
    const id = this.#table.series(row)
    if (id !== undefined) this.#followers.routes.forget(id)
    rule.silent.delete(row)
    this.#lookBack.waiting.delete(row)
    this.#lessons.forget(row, rule)
    rule.detector.remove(this.#table.local.data[row]!)
    this.#table.remove(row)
  }
}
