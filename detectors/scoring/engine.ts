import { assert } from '#core/assert.ts'
import type { Snapshot } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'
import type { Finding, FindingEvent } from '#core/finding.ts'
import type { FindingFilter, FindingReader, FindingSink } from '#core/ports/findings.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { ScoreReader } from '#core/ports/scores.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBatch } from '#core/sample.ts'
import type { ScoredSeries, Verdict } from '#core/score.ts'
import { type Labels, METRIC_NAME, SERVICE_LABELS, type SeriesDefinition, type SeriesId } from '#core/series.ts'

import { joinSections, splitSections } from '../kinds/sections.ts'
import type { ScoreSink } from './band-writer.ts'
import { FindingLog, PAUSE_MS, type RowFacts } from './finding-log.ts'
import { type RowAbout, RowTable } from './row-table.ts'
import { ActiveRule, detectorText, seriesKey } from './rule-set.ts'
import { decodeState, encodeState } from './snapshot.ts'
import type { AnomalySpec, Scoring } from './spec.ts'

export interface ScoringOptions {
  readonly definition: SeriesWriter['definition']
  readonly sink: FindingSink
  readonly log: Log
  readonly meter: Meter
  /** Bands of ordinary rules as they are made (`BandWriter`); none by default. */
  readonly scores?: ScoreSink
  /** `limits.scored_series`: rows of all rules together. */
  readonly scored_series?: number
  /** `limits.findings`: how many are kept for lists. */
  readonly findings?: number
  /** A row without samples for so long is forgotten; an absent series' finding is closed with it. */
  readonly forget_ms?: number
  readonly serviceLabels?: readonly string[]
}

const NO_ROUTE = new Uint32Array()
const DAY_MS = 86_400_000
/** How often rows are looked through for forgotten ones. */
const SWEEP_MS = 10 * 60_000

/** Streaming samples and rule steps to verdicts and findings. Everything is synchronous. */
export class ScoringEngine implements Scoring, FindingReader, ScoreReader, Snapshot {
  readonly name = 'scoring'
  readonly #options: Required<Omit<ScoringOptions, 'scores'>> & Pick<ScoringOptions, 'scores'>
  readonly #table = new RowTable()
  readonly #rules = new Map<string, ActiveRule>()
  readonly #ruleOf: (ActiveRule | undefined)[] = []
  readonly #findings: FindingLog
  readonly #verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  readonly #judged
  readonly #skipped
  readonly #refused
  /** Rows that a series of the store feeds, by its id; undefined: not matched yet. */
  #routes: (Uint32Array | undefined)[] = []
  #time_ms = -Infinity
  #swept_ms = -Infinity
  #toldFull = false
  #counts = { judged: 0, not_finite: 0, not_ascending: 0 }

  constructor(options: ScoringOptions) {
    this.#options = {
      scored_series: 200_000,
      findings: 10_000,
      forget_ms: 7 * DAY_MS,
      serviceLabels: SERVICE_LABELS,
      ...options,
    }
    const { meter, sink, findings, serviceLabels } = this.#options
    this.#findings = new FindingLog(sink, meter, { keep: findings, serviceLabels })
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
    let sum = this.#table.columns.bytes
    for (const { detector } of this.#rules.values()) sum += detector.bytes
    return sum
  }

