import { assert } from '#core/assert.ts'
import { CivilTime } from '#core/civil-time.ts'
import type { Snapshot } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'
import type { Finding, FindingEvent } from '#core/finding.ts'
import type { FindingFilter, FindingReader } from '#core/ports/findings.ts'
import type { FindingFeedback } from '#core/ports/intake.ts'
import type { ScoreReader } from '#core/ports/scores.ts'
import type { SampleBatch } from '#core/sample.ts'
import type { ScoredSeries, Verdict } from '#core/score.ts'
import { type Labels, METRIC_NAME, SERVICE_LABELS, type SeriesDefinition, type SeriesId } from '#core/series.ts'
import { joined } from '#core/store/part-writer.ts'

import { absencesOf } from './absences.ts'
import { Budgets } from './budgets.ts'
import { FindingLog, IDLE, RUNNING } from './finding-log.ts'
import { Gather } from './gather.ts'
import { isCumulative, unitOf } from './judged.ts'
import type { Lane } from './lane.ts'
import { Lessons, SILENCE } from './lessons.ts'
import type { ScoringOptions } from './options.ts'
import { Routes } from './routes.ts'
import { FactsReader } from './row-facts.ts'
import { identityOf } from './row-index.ts'
import { byName, LAST_MS, NEWEST, type RowAbout, RowTable } from './row-table.ts'
import { ActiveRule, detectorText, type RuleCost } from './rule-set.ts'
import { loadScoring, type ScoringParts, scoringViews, STRANGER } from './snapshot.ts'
import type { AnomalySpec, Scoring } from './spec.ts'
import { Windows } from './windows.ts'

const DAY_MS = 86_400_000
const NONE: Readonly<Verdict> = { score: 0, expected: NaN, lower: NaN, upper: NaN }
/** How often rows are looked through for forgotten ones. */
const SWEEP_MS = 10 * 60_000

/** Streaming samples and rule steps to verdicts and findings. Everything is synchronous. */
export class ScoringEngine implements Scoring, FindingReader, ScoreReader, Snapshot {
  readonly name = 'scoring'
  readonly #options: Required<Omit<ScoringOptions, 'scores'>> & Pick<ScoringOptions, 'scores'>
  readonly #table = new RowTable()
  readonly #rules = new Map<string, ActiveRule>()
  /** By slot; undefined where a rule has gone. */
  readonly #slots: (ActiveRule | undefined)[] = []
  readonly #findings: FindingLog
  readonly #lessons: Lessons
  readonly #facts: FactsReader
  readonly #verdict: Verdict = { ...NONE }
  readonly #judged
  readonly #skipped
  readonly #refused
  readonly #routes = new Routes()
  readonly #gather = new Gather()
  /** Of a rule, by its key. */
  readonly cost = (key: string): RuleCost | undefined => this.#rules.get(key)?.cost
  #time_ms = -Infinity
  #swept_ms = -Infinity
  #toldFull = false
  /** Whether a series was refused since routes were last made. */
  #refusedSome = false
  #counted = 0
  /** Whether samples of this batch lie in maintenance or an event: then they are looked at one by one. */
  #windowed = false

