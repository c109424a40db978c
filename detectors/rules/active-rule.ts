import type { Alert, AlertEvent } from '#core/alert.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { ExpressionInfo, ResultSeries } from '#core/ports/query-engine.ts'
import type { Answer, Question } from '#core/ports/questions.ts'
import type { RuleInfo } from '#core/ports/rules.ts'
import { reachOf, speaksOfNothing } from '#core/reach.ts'

import { metricsOf } from './datasource.ts'
import type { RuleEngineOptions } from './engine.ts'
import { ceilTo, dueSteps, floorTo, type Span } from './marks.ts'
import { Noise } from './noise.ts'
import { refuseBeyond, within } from './results.ts'
import type { Rule, RuleGroup } from './rule.ts'
import { AlertRunner } from './run-alert.ts'
import { AnomalyRunner } from './run-anomaly.ts'
import { RecordRunner } from './run-record.ts'
import { NOTHING, type Runner } from './runner.ts'

/** Steps of one range query: bounds the memory of catching up. */
const CHUNK_STEPS = 5000
/** So many failures in one evaluation, and what is left of its steps is passed over. */
const FAILURES_MAX = 64

export interface SavedRule {
  readonly due_ms: number | null
  readonly mark_ms: number | null
  readonly looked_ms: number | null
  readonly newest_ms: number | null
  readonly grown_ms: number | null
  /** Of a rule that an upstream evaluates. */
  readonly heard_ms?: number | null
  readonly outage?: Span | undefined
  readonly state: unknown
  /** Times at which its alerts began to fire. */
  readonly fired?: readonly number[]
}

/** What a group tells its rules of an evaluation. */
export interface Occasion {
  /** Analysis time. */
  readonly time_ms: number
  readonly due_ms: number
  /** Since when history has come that was not there before; null when none has. */
  readonly again_ms: number | null
  /** Steps before the newest are passed over: rules need more time than there is. */
  readonly newest_only: boolean
}

export interface Evaluation {
  readonly events: readonly AlertEvent[]
  /** Why steps were passed over. */
  readonly errors: readonly ServiceError[]
  /** What it took: series that were looked at, once a step. */
  readonly series: number
}

/** What a rule takes whatever it reads, as series. */
const RULE_SERIES = 20

/** Of steps: what an upstream answered, where they are not queried here; `again` where they were taken before, and history has come since. */
interface Source {
  readonly answer?: readonly ResultSeries[]
  readonly again?: boolean
}

const NOTHING_DUE: Evaluation = { events: [], errors: [], series: 0 }

const saved = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** A rule at work: how far it is, its health, and what its kind does with results. */
export class ActiveRule {
  readonly rule: Rule
  readonly #group: RuleGroup
  readonly #options: RuleEngineOptions
  readonly #info: ExpressionInfo
  readonly #speaksOfNothing: boolean
  readonly #runner: Runner | undefined
  /** Rules that record from an upstream what this one reads. */
  #sources: readonly ActiveRule[] = []
  /** Whether detectors or forecasts learn from its results. */
  #learns: boolean
  #due_ms = -Infinity
  #mark_ms = -Infinity
  #looked_ms = -Infinity
  /** The newest sample of its input, and when that was first seen. */
  #newest_ms = -Infinity
  #grown_ms = -Infinity
  /** The newest step that an upstream answered, and the last time in which it was away. */
  #heard_ms = -Infinity
  #outage: Span | undefined
  #error = ''
  /** Of the newest evaluation, wall clock. */
  #duration_ms = 0
  readonly #noise = new Noise()
  #events: AlertEvent[] = []
  #series = 0
  #errors: ServiceError[] = []

  constructor(rule: Rule, group: RuleGroup, options: RuleEngineOptions) {
    this.rule = rule
    this.#group = group
    this.#options = options
    this.#info = options.query.inspect(rule.expr)
    this.#speaksOfNothing = speaksOfNothing(this.#info, rule.expr)
    this.#learns = rule.kind === 'anomaly'
    this.#runner = runnerOf(rule, group, this.#info, options)
  }

