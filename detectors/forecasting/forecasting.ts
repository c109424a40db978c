import type { Snapshot } from '#core/component.ts'
import { formatDuration } from '#core/config/duration.ts'
import { DerivedSamples } from '#core/derived.ts'
import { ServiceError } from '#core/errors.ts'
import type { Forecast } from '#core/forecast.ts'
import type { ForecastReader, ForecastRequest } from '#core/ports/forecasts.ts'
import type { Log } from '#core/ports/log.ts'
import type { QueryEngine, ResultSeries } from '#core/ports/query-engine.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'

import { DAY_MS } from './grid.ts'
import { forecastLabels } from './labels.ts'
import { makeForecast } from './make.ts'
import { type PackedForecast, packForecast, unpackForecast } from './packed.ts'
import { LiveSkill, type SkillState } from './skill.ts'
import type { Forecasting, ForecastSpec } from './spec.ts'
import type { ForecastTable, TrackState } from './table.ts'

const VERSION = 1
const MINUTE_MS = 60_000
/** A fortnight: seven times two weekdays are what a daily season needs, and more only costs. */
const HISTORY_MS = 14 * DAY_MS
const AHEAD_MS = [5, 10, 15, 30, 60, 120, 240, 480, 1440].map((minutes) => minutes * MINUTE_MS)
const AHEAD_METRIC = 'barograph_forecast_ahead'
const AHEAD = { type: 'gauge', unit: '', help: 'Forecast quantiles at the present, by how far ahead' } as const
/** A forecast costs milliseconds: a rule over hundreds of series is a mistake that would stop everything else. */
const SERIES_MAX = 100

export interface ForecastEngineOptions {
  readonly query: QueryEngine
  readonly writer: SeriesWriter
  readonly table: ForecastTable
  /** Analysis time; undefined before anything came. */
  readonly analysis_ms: () => number | undefined
  readonly log: Log
}

/** A rule's state in a checkpoint. */
interface RuleRecord {
  readonly key: string
  readonly made_ms: number | null
  readonly judged_ms: number | null
  readonly forecasts: readonly PackedForecast[]
  readonly skill: readonly (readonly [string, SkillState])[]
}

interface RuleState {
  made_ms: number
  judged_ms: number
  forecasts: readonly Forecast[]
  readonly skill: Map<string, LiveSkill>
}

/** Keeps the forecasts of `forecast` rules new, and makes others on demand. */
export class ForecastEngine implements Forecasting, ForecastReader, Snapshot {
  readonly name = 'forecasting'
  readonly #options: ForecastEngineOptions
  readonly #specs = new Map<string, ForecastSpec>()
  readonly #states = new Map<string, RuleState>()

  constructor(options: ForecastEngineOptions) {
    this.#options = options
  }

