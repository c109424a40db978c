import type { Forecast } from '#core/forecast.ts'
import { compileMatchers } from '#core/matching.ts'
import type { Matcher, MetricMetadata, SeriesReader, SeriesSlice, TimeRange } from '#core/ports/series-reader.ts'
import { Labels } from '#core/series.ts'

import { forecastLabels } from './labels.ts'

export const FORECAST_METRIC = 'barograph_forecast'

/** Targets of one forecast series, kept by target time. */
interface Track {
  readonly labels: Labels
  readonly quantile: number
  /** Value and time made, newest made of each target. */
  readonly newest: Map<number, number>
  /** The last one made at least `lead` before its target: what counts once the target has passed. */
  readonly frozen: Map<number, number>
  /** When the newest forecast was made: targets up to here have passed. */
  made_ms: number
}

export interface TrackState {
  readonly rule: string
  readonly labels: Readonly<Record<string, string>>
  readonly quantile: number
  readonly made_ms: number
  readonly newest: readonly (readonly [number, number])[]
  readonly frozen: readonly (readonly [number, number])[]
}

export interface TableOptions {
  /** A forecast counts for a target when it was made this long before. */
  readonly lead_ms: number
  readonly retention_ms: number
}

/**
 * Forecasts by rule, series, quantile and target time; read as series `barograph_forecast` whose samples may lie in the future.
 */
export class ForecastTable implements SeriesReader {
  readonly #options: TableOptions
  readonly #rules = new Map<string, Map<string, Track>>()

  constructor(options: TableOptions) {
    this.#options = options
  }

  /** Takes the newest forecasts of a rule. */
  put(rule: string, forecasts: readonly Forecast[]): void {
    for (const forecast of forecasts) {
      for (const [i, quantile] of forecast.quantiles.entries())
        this.#putOne(rule, forecast, quantile, forecast.values[i]!)
    }
    const made_ms = forecasts.reduce((newest, forecast) => Math.max(newest, forecast.made_ms), -Infinity)
    this.#dropOld(rule, made_ms - this.#options.retention_ms)
  }

  /** What was forecast for a passed target at least `lead` before it; undefined when nothing was. */
  judged(rule: string, labels: Labels, quantile: number, target_ms: number): number | undefined {
    return this.#rules
      .get(rule)
      ?.get(forecastLabels(FORECAST_METRIC, { rule, labels }, quantile).key)
      ?.frozen.get(target_ms)
  }

  dropRules(keep: ReadonlySet<string>): void {
    for (const rule of this.#rules.keys()) if (!keep.has(rule)) this.#rules.delete(rule)
  }

  select(matchers: readonly Matcher[], { from_ms, to_ms }: TimeRange): SeriesSlice[] {
    return this.#matching(matchers).flatMap((track) => {
      const points = pointsOf(track).filter(([time]) => time >= from_ms && time <= to_ms)
      if (points.length === 0) return []
      return [
        {
          labels: track.labels,
          time_ms: Float64Array.from(points, ([time]) => time),
          value: Float64Array.from(points, ([, value]) => value),
          stale: new Uint8Array(points.length),
        },
      ]
    })
  }

  labelSets(matchers: readonly Matcher[], range?: TimeRange): Labels[] {
    if (range !== undefined) return this.select(matchers, range).map(({ labels }) => labels)
    return this.#matching(matchers).map(({ labels }) => labels)
  }

  extent(matchers: readonly Matcher[]): TimeRange | null {
    const times = this.#matching(matchers).flatMap((track) => [...track.newest.keys()])
    if (times.length === 0) return null
    return times.reduce((range, t) => ({ from_ms: Math.min(range.from_ms, t), to_ms: Math.max(range.to_ms, t) }), {
      from_ms: Infinity,
      to_ms: -Infinity,
    })
  }

  metadata(): MetricMetadata[] {
    if (this.#rules.size === 0) return []
    return [{ name: FORECAST_METRIC, type: 'gauge', unit: '', help: 'Forecast quantiles at their target times' }]
  }

  save(): TrackState[] {
    return [...this.#rules].flatMap(([rule, tracks]) =>
      [...tracks.values()].map(({ labels, quantile, made_ms, newest, frozen }) => ({
        rule,
        made_ms,
        labels: labels.toJSON(),
        quantile,
        newest: [...newest],
        frozen: [...frozen],
      })),
    )
  }

  load(states: readonly TrackState[]): void {
    this.#rules.clear()
    for (const { rule, labels: pairs, quantile, made_ms, newest, frozen } of states) {
      const labels = Labels.of(pairs)
      const track = { labels, quantile, made_ms, newest: new Map(newest), frozen: new Map(frozen) }
      this.#tracks(rule).set(labels.key, track)
    }
  }

  #tracks(rule: string): Map<string, Track> {
    const tracks = this.#rules.get(rule) ?? new Map<string, Track>()
    this.#rules.set(rule, tracks)
    return tracks
  }

  /** Series that are forecast no more go with the last target that is kept. */
  #dropOld(rule: string, before_ms: number): void {
    const tracks = this.#rules.get(rule)
    if (tracks === undefined) return
    for (const [key, { made_ms, newest }] of tracks) {
      if (made_ms < before_ms && Math.max(...newest.keys()) < before_ms) tracks.delete(key)
    }
  }

  #putOne(
    rule: string,
    { labels: series, made_ms, target_ms }: Forecast,
    quantile: number,
    values: Float64Array,
  ): void {
    const tracks = this.#tracks(rule)
    const labels = forecastLabels(FORECAST_METRIC, { rule, labels: series }, quantile)
    const track = tracks.get(labels.key) ?? { labels, quantile, made_ms, newest: new Map(), frozen: new Map() }
    tracks.set(labels.key, track)
    track.made_ms = made_ms
    const { lead_ms, retention_ms } = this.#options
    // Targets beyond the newest horizon would be answers of an older forecast standing beside newer ones.
    for (const target of track.newest.keys()) if (target > made_ms) track.newest.delete(target)
    for (const [i, target] of target_ms.entries()) {
      track.newest.set(target, values[i]!)
      if (target - made_ms >= lead_ms) track.frozen.set(target, values[i]!)
    }
    for (const kept of [track.newest, track.frozen]) {
      for (const target of kept.keys()) {
        if (target >= made_ms - retention_ms) break
        kept.delete(target)
      }
    }
  }

  #matching(matchers: readonly Matcher[]): Track[] {
    const test = compileMatchers(matchers)
    return [...this.#rules.values()]
      .flatMap((tracks) => [...tracks.values()])
      .filter(({ labels }) => test(labels))
      .toSorted((a, b) => (a.labels.key < b.labels.key ? -1 : 1))
  }
}

/** Ascending in time: of the past what was frozen where anything was, of the future the newest. */
function pointsOf({ newest, frozen, made_ms }: Track): [number, number][] {
  return [...newest].map(([target, value]) => [target, target <= made_ms ? (frozen.get(target) ?? value) : value])
}
