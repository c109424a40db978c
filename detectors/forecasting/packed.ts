import type { Forecast } from '#core/forecast.ts'
import { Labels } from '#core/series.ts'

/** A forecast as JSON: columns as lists, NaN as null. */
export interface PackedForecast extends Omit<Forecast, 'labels' | 'skill' | 'coverage' | 'target_ms' | 'values'> {
  readonly labels: Readonly<Record<string, string>>
  readonly skill: number | null
  readonly coverage: readonly (readonly [number, number])[]
  readonly target_ms: readonly number[]
  readonly values: readonly (readonly number[])[]
}

export function packForecast(forecast: Forecast): PackedForecast {
  const { labels, skill, coverage, target_ms, values, ...rest } = forecast
  return {
    ...rest,
    labels: labels.toJSON(),
    skill: Number.isNaN(skill) ? null : skill,
    coverage: [...coverage],
    target_ms: [...target_ms],
    values: values.map((column) => [...column]),
  }
}

export function unpackForecast({ labels, skill, coverage, target_ms, values, ...rest }: PackedForecast): Forecast {
  return {
    ...rest,
    labels: Labels.of(labels),
    skill: skill ?? Number.NaN,
    coverage: new Map(coverage),
    target_ms: Float64Array.from(target_ms),
    values: values.map((column) => Float64Array.from(column)),
  }
}