  constructor(options: ScoringOptions) {
    this.#options = {
      scored_series: 200_000,
      findings: 10_000,
      copies: 1000,
      forget_ms: 7 * DAY_MS,
      serviceLabels: SERVICE_LABELS,
      civil: new CivilTime(),
      windows: new Windows(),
      budgets: new Budgets(options.meter),
      ...options,
    }
    const { meter, sink, findings, copies, serviceLabels, budgets } = this.#options
    this.#facts = new FactsReader(this.#table, this.#options)
    this.#findings = new FindingLog(sink, meter, { keep: findings, serviceLabels, budgets })
    const ruleOf = (row: number): ActiveRule => this.#ruleOf(row)
    this.#lessons = new Lessons({ table: this.#table, findings: this.#findings, ruleOf, meter, copies })
    this.#judged = meter.counter('barograph.detectors.judged', { description: 'Values judged by detectors.' })
    this.#skipped = meter.counter('barograph.detectors.skipped', { description: 'Values not judged, by reason.' })
    this.#refused = meter.counter('barograph.detectors.rows_refused', {
      description: 'Series that no rule could follow because limits.scored_series is reached.',
    })
    meter.gauge(
      'barograph.detectors.rows',
      { description: 'Series followed, each rule by itself.' },
      () => this.#table.live,
    )
    meter.gauge('barograph.detectors.state', { description: 'Detector state.', unit: 'By' }, () => this.bytes)
  }

  /** Bytes of columns held. */
  get bytes(): number {
    const own = this.#table.bytes + this.#routes.bytes
    return [...this.#rules.values()].reduce((sum, { cost }) => sum + cost.bytes, own)
  }

  setRules(specs: readonly AnomalySpec[]): void {
    const keys = new Map(specs.map((spec) => [spec.key, spec]))
    for (const [key, rule] of this.#rules) {
      const spec = keys.get(key)
      if (spec !== undefined && detectorText(spec) === detectorText(rule.spec)) continue
      this.#each(rule, (row) => this.#remove(row))
      this.#rules.delete(key)
      this.#slots[rule.slot] = undefined
    }
    const before = new Map(this.#rules)
    this.#rules.clear()
    for (const spec of specs) {
      const rule = before.get(spec.key)
      rule?.update(spec)
      this.#rules.set(spec.key, rule ?? this.#begin(spec))
    }
    this.#options.budgets.keep(new Set(keys.keys()))
    this.#reroute()
    this.#toldFull = false
    this.flush()
  }

  row(key: string, labels: Labels, { metric, unit }: { readonly metric: string; readonly unit: string }): number {
    const rule = this.#rules.get(key)
    if (rule === undefined) throw new ServiceError('not_found', `no anomaly rule ${key}`)
    const own = labels.drop(METRIC_NAME)
    const identity = identityOf(key, metric, own)
    const known = this.#table.find(identity)
    if (known !== undefined) return known
    if (this.#table.live >= this.#options.scored_series) {
      this.#full()
      throw new ServiceError('overloaded', `limits.scored_series (${this.#options.scored_series}) is reached`)
    }
    const row = this.#table.add(rule.slot, rule.detector.add(), identity)
    if (!rule.scores) rule.silent.add(row)
    if (!rule.lean) this.#table.describe(row, { key, rule: rule.spec.name, labels: own, metric, unit })
    // It lives from now on, even if its values are all refused.
    this.#table.touch(row, this.#time_ms)
    return row
  }

  score(row: number, time_ms: number, value: number): Readonly<Verdict> {
    const rule = this.#ruleOf(row)
    const table = this.#table
    table.touch(row, Math.max(this.#time_ms, time_ms))
    if (!(time_ms > table.last_ms(row))) {
      this.#gather.refused.not_ascending++
      return Object.assign(this.#verdict, NONE)
    }
    table.newest.data[row * NEWEST + LAST_MS] = time_ms
    return this.#judge(rule, row, time_ms, value)
  }

  /**
   * Scores the samples of a stored batch: those that are the newest of their series (`fresh`, as the writer's `append`
   * gave it) and that a rule over a plain selector follows. Histograms are reached by expressions only.
   */
  samples({ floats }: SampleBatch, fresh: Uint8Array): void {
    const gather = this.#gather
    gather.take(floats, fresh, {
      routes: this.#routes,
      table: this.#table,
      now_ms: this.#time_ms,
      resolve: this.#resolve,
    })
    const { length, row } = gather
    this.#windowed = this.#options.windows.touchesAny(gather.time_ms, length)
    const lanes: ActiveRule[] = []
    for (const rule of this.#rules.values()) {
      if (rule.lane === null) continue
      rule.lane.clear(length)
      lanes.push(rule)
    }
    const rules = this.#table.rule.data
    for (let from = 0; from < length;) {
      const slot = rules[row[from]!]!
      let to = from + 1
      while (to < length && rules[row[to]!] === slot) to++
      this.#hand(this.#slots[slot - 1]!, from, to)
      from = to
    }
    for (const rule of lanes) if (rule.lane!.batch.length > 0) this.#runLane(rule, rule.lane!)
    this.flush()
  }

  known(key: string, until_ms: number): void {
    this.#rules.get(key)?.known(until_ms)
  }

  /** Series that are gone for good. Their rows go when nothing has touched them for long enough. */
  forget(ids: readonly SeriesId[]): void {
    for (const id of ids) this.#routes.forget(id)
  }

  /** A tick: T is `time_ms`. Closes what fell silent, judges absence unless sources lag (`complete_ms` given). */
  tick(time_ms: number, complete_ms?: number): void {
    this.#time_ms = Math.max(this.#time_ms, time_ms)
    this.#options.windows.tick(this.#time_ms)
    if (complete_ms === undefined) this.#absences()
    for (const row of this.#findings.rows()) this.#silence(row)
    if (this.#time_ms - this.#swept_ms >= SWEEP_MS) this.#sweep()
    this.flush()
  }

  /** Hands on the findings of rule steps; `samples` and `tick` do it by themselves. */
  flush(): void {
    this.#findings.flush()
    if (this.#counted > 0) this.#judged.add(this.#counted)
    this.#gather.settle(this.#skipped)
    this.#counted = 0
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
      if (this.#table.shown.data[row]! > 0 && this.#ruleOf(row).shows) shown.push({ ...about, row })
    }
    return shown
      .toSorted(byName)
      .slice(0, limit)
      .map(({ row, rule, metric, labels }) => ({ rule, metric, labels, ...this.#table.shownOf(row)! }))
  }

  save(): Uint8Array {
    return joined(this.parts())
  }

  parts(): readonly Uint8Array[] {
    return scoringViews(this.#time_ms, this.#parts)
  }

  /** After `setRules`: takes up what was saved; rules that are gone or have another detector begin anew. */
  load(bytes: Uint8Array): void {
    this.#routes.clear()
    this.#time_ms = loadScoring(bytes, this.#parts)
  }

  get #parts(): ScoringParts {
    return { rules: this.#rules, table: this.#table, findings: this.#findings, lessons: this.#lessons }
  }

  #begin(spec: AnomalySpec): ActiveRule {
    let slot = this.#slots.indexOf(undefined)
    if (slot < 0) slot = this.#slots.length
    assert(slot < STRANGER - 1, 'more anomaly rules than slots')
    const rule = new ActiveRule(spec, slot, this.#options.civil)
    this.#slots[slot] = rule
    return rule
  }

  #ruleOf(row: number): ActiveRule {
    const rule = this.#slots[(this.#table.rule.data[row] ?? 0) - 1]
    assert(rule !== undefined, `row ${row} of scoring does not exist`)
    return rule
  }

  #each(rule: ActiveRule, visit: (row: number) => void): void {
    const { rule: slots } = this.#table
    for (let row = 0; row < this.#table.end; row++) if (slots.data[row] === rule.slot + 1) visit(row)
  }

  #observe(
    row: number,
    rule: ActiveRule,
    seen: Parameters<FindingLog['observe']>[2],
    blamed = () => rule.detector.blamed(),
  ): void {
    const kept = this.#findings.observe(row, this.#facts.facts(row, rule), seen, blamed)
    this.#keep(row, rule, kept, { adopted: seen.adopted ?? false, calm: true })
  }

  #keep(row: number, rule: ActiveRule, kept: number, end = SILENCE): void {
    const before = this.#table.running.data[row]!
    this.#table.running.data[row] = kept
    if (rule.spare !== null) this.#lessons.kept(row, rule, before, end)
    if (kept === IDLE && rule.lean) this.#table.describe(row, undefined)
  }

  /** A value that is the row's newest: verdict, run, band. */
  #judge(rule: ActiveRule, row: number, time_ms: number, value: number): Readonly<Verdict> {
    const verdict = this.#verdict
    const factor = this.#factor(rule, row, time_ms)
    if (factor === null) {
      Object.assign(verdict, NONE)
      this.#gather.refused.maintenance++
      if (this.#table.running.data[row] !== IDLE)
        this.#observe(row, rule, { time_ms, anomalous: false, value, ...verdict })
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
    this.#counted++
    this.#conclude(rule, row, time_ms, value)
    if (this.#lessons.copies.size > 0) this.#lessons.step(row, rule, time_ms, value / factor)
    return verdict
  }

  /** What the row's values are expected to be multiplied with at a time; null where nothing is to be judged or learned. */
  #factor(rule: ActiveRule, row: number, time_ms: number): number | null {
    const { windows } = this.#options
    return windows.touches(time_ms, time_ms) ? windows.factorAt(this.#facts.service(row, rule), time_ms) : 1
  }

  /** Draws the conclusions from `#verdict`. */
  #conclude(rule: ActiveRule, row: number, time_ms: number, value: number, blamed?: () => readonly string[]): void {
    const verdict = this.#verdict
    const { direction, key, budget_per_week } = rule.spec
    const service = (): string => this.#facts.service(row, rule)
    this.#options.budgets.apply(verdict, time_ms, { rule: key, allowed: budget_per_week, service })
    const allowed = direction === 'both' || value > verdict.expected === (direction === 'up')
    if (!allowed) verdict.score = 0
    const kept = this.#table.running.data[row]!
    // A score tells of an onset; what began lasts while values stay outside the band.
    const outside = kept === RUNNING && rule.lane === null && (value > verdict.upper || value < verdict.lower)
    const anomalous = allowed && (verdict.score >= 1 || outside)
    if (anomalous || kept !== IDLE) {
      const { detector } = rule
      // A batch says scores alone; what was stepped last is not this sample.
      const seen = blamed === undefined ? { shape: detector.shape?.(), adopted: detector.adopted?.() ?? false } : {}
      this.#observe(row, rule, { time_ms, anomalous, value, ...verdict, ...seen }, blamed)
    }
    if (!rule.shows) return
    this.#table.keep(row, time_ms, value, verdict)
    this.#options.scores?.scored(this.#facts.about(row, rule), time_ms, verdict)
  }

  /** Samples `from` to `to` of what was gathered, all of one rule. */
  #hand(rule: ActiveRule, from: number, to: number): void {
    const { row, time_ms, value } = this.#gather
    const { lane } = rule
    if (lane === null || this.#windowed) {
      for (let i = from; i < to; i++) this.#judge(rule, row[i]!, time_ms[i]!, value[i]!)
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
  #runLane(rule: ActiveRule, { batch, table, out }: Lane): void {
    const { shows } = rule
    out.everyBand = shows
    rule.detector.steps!(batch, out)
    this.#counted += batch.length
    const running = this.#table.running.data
    const { score } = out
    for (let i = 0; i < batch.length; i++) {
      if (score[i]! >= 1 || shows || running[table[i]!] !== IDLE) this.#outcome(rule, i)
    }
  }

  #outcome(rule: ActiveRule, i: number): void {
    const { batch, table, out } = rule.lane!
    const verdict = this.#verdict
    verdict.score = out.score[i]!
    verdict.expected = out.bands[i * 3]!
    verdict.lower = out.bands[i * 3 + 1]!
    verdict.upper = out.bands[i * 3 + 2]!
    const blamed = (): readonly string[] =>
      rule.detector.experts!.filter((_, bit) => ((out.blamed[i]! >> bit) & 1) === 1)
    this.#conclude(rule, table[i]!, batch.time_ms[i]!, batch.value[i]!, blamed)
  }

  /** Finds and keeps the rows that a series of the store feeds. */
  readonly #resolve = (id: SeriesId): void => {
    const definition = this.#options.definition(id)
    const rows: number[] = []
    if (definition.kind === 'float') {
      for (const rule of this.#rules.values()) {
        if (!rule.follows(definition.labels)) continue
        const row = this.#rowFor(rule, definition)
        if (row === undefined) continue
        const before = this.#table.series(row)
        if (before !== undefined && before !== id) this.#routes.forget(before)
        this.#table.feed(row, id)
        rows.push(row)
      }
    }
    this.#routes.set(id, rows)
  }

  #rowFor(rule: ActiveRule, definition: SeriesDefinition): number | undefined {
    const metric = definition.labels.name
    try {
      const row = this.row(rule.spec.key, definition.labels, { metric, unit: unitOf(definition) })
      this.#table.cumulative.data[row] = isCumulative(definition) ? 1 : 0
      return row
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'overloaded') return undefined
      throw error
    }
  }

  #reroute(): void {
    this.#routes.clear()
    this.#refusedSome = false
  }

  #full(): void {
    this.#refused.add(1)
    this.#refusedSome = true
    if (this.#toldFull) return
    this.#toldFull = true
    this.#options.log.warn('more series match anomaly rules than may be scored; the others are not judged', {
      limit: 'limits.scored_series',
      value: this.#options.scored_series,
    })
  }

  #absences(): void {
    for (const rule of this.#rules.values()) {
      const time_ms = Math.min(this.#time_ms, rule.known_ms)
      const serviceOfRow = (row: number): string => this.#facts.service(row, rule)
      for (const { row, seen } of absencesOf(rule, { table: this.#table, time_ms, serviceOf: serviceOfRow }))
        if (this.#factor(rule, row, time_ms) !== null) this.#observe(row, rule, seen)
    }
  }

  /** Closes what is open of a row once T is past its last anomaly, and nothing came for as long: history may still arrive. */
  #silence(row: number): void {
    const rule = this.#ruleOf(row)
    const times = {
      now_ms: Math.min(this.#time_ms, rule.known_ms),
      last_ms: this.#table.last_ms(row),
      touched_ms: this.#table.touched_ms(row),
    }
    this.#keep(
      row,
      rule,
      this.#findings.silent(row, () => this.#facts.facts(row, rule), times),
    )
  }

  #sweep(): void {
    this.#swept_ms = this.#time_ms
    this.#lessons.tick(this.#time_ms)
    const table = this.#table
    let removed = false
    for (let row = 0; row < this.#table.end; row++) {
      if (table.rule.data[row] === 0) continue
      const touched_ms = table.touched_ms(row)
      if (touched_ms === -Infinity) table.touch(row, this.#time_ms)
      else if (this.#time_ms - touched_ms >= this.#options.forget_ms) {
        this.#remove(row)
        removed = true
      }
    }
    // There is room for series that were refused.
    if (removed && this.#refusedSome) this.#reroute()
  }

  #remove(row: number): void {
    const rule = this.#ruleOf(row)
    this.#findings.close(row, () => this.#facts.facts(row, rule))
    const id = this.#table.series(row)
    if (id !== undefined) this.#routes.forget(id)
    rule.silent.delete(row)
    this.#lessons.forget(row, rule)
    rule.detector.remove(this.#table.local.data[row]!)
    this.#table.remove(row)
  }
}