  setRules(specs: readonly AnomalySpec[]): void {
    const keys = new Map(specs.map((spec) => [spec.key, spec]))
    for (const [key, rule] of this.#rules) {
      const spec = keys.get(key)
      if (spec !== undefined && detectorText(spec) === detectorText(rule.spec)) continue
      for (const row of rule.rows.values()) this.#remove(row)
      this.#rules.delete(key)
    }
    const before = new Map(this.#rules)
    this.#rules.clear()
    for (const spec of specs) {
      const rule = before.get(spec.key)
      rule?.update(spec)
      this.#rules.set(spec.key, rule ?? new ActiveRule(spec))
    }
    this.#routes = []
    this.#toldFull = false
    this.flush()
  }

  row(key: string, labels: Labels, { metric, unit }: { readonly metric: string; readonly unit: string }): number {
    const rule = this.#rules.get(key)
    if (rule === undefined) throw new ServiceError('not_found', `no anomaly rule ${key}`)
    const own = labels.drop(METRIC_NAME)
    const known = rule.rows.get(seriesKey(metric, own))
    if (known !== undefined) return known
    if (this.#table.live >= this.#options.scored_series) {
      this.#full()
      throw new ServiceError('overloaded', `limits.scored_series (${this.#options.scored_series}) is reached`)
    }
    const about: RowAbout = { key, rule: rule.spec.name, labels: own, metric, unit }
    const row = this.#table.add(about, rule.detector.add())
    // It lives from now on, even if its values are all refused.
    this.#table.touched_ms.data[row] = this.#time_ms
    this.#ruleOf[row] = rule
    rule.rows.set(seriesKey(metric, own), row)
    return row
  }

  score(row: number, time_ms: number, value: number): Readonly<Verdict> {
    const verdict = this.#verdict
    const rule = this.#ruleOf[row]
    assert(rule !== undefined, `row ${row} of scoring does not exist`)
    const table = this.#table
    table.touched_ms.data[row] = Math.max(this.#time_ms, time_ms)
    if (!(time_ms > table.last_ms.data[row]!)) {
      this.#counts.not_ascending++
      return Object.assign(verdict, { score: 0, expected: NaN, lower: NaN, upper: NaN })
    }
    rule.detector.step(table.local.data[row]!, time_ms, value, verdict)
    table.last_ms.data[row] = time_ms
    if (!Number.isFinite(value)) {
      this.#counts.not_finite++
      return verdict
    }
    this.#counts.judged++
    const { direction, evidence } = rule.spec
    if (direction !== 'both' && value > verdict.expected !== (direction === 'up')) verdict.score = 0
    table.keep(row, value, verdict)
    const anomalous = verdict.score >= 1
    if (anomalous || table.running.data[row] === 1) this.#observe(row, rule, { time_ms, anomalous, value, ...verdict })
    if (!evidence && rule.scores) this.#options.scores?.scored(table.about(row)!, time_ms, verdict)
    return verdict
  }

  /**
   * Scores the samples of a stored batch: those that are the newest of their series (`fresh`, as the writer's `append`
   * gave it) and that a rule over a plain selector follows. Histograms are reached by expressions only.
   */
  samples({ floats }: SampleBatch, fresh: Uint8Array): void {
    const { series, time_ms, value, stale, length } = floats
    for (let i = 0; i < length; i++) {
      if (fresh[i] !== 1 || stale[i] === 1) continue
      const id = series[i]!
      const route = this.#routes[id] ?? this.#route(id)
      for (let k = 0; k < route.length; k++) this.#sample(route[k]!, time_ms[i]!, value[i]!)
    }
    this.flush()
  }

  /** Series that are gone for good. Their rows go when nothing has touched them for long enough. */
  forget(ids: readonly SeriesId[]): void {
    for (const id of ids) this.#routes[id] = undefined
  }

  /** A tick: T is `time_ms`. Closes what fell silent, judges absence unless sources lag (`complete_ms` given). */
  tick(time_ms: number, complete_ms?: number): void {
    this.#time_ms = Math.max(this.#time_ms, time_ms)
    if (complete_ms === undefined) this.#absences()
    for (const row of this.#findings.runs.keys()) this.#silence(row)
    if (this.#time_ms - this.#swept_ms >= SWEEP_MS) this.#sweep()
    this.flush()
  }

  /** Hands on the findings of rule steps; `samples` and `tick` do it by themselves. */
  flush(): void {
    this.#findings.flush()
    const { judged, not_finite, not_ascending } = this.#counts
    if (judged > 0) this.#judged.add(judged)
    if (not_finite > 0) this.#skipped.add(not_finite, { reason: 'not_finite' })
    if (not_ascending > 0) this.#skipped.add(not_ascending, { reason: 'not_ascending' })
    this.#counts = { judged: 0, not_finite: 0, not_ascending: 0 }
  }

  /** Lists a finding that was made elsewhere (from logs), and hands it on with the next ones. */
  adopt(event: FindingEvent): void {
    this.#findings.adopt(event)
  }

  list(filter: FindingFilter): Finding[] {
    return this.#findings.book.list(filter)
  }

  get(id: string): Finding | undefined {
    return this.#findings.book.get(id)
  }

  newest(limit: number): readonly ScoredSeries[] {
    return [...this.#table.entries()]
      .filter(([row]) => {
        const rule = this.#ruleOf[row]!
        return !rule.spec.evidence && rule.scores && this.#table.last_ms.data[row]! > -Infinity
      })
      .toSorted(
        ([, a], [, b]) => compare(a.rule, b.rule) || compare(a.metric, b.metric) || compare(a.labels.key, b.labels.key),
      )
      .slice(0, limit)
      .map(([row, { rule, metric, labels }]) => ({
        rule,
        metric,
        labels,
        time_ms: this.#table.last_ms.data[row]!,
        value: this.#table.value.data[row]!,
        verdict: this.#table.verdict(row),
      }))
  }

  save(): Uint8Array {
    const rules = [...this.#rules.values()]
    const state = encodeState({
      version: 1,
      time_ms: Math.max(this.#time_ms, -8.64e15),
      rules: rules.map(({ spec }) => ({ key: spec.key, detector: detectorText(spec) })),
      rows: [...this.#table.entries()],
      runs: [...this.#findings.runs],
      experts: [...this.#findings.experts],
      findings: this.#findings.book.all(),
    })
    return joinSections([state, this.#table.columns.save(), ...rules.map(({ detector }) => detector.save())])
  }

  /** After `setRules`: takes up what was saved; rules that are gone or have another detector begin anew. */
  load(bytes: Uint8Array): void {
    const [head, columns, ...detectors] = splitSections(bytes)
    if (head === undefined || columns === undefined) throw new ServiceError('bad_data', 'scoring state is cut short')
    const state = decodeState(head)
    this.#time_ms = state.time_ms <= -8.64e15 ? -Infinity : state.time_ms
    this.#table.load(columns, state.rows)
    this.#routes = []
    this.#findings.book.replace(state.findings)
    for (const [row, run] of state.runs) this.#findings.runs.set(row, run)
    for (const [row, experts] of state.experts) this.#findings.experts.set(row, experts)
    for (const [i, { key, detector }] of state.rules.entries()) {
      const rule = this.#rules.get(key)
      if (rule !== undefined && detectorText(rule.spec) === detector)
        rule.detector.load(detectors[i] ?? new Uint8Array())
    }
    const kept = new Set(state.rules.filter(({ key, detector }) => this.#same(key, detector)).map(({ key }) => key))
    for (const [row, about] of state.rows) this.#resume(row, about, kept.has(about.key))
  }

  #same(key: string, detector: string): boolean {
    const rule = this.#rules.get(key)
    return rule !== undefined && detectorText(rule.spec) === detector
  }

  #resume(row: number, about: RowAbout, kept: boolean): void {
    const rule = this.#rules.get(about.key)
    if (kept && rule !== undefined) {
      this.#ruleOf[row] = rule
      rule.rows.set(seriesKey(about.metric, about.labels), row)
      return
    }
    this.#findings.abandon(row, about)
    this.#table.remove(row)
  }

  #facts(row: number): RowFacts {
    return { about: this.#table.about(row)!, spec: this.#ruleOf[row]!.spec }
  }

  #observe(row: number, rule: ActiveRule, seen: Parameters<FindingLog['observe']>[2]): void {
    const running = this.#findings.observe(row, this.#facts(row), seen, () => rule.detector.blamed())
    this.#table.running.data[row] = running ? 1 : 0
  }

  #sample(row: number, time_ms: number, raw: number): void {
    const table = this.#table
    if (table.cumulative.data[row] === 0) {
      this.score(row, time_ms, raw)
      return
    }
    const before = table.raw.data[row]!
    const before_ms = table.raw_ms.data[row]!
    if (!Number.isFinite(raw)) {
      this.#counts.not_finite++
      return
    }
    table.raw.data[row] = raw
    table.raw_ms.data[row] = time_ms
    table.touched_ms.data[row] = Math.max(this.#time_ms, time_ms)
    // The first value has nothing before it; a smaller one is a reset, and what was counted since is not known.
    if (before_ms > 0 && time_ms > before_ms && raw >= before)
      this.score(row, time_ms, ((raw - before) * 1000) / (time_ms - before_ms))
  }

  /** Finds and keeps the rows that a series of the store feeds. */
  #route(id: SeriesId): Uint32Array {
    const definition = this.#options.definition(id)
    const rows: number[] = []
    if (definition.kind === 'float') {
      for (const rule of this.#rules.values()) {
        if (!rule.follows(definition.labels)) continue
        const row = this.#rowFor(rule, definition)
        if (row !== undefined) rows.push(row)
      }
    }
    const route = rows.length === 0 ? NO_ROUTE : Uint32Array.from(rows)
    this.#routes[id] = route
    return route
  }

  #rowFor(rule: ActiveRule, definition: SeriesDefinition): number | undefined {
    const cumulative = isCumulative(definition)
    const unit = cumulative ? `${definition.unit === '' ? '1' : definition.unit}/s` : definition.unit
    const metric = definition.labels.name
    try {
      const row = this.row(rule.spec.key, definition.labels, { metric, unit })
      this.#table.cumulative.data[row] = cumulative ? 1 : 0
      return row
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'overloaded') return undefined
      throw error
    }
  }

  #full(): void {
    this.#refused.add(1)
    if (this.#toldFull) return
    this.#toldFull = true
    this.#options.log.warn('more series match anomaly rules than may be scored; the others are not judged', {
      limit: 'limits.scored_series',
      value: this.#options.scored_series,
    })
  }

  #absences(): void {
    for (const rule of this.#rules.values()) {
      if (rule.scores) continue
      for (const row of rule.rows.values()) {
        const score = rule.detector.overdue?.(this.#table.local.data[row]!, this.#time_ms) ?? 0
        this.#table.score.data[row] = score
        if (score < 1) continue
        const none = { value: NaN, expected: NaN, lower: NaN, upper: NaN }
        const since_ms = this.#table.last_ms.data[row]!
        this.#observe(row, rule, { time_ms: this.#time_ms, since_ms, anomalous: true, score, ...none })
      }
    }
  }

  /** Closes the run of a row once T is past its last anomaly, and nothing came for as long: history may still arrive. */
  #silence(row: number): void {
    const run = this.#findings.runs.get(row)!
    const newest_ms = Math.max(run.last_ms, this.#table.touched_ms.data[row]!)
    if (this.#time_ms - newest_ms < PAUSE_MS) return
    this.#findings.close(row, this.#facts(row))
    this.#table.running.data[row] = 0
  }

  #sweep(): void {
    this.#swept_ms = this.#time_ms
    for (const [row] of this.#table.entries()) {
      const touched_ms = this.#table.touched_ms.data[row]!
      if (touched_ms === -Infinity) this.#table.touched_ms.data[row] = this.#time_ms
      else if (this.#time_ms - touched_ms >= this.#options.forget_ms) this.#remove(row)
    }
  }

  #remove(row: number): void {
    const rule = this.#ruleOf[row]!
    const about = this.#table.about(row)!
    this.#findings.close(row, { about, spec: rule.spec })
    rule.rows.delete(seriesKey(about.metric, about.labels))
    rule.detector.remove(this.#table.local.data[row]!)
    this.#ruleOf[row] = undefined
    this.#table.remove(row)
    this.#routes = []
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Whether values only grow until a restart, so that their rate is what says something. */
function isCumulative({ type, labels }: SeriesDefinition): boolean {
  if (type === 'counter') return true
  if (type === 'summary') return /_(?:count|sum)$/.test(labels.name)
  return type === 'unknown' && labels.name.endsWith('_total')
}
