import type { Change } from '#core/change.ts'
import { CivilTime } from '#core/civil-time.ts'
import type { Snapshot } from '#core/component.ts'
import type { AlertReader, AlertSink } from '#core/ports/alerts.ts'
import type { FindingReader, FindingSink } from '#core/ports/findings.ts'
import type { ForecastReader } from '#core/ports/forecasts.ts'
import type { AnswersInput, FindingFeedback, Moment } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { Questions } from '#core/ports/questions.ts'
import type { RuleReader } from '#core/ports/rules.ts'
import type { ScoreReader } from '#core/ports/scores.ts'
import type { SeriesReader } from '#core/ports/series-reader.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBatch } from '#core/sample.ts'
import type { LogRecord } from '#core/signal.ts'
import type { Steps } from '#core/steps.ts'

import { ForecastEngine } from './forecasting/forecasting.ts'
import type { ForecastTable } from './forecasting/table.ts'
import { LogEngine } from './logs/log-engine.ts'
import { RuleList } from './rule-list.ts'
import { RuleEngine, type RuleGroup } from './rules/index.ts'
import { BandWriter, Budgets, ScoringEngine, type WiderBudgets, Windows } from './scoring/index.ts'

export { MODELS as FORECAST_MODELS } from './forecasting/make.ts'
export { ForecastTable } from './forecasting/table.ts'
export { KIND_SCHEMAS, parseDetector } from './kinds/registry.ts'
export { detectCsv, type DetectOptions } from './offline/detect.ts'
export { forecastCsv, type ForecastCsvOptions } from './offline/forecast.ts'
export { loadRules, type Outside, type ReadPolicy, refuseProblems, type RuleGroup } from './rules/index.ts'
export { parseBudget } from './scoring/index.ts'

/** Log records that are counted in one step. */
const LOG_STEP = 256

export interface DetectorsOptions {
  /** Answers rules from the store and from `table`. */
  readonly query: QueryEngine
  readonly reader: SeriesReader
  readonly writer: SeriesWriter
  readonly table: ForecastTable
  readonly findings: FindingSink
  readonly alerts: AlertSink
  readonly lateness_ms: number
  /** Alarms a week allowed a service, and everything; beside what each rule allows. */
  readonly budget?: WiderBudgets
  /** Zone and holidays of days and weeks; UTC without any by default. */
  readonly calendar?: { readonly zone: string; readonly holidays: readonly string[] }
  readonly limits: {
    readonly scored_series: number
    readonly findings: number
    readonly copies: number
    readonly templates_per_service: number
    readonly log_services: number
    readonly log_series: number
  }
  /** Analysis time; undefined before anything came. */
  readonly analysis_ms: () => number | undefined
  /** The time that is certain to have come, by which rows are forgotten; undefined: analysis time. */
  readonly aged_ms?: () => number | undefined
  /** For measuring, nothing else. */
  readonly now_ms: () => number
  readonly log: Log
  readonly meter: Meter
}

/** The room: scoring of samples as they come, rules on analysis time, log templates, forecasts. */
export interface Detectors {
  setGroups(groups: readonly RuleGroup[], time_ms?: number): void
  /** Samples just stored; `fresh` marks those that are the newest of their series. */
  sampling(batch: SampleBatch, fresh: Uint8Array): Steps<void>
  logging(records: readonly LogRecord[]): Steps<void>
  /** Maintenance and planned events change what is expected; other changes are nothing to detectors. */
  change(change: Change): void
  /** What somebody said of a finding: it is unlearned, or normal. Throws `ServiceError('not_found')`. */
  feedback(said: FindingFeedback): void
  /** What an upstream said of rules that are evaluated there. */
  answers(input: AnswersInput): Promise<void>
  /** True where more rules are due than their share. */
  tick(moment: Moment): Promise<boolean>
  /** The clock was wrong: analysis time goes on from here, and was beyond. */
  setBack(time_ms: number): void
  /** Evaluates every rule once, as of this time, whatever is due: for tests of rules. */
  step(time_ms: number): Promise<void>
  readonly findings: FindingReader
  readonly scores: ScoreReader
  readonly rules: RuleReader & Questions
  /** The same, with what anomaly rules cost and how much they found: for people. */
  readonly ruleList: RuleReader
  readonly alerts: AlertReader
  readonly forecasts: ForecastReader
  readonly snapshots: readonly Snapshot[]
}