  setRules(specs: readonly ForecastSpec[]): void {
    this.#specs.clear()
    for (const spec of specs) this.#specs.set(spec.key, spec)
    for (const key of this.#states.keys()) if (!this.#specs.has(key)) this.#states.delete(key)
    this.#options.table.dropRules(new Set(specs.map(({ name }) => name)))
  }

  async step(rule: string, time_ms: number): Promise<void> {
    const spec = this.#specs.get(rule)
    if (spec === undefined) return
    const state = this.#states.get(rule) ?? {
      made_ms: -Infinity,
      judged_ms: -Infinity,
      forecasts: [],
      skill: new Map(),
    }
    this.#states.set(rule, state)
    if (time_ms < state.made_ms + Math.max(MINUTE_MS, spec.step_ms)) return
    const series = await this.#history(spec.expr, time_ms, spec.step_ms)
    this.#judge(spec, state, series)
    state.made_ms = time_ms
    state.forecasts = series.map((one) => this.#make(spec, one, state.skill.get(one.labels.key)))
    this.#options.table.put(spec.name, state.forecasts)
    this.#writeAhead(spec, state.forecasts, time_ms)
  }

  ofRule(name: string): readonly Forecast[] | undefined {
    for (const [key, spec] of this.#specs) if (spec.name === name) return this.#states.get(key)?.forecasts ?? []
    return undefined
  }

  async make(request: ForecastRequest): Promise<readonly Forecast[]> {
    const time_ms = this.#options.analysis_ms()
    if (time_ms === undefined) throw new ServiceError('unavailable', 'no data has come yet')
    const { query: expr, ...rest } = request
    const series = await this.#history(expr, time_ms, request.step_ms)
    return series.map((one) => this.#make({ name: expr, ...rest }, one, undefined))
  }

  async #history(expr: string, time_ms: number, step_ms: number): Promise<readonly ResultSeries[]> {
    const step = Math.max(step_ms, MINUTE_MS)
    const to_ms = Math.floor(time_ms / step) * step
    const steps = { from_ms: to_ms - HISTORY_MS, to_ms, step_ms: step, rollups: true }
    const result = await this.#options.query.range(expr, steps)
    if (result.type !== 'matrix') throw new ServiceError('execution', `${expr} is no series to forecast`)
    if (result.series.length > SERIES_MAX) {
      throw new ServiceError(
        'execution',
        `${expr} has ${result.series.length} series; at most ${SERIES_MAX} are forecast by one query: aggregate it`,
      )
    }
    return result.series.filter(({ value }) => value.some(Number.isFinite))
  }

  #make(
    spec: Pick<ForecastSpec, 'name' | 'horizon_ms' | 'step_ms' | 'quantiles'>,
    series: ResultSeries,
    live: LiveSkill | undefined,
  ): Forecast {
    const made = makeForecast(series.time_ms, series.value, { ...spec, model: 'auto' })
    const liveSkill = live?.skill ?? Number.NaN
    return {
      rule: spec.name,
      labels: series.labels,
      made_ms: made.target_ms[0]! - spec.step_ms,
      model: made.model,
      trust: made.trust === 1 && (live?.trusted ?? true) ? 1 : 0,
      skill: Number.isNaN(liveSkill) ? made.skill : liveSkill,
      coverage: live?.coverage ?? new Map(),
      step_ms: spec.step_ms,
      target_ms: made.target_ms,
      quantiles: spec.quantiles,
      values: made.values,
    }
  }

  /** Values that came since the last time, against what had been forecast for them. */
  #judge(spec: ForecastSpec, state: RuleState, series: readonly ResultSeries[]): void {
    for (const { labels, time_ms, value } of series) {
      const skill = state.skill.get(labels.key) ?? new LiveSkill()
      state.skill.set(labels.key, skill)
      const at = new Map(Array.from(time_ms, (time, i) => [time, value[i]!]))
      for (const [i, time] of time_ms.entries()) {
        if (time <= state.judged_ms || !Number.isFinite(value[i]!)) continue
        const forecast = spec.quantiles.map((q) => this.#options.table.judged(spec.name, labels, q, time) ?? Number.NaN)
        if (forecast.every(Number.isFinite))
          skill.judge(value[i]!, spec.quantiles, forecast, at.get(time - DAY_MS) ?? Number.NaN)
      }
    }
    // One that had nothing for a fortnight begins anew.
    const there = new Set(series.map(({ labels }) => labels.key))
    if (there.size > 0) for (const key of state.skill.keys()) if (!there.has(key)) state.skill.delete(key)
    state.judged_ms = Math.max(state.judged_ms, ...series.map(({ time_ms }) => time_ms.at(-1)!))
  }

  /** The same forecasts at the present, for readers that cannot ask for the future. */
  #writeAhead(spec: ForecastSpec, forecasts: readonly Forecast[], time_ms: number): void {
    const derived = new DerivedSamples(this.#options.writer)
    for (const forecast of forecasts) {
      for (const ahead_ms of AHEAD_MS.filter((ms) => ms <= spec.horizon_ms)) {
        const at = forecast.target_ms.findIndex((target) => target >= time_ms + ahead_ms)
        if (at === -1) continue
        for (const [i, quantile] of forecast.quantiles.entries()) {
          const labels = forecastLabels(AHEAD_METRIC, forecast, quantile).with('horizon', formatDuration(ahead_ms))
          derived.add(AHEAD, labels, time_ms, forecast.values[i]![at]!)
        }
      }
    }
    derived.flush()
  }

  save(): Uint8Array {
    const rules = [...this.#states].map(([key, { made_ms, judged_ms, forecasts, skill }]) => ({
      key,
      made_ms: Number.isFinite(made_ms) ? made_ms : null,
      judged_ms: Number.isFinite(judged_ms) ? judged_ms : null,
      forecasts: forecasts.map(packForecast),
      skill: [...skill].map(([series, live]) => [series, live.save()] as const),
    }))
    return Buffer.from(JSON.stringify({ version: VERSION, rules, table: this.#options.table.save() }))
  }

  load(bytes: Uint8Array): void {
    const state = JSON.parse(Buffer.from(bytes).toString()) as {
      version: number
      rules: RuleRecord[]
      table: TrackState[]
    }
    if (state.version !== VERSION)
      throw new ServiceError('bad_data', `forecasts of version ${state.version}; this program reads ${VERSION}`)
    this.#states.clear()
    for (const { key, made_ms, judged_ms, forecasts, skill } of state.rules) {
      this.#states.set(key, {
        made_ms: made_ms ?? -Infinity,
        judged_ms: judged_ms ?? -Infinity,
        forecasts: forecasts.map(unpackForecast),
        skill: new Map(skill.map(([series, saved]) => [series, LiveSkill.load(saved)])),
      })
    }
    this.#options.table.load(state.table)
  }
}