  /**
   * `recording`: rules that an upstream evaluates, by the series that come of them. It is never ahead of those that it reads; what it records comes of
   * them too.
   */
  follow(recording: Map<string, readonly ActiveRule[]>): void {
    const { kind, name, datasource } = this.rule
    const metrics = datasource === undefined ? metricsOf(this.#info) : undefined
    this.#sources = [...new Set([...(metrics ?? [])].flatMap((metric) => recording.get(metric) ?? []))]
    if (kind === 'record' && this.#sources.length > 0)
      recording.set(name, [...(recording.get(name) ?? []), ...this.#sources])
    if (kind === 'anomaly' || kind === 'forecast') for (const source of this.#sources) source.#learns = true
  }

  /** The newest step that it was asked for; −Infinity before the first. */
  get due_ms(): number {
    return this.#due_ms
  }

  /** Why the newest evaluation passed steps over; '' when it did not. */
  get lastError(): string {
    return this.#error
  }

  /** Up to when it is known what it reads; Infinity where that does not come from an upstream. */
  get known_ms(): number {
    if (this.rule.datasource !== undefined) return this.#heard_ms
    return this.#sources.reduce((least_ms, { known_ms }) => Math.min(least_ms, known_ms), Infinity)
  }

  alerts(): readonly Alert[] {
    return this.#runner instanceof AlertRunner ? this.#runner.alerts() : []
  }

  /** T leapt to `time_ms`: nobody was listening, so that silence until now means nothing. */
  listenAnew(time_ms: number): void {
    this.#grown_ms = time_ms
  }

  /** T was set back to `time_ms`: what was done beyond has not been yet. */
  setBack(time_ms: number): void {
    this.#due_ms = Math.min(this.#due_ms, time_ms)
    this.#mark_ms = Math.min(this.#mark_ms, time_ms)
    this.#looked_ms = Math.min(this.#looked_ms, time_ms)
    this.#heard_ms = Math.min(this.#heard_ms, time_ms)
    this.#grown_ms = Math.min(this.#grown_ms, time_ms)
    this.#outage = undefined
    this.#runner?.setBack?.(time_ms)
  }

  /** Whether there can be anything to do: input for steps that were asked for already waits for the next. */
  isDue({ due_ms, again_ms }: Occasion): boolean {
    if (this.rule.datasource !== undefined) return false
    return this.#limited(due_ms) > this.#due_ms || again_ms !== null
  }

  /** Evaluates every step that is due and was not yet; for history also those that were. */
  async evaluate({ due_ms, ...rest }: Occasion, now_ms: () => number): Promise<Evaluation> {
    const occasion = { ...rest, due_ms: this.#limited(due_ms) }
    const started_ms = now_ms()
    this.#due_ms = Math.max(this.#due_ms, occasion.due_ms)
    if (this.#runner === undefined && this.rule.kind !== 'forecast') return NOTHING_DUE
    const made = await this.#evaluation(async () => {
      if (occasion.again_ms !== null) await this.#again(occasion.again_ms)
      if (occasion.newest_only) this.#passOver(occasion.due_ms)
      const outage = this.#outageBefore(occasion.due_ms)
      if (outage !== undefined) {
        await this.#evaluate({ ...occasion, due_ms: outage.from_ms - this.#group.interval_ms })
        this.#away(outage, 'what it reads comes from an upstream that was away')
      }
      await this.#evaluate(occasion)
    })
    this.#duration_ms = now_ms() - started_ms
    this.#noise.took(made.events)
    return made
  }

  async #evaluation(run: () => Promise<void>): Promise<Evaluation> {
    this.#events = []
    this.#errors = []
    this.#series = RULE_SERIES
    await run()
    this.#error = this.#errors.length > 0 ? messageOf(this.#errors.at(-1)) : ''
    return { events: this.#events, errors: this.#errors, series: this.#series }
  }

  /** One step by itself, whatever is due. */
  async step(step_ms: number): Promise<Evaluation> {
    return this.#evaluation(async () => {
      if (this.#runner !== undefined || this.rule.kind === 'forecast')
        await this.#range({ from_ms: step_ms, to_ms: step_ms })
      this.#mark_ms = step_ms
    })
  }

  /** What is to be asked of the upstream that evaluates it; undefined where none does. */
  question(): Question | undefined {
    const { key, expr, datasource } = this.rule
    if (datasource === undefined) return undefined
    const { interval_ms, offset_ms } = this.#group
    return { rule: key, datasource, expr, interval_ms, offset_ms, mark_ms: this.#mark_ms, learns: this.#learns }
  }

  /** Takes steps beyond the mark as if it had evaluated them; what is known already, or was asked otherwise, is passed over. */
  async answered({ expr, from_ms, to_ms, step_ms, series, error, away = false }: Answer): Promise<Evaluation> {
    const { interval_ms } = this.#group
    const first_ms = Math.max(from_ms, floorTo(this.#mark_ms, interval_ms) + interval_ms)
    if (expr !== this.rule.expr || step_ms !== interval_ms || first_ms > to_ms) return NOTHING_DUE
    const made = await this.#evaluation(async () => {
      if (away) this.#away({ from_ms: first_ms, to_ms }, error)
      else if (error === '') await this.#range({ from_ms: first_ms, to_ms }, { answer: series })
      else this.#failed(new ServiceError('execution', error))
    })
    this.#due_ms = this.#mark_ms = this.#looked_ms = to_ms
    if (!away) this.#heard_ms = to_ms
    this.#noise.took(made.events)
    return made
  }

  /** The rule is gone: what fires resolves, what it writes ends. */
  end(time_ms = Math.max(this.#mark_ms, this.#looked_ms)): AlertEvent[] {
    return this.#runner?.end(time_ms) ?? []
  }

  info(): RuleInfo {
    const { key, kind, name, expr, for_ms, labels, annotations } = this.rule
    const evaluated_ms = Math.max(this.#mark_ms, this.#looked_ms)
    const known = Number.isFinite(evaluated_ms)
    // Rules over a plain selector are scored as samples come: they have no steps to be late with.
    const well = known || (this.#runner === undefined && kind === 'anomaly')
    return {
      key,
      kind,
      name,
      expr,
      for_ms,
      labels,
      annotations,
      health: this.#error !== '' ? 'err' : well ? 'ok' : 'unknown',
      last_error: this.#error,
      evaluated_ms: known ? evaluated_ms : 0,
      evaluation_duration_ms: this.#duration_ms,
      ...(this.rule.kind === 'alert' && {
        keep_firing_ms: this.rule.keep_firing_ms,
        fired_last_week: this.#noise.lastWeek(evaluated_ms),
      }),
    }
  }

  save(): SavedRule {
    return {
      due_ms: saved(this.#due_ms),
      mark_ms: saved(this.#mark_ms),
      looked_ms: saved(this.#looked_ms),
      newest_ms: saved(this.#newest_ms),
      grown_ms: saved(this.#grown_ms),
      ...(this.rule.datasource !== undefined && { heard_ms: saved(this.#heard_ms), outage: this.#outage }),
      state: this.#runner?.save() ?? null,
      ...(this.rule.kind === 'alert' && { fired: this.#noise.save() }),
    }
  }

  load({ due_ms, mark_ms, looked_ms, newest_ms, grown_ms, heard_ms, outage, state, fired = [] }: SavedRule): void {
    this.#heard_ms = heard_ms ?? -Infinity
    this.#outage = outage
    this.#noise.load(fired)
    this.#due_ms = due_ms ?? -Infinity
    this.#mark_ms = mark_ms ?? -Infinity
    this.#looked_ms = looked_ms ?? -Infinity
    this.#newest_ms = newest_ms ?? -Infinity
    this.#grown_ms = grown_ms ?? -Infinity
    if (state !== null) this.#runner?.load(state)
  }

  async #evaluate({ time_ms, due_ms }: Occasion): Promise<void> {
    const reach = reachOf(this.#info, this.#options.reader, this.#mark_ms)
    const newest_ms = reach?.newest_ms ?? -Infinity
    if (newest_ms !== this.#newest_ms) this.#grown_ms = time_ms
    this.#newest_ms = newest_ms
    const { interval_ms } = this.#group
    const { lateness_ms } = this.#options
    const progress = { mark_ms: this.#mark_ms, looked_ms: this.#looked_ms, grown_ms: this.#grown_ms }
    const { input, empty } = dueSteps(progress, reach, { time_ms, due_ms, interval_ms, lateness_ms })
    if (input !== undefined) {
      this.#series += reach!.series * (Math.round((input.to_ms - input.from_ms) / interval_ms) + 1)
      await this.#range(input)
      this.#mark_ms = input.to_ms
    }
    if (empty !== undefined) await this.#silence(empty)
    this.#looked_ms = Math.max(this.#looked_ms, empty?.to_ms ?? this.#mark_ms)
  }

  /** Steps of which nothing is known: it stays as it is, and says so. */
  #away(span: Span, error: string): void {
    const before = this.#outage
    const { interval_ms } = this.#group
    const goesOn = before !== undefined && before.to_ms + interval_ms === span.from_ms
    this.#outage = goesOn ? { from_ms: before.from_ms, to_ms: span.to_ms } : span
    this.#errors.push(new ServiceError('unavailable', error))
    this.#runner?.away?.(span.to_ms - span.from_ms + interval_ms)
    if (this.#mark_ms > -Infinity) this.#mark_ms = Math.max(this.#mark_ms, span.to_ms)
    this.#looked_ms = Math.max(this.#looked_ms, span.to_ms)
  }

  /** Steps before `due_ms` that nobody had time for: it stays as it is meanwhile, and says so. */
  #passOver(due_ms: number): void {
    const { interval_ms } = this.#group
    const before_ms = due_ms - interval_ms
    const passed_ms = before_ms - Math.max(this.#mark_ms, this.#looked_ms)
    // Forecasts are made at the newest step anyway.
    if (!(passed_ms > 0) || passed_ms === Infinity || this.rule.kind === 'forecast') return
    this.#errors.push(new ServiceError('overloaded', 'rules need more time than there is: steps were passed over'))
    this.#runner?.away?.(passed_ms)
    this.#mark_ms = this.#looked_ms = before_ms
  }

  /** Steps up to `due_ms` at which an upstream was away from which what it reads comes. */
  #outageBefore(due_ms: number): Span | undefined {
    const { interval_ms } = this.#group
    const after_ms = Math.max(this.#mark_ms, this.#looked_ms)
    for (const source of this.#sources) {
      if (source.#outage === undefined) continue
      const from_ms = ceilTo(Math.max(source.#outage.from_ms, after_ms + 1), interval_ms)
      const to_ms = Math.min(due_ms, floorTo(source.#outage.to_ms, interval_ms))
      if (from_ms <= to_ms) return { from_ms, to_ms }
    }
    return undefined
  }

  /** Steps before the mark once more, for series that came after it. */
  async #again(from_ms: number): Promise<void> {
    if (this.#runner?.repeatable !== true) return
    const { interval_ms } = this.#group
    const reach = reachOf(this.#info, this.#options.reader)
    const first_ms = ceilTo(Math.max(from_ms, reach?.from_ms ?? Infinity), interval_ms)
    await this.#range({ from_ms: first_ms, to_ms: this.#mark_ms }, { again: true })
  }

  /** Steps at which all input is over: nothing is asked where the answer is known to be nothing. */
  async #silence(empty: Span): Promise<void> {
    if (this.#runner === undefined) return
    if (this.#speaksOfNothing) await this.#range(empty)
    else if (this.#runner.active) await this.#take([], empty)
  }

  async #range({ from_ms, to_ms }: Span, source: Source = {}): Promise<void> {
    if (this.rule.kind === 'forecast') {
      await this.#steps({ from_ms: to_ms, to_ms }, source)
      return
    }
    const { interval_ms } = this.#group
    for (let first = from_ms; first <= to_ms; first += CHUNK_STEPS * interval_ms) {
      await this.#steps({ from_ms: first, to_ms: Math.min(to_ms, first + (CHUNK_STEPS - 1) * interval_ms) }, source)
    }
  }

  /** Where a range fails it is halved, so that a bad step costs only itself: the rule goes on behind it, as in Prometheus. */
  async #steps(span: Span, source: Source): Promise<void> {
    const { interval_ms } = this.#group
    try {
      if (this.rule.kind === 'forecast') await this.#options.forecasting.step(this.rule.key, span.to_ms)
      else await this.#take(await this.#results(span, source), span, source.again)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      const steps = Math.round((span.to_ms - span.from_ms) / interval_ms) + 1
      if (steps === 1 || this.#errors.length >= FAILURES_MAX) {
        this.#failed(error)
        return
      }
      const middle_ms = span.from_ms + Math.floor(steps / 2) * interval_ms
      await this.#steps({ from_ms: span.from_ms, to_ms: middle_ms - interval_ms }, source)
      await this.#steps({ from_ms: middle_ms, to_ms: span.to_ms }, source)
    }
  }

  #failed(error: ServiceError): void {
    this.#errors.push(error)
    this.#runner?.failed?.()
  }

  async #take(series: readonly ResultSeries[], span: Span, again = false): Promise<void> {
    const { interval_ms } = this.#group
    const { events, error } = (await this.#runner?.take({ series, ...span, interval_ms, again })) ?? NOTHING
    for (const event of events) this.#events.push(event)
    if (error !== undefined) this.#errors.push(error)
  }

  /** What steps come to: by the answer that came, else by our own query engine. */
  async #results(span: Span, { answer }: Source): Promise<readonly ResultSeries[]> {
    const series = answer === undefined ? await this.#query(span) : within(answer, span)
    const { limit } = this.#group
    // Of alerts those count that are active: their own states see to it.
    if (limit > 0 && series.length > limit && this.rule.kind !== 'alert') refuseBeyond(limit, series)
    return series
  }

  async #query({ from_ms, to_ms }: Span): Promise<readonly ResultSeries[]> {
    const { interval_ms } = this.#group
    const result = await this.#options.query.range(this.rule.expr, { from_ms, to_ms, step_ms: interval_ms })
    return result.type === 'matrix' ? result.series : []
  }

  #limited(due_ms: number): number {
    let least_ms = due_ms
    for (const source of this.#sources) least_ms = Math.min(least_ms, source.#mark_ms)
    return least_ms
  }
}

/** Undefined for a rule that needs no results: forecasts have their own, plain anomaly rules are scored as samples come. */
function runnerOf(
  rule: Rule,
  group: RuleGroup,
  info: ExpressionInfo,
  { writer, query, scoring }: RuleEngineOptions,
): Runner | undefined {
  if (rule.kind === 'record') return new RecordRunner(rule, writer, scoring)
  if (rule.kind === 'alert') return new AlertRunner(rule, group, { writer, query })
  if (rule.kind === 'anomaly' && rule.spec.plain === null) return new AnomalyRunner(rule, info, scoring)
  return undefined
}