/** Event time of the oldest fresh sample; Infinity when there is none. */
function oldestFresh({ floats, histograms }: SampleBatch, fresh: Uint8Array): number {
  let oldest = Infinity
  for (let i = 0; i < floats.length; i++) if (fresh[i] === 1 && floats.time_ms[i]! < oldest) oldest = floats.time_ms[i]!
  for (let i = 0; i < histograms.length; i++) {
    if (fresh[floats.length + i] === 1 && histograms.time_ms[i]! < oldest) oldest = histograms.time_ms[i]!
  }
  return oldest
}

function createScoring(
  {
    writer,
    reader,
    findings,
    limits: { scored_series, findings: kept, copies },
    calendar,
    aged_ms = () => undefined,
    log,
    meter,
  }: DetectorsOptions,
  parts: { readonly windows: Windows; readonly budgets: Budgets; readonly scores: BandWriter },
): ScoringEngine {
  const limits = { scored_series, findings: kept, copies }
  const civil = new CivilTime(calendar)
  return new ScoringEngine({
    definition: (id) => writer.definition(id),
    pulse: (id) => writer.pulse?.(id),
    sink: findings,
    reader,
    ...limits,
    ...parts,
    civil,
    aged_ms,
    log,
    meter,
  })
}

export function createDetectors(options: DetectorsOptions): Detectors {
  const { query, reader, writer, table, alerts, lateness_ms, limits, analysis_ms, now_ms, log, meter } = options
  const windows = new Windows()
  const budgets = new Budgets(meter, options.budget)
  const bands = new BandWriter(writer, meter)
  const scoring = createScoring(options, { windows, budgets, scores: bands })
  writer.onRemoved?.((ids) => scoring.forget(ids))
  const forecasting = new ForecastEngine({ query, writer, table, analysis_ms, log })
  const rules = new RuleEngine({ query, writer, reader, scoring, forecasting, alerts, lateness_ms, meter, log, now_ms })
  let ticked_ms = -Infinity
  const logs = new LogEngine({
    writer,
    sink: { finding: (event) => scoring.adopt(event) },
    templates_per_service: limits.templates_per_service,
    services: limits.log_services,
    series: limits.log_series,
    lateness_ms,
    meter,
  })
  return {
    setGroups: (groups, time_ms) => rules.setGroups(groups, time_ms),
    *sampling(batch, fresh) {
      // Before anything is written back: `fresh` is a view that the store's next batch overwrites.
      const oldest_ms = oldestFresh(batch, fresh)
      yield* scoring.sampling(batch, fresh)
      bands.flush()
      const time_ms = analysis_ms()
      if (time_ms !== undefined && oldest_ms < Infinity) rules.observed(oldest_ms, time_ms)
    },
    *logging(records) {
      for (let at = 0; at < records.length; at += LOG_STEP) {
        if (at > 0) yield
        logs.logs(records.slice(at, at + LOG_STEP))
      }
    },
    change: (change) => windows.change(change),
    feedback: (said) => scoring.feedback(said),
    async answers({ datasource, answers }) {
      await rules.answered(datasource, answers)
      bands.flush()
    },
    async tick({ time_ms, share, ...known }) {
      logs.tick(Math.min(time_ms, known.complete_ms ?? Infinity))
      const unfinished = await rules.tick({ time_ms, share, ...known })
      // Once a moment, behind all rules where they keep up.
      if (!unfinished || time_ms > ticked_ms) scoring.tick(time_ms, known)
      ticked_ms = time_ms
      bands.flush()
      return unfinished
    },
    setBack(time_ms) {
      logs.setBack(time_ms)
      rules.setBack(time_ms)
    },
    async step(time_ms) {
      await rules.step(time_ms)
      scoring.tick(time_ms)
      bands.flush()
    },
    findings: scoring,
    scores: scoring,
    rules,
    ruleList: new RuleList({ rules, findings: scoring, following: scoring.following, analysis_ms }),
    alerts: rules,
    forecasts: forecasting,
    snapshots: [windows, budgets, scoring, scoring.routes, rules, forecasting, logs],
  }
}
