import { z } from '@hono/zod-openapi'

import type { Forecast } from '#core/forecast.ts'

import { labels, number, time, timeOf } from './present.ts'

/** By quantile, written as people write it: `"0.95"`. */
const byQuantile = z.record(z.string(), z.number())

const SeriesForecastForm = z.object({
  labels,
  made_at: time,
  model: z.string(),
  trust: z.union([z.literal(0), z.literal(1)]),
  skill: z.number().optional(),
  coverage: byQuantile.optional(),
  points: z.array(z.object({ at: time, quantiles: byQuantile })),
})

export const ForecastForm = z.object({ query: z.string(), series: z.array(SeriesForecastForm) }).openapi('Forecast')

/** Which points and quantiles of a forecast are shown. */
export interface ForecastView {
  readonly until_ms: number
  /** Every n-th point. */
  readonly stride: number
  readonly quantiles: readonly number[]
}

function pointsOf(forecast: Forecast, view: ForecastView): z.input<typeof SeriesForecastForm>['points'] {
  const columns = view.quantiles.flatMap((q) => {
    const values = forecast.values[forecast.quantiles.indexOf(q)]
    return values === undefined ? [] : [[String(q), values] as const]
  })
  const points: z.input<typeof SeriesForecastForm>['points'] = []
  for (let i = view.stride - 1; i < forecast.target_ms.length; i += view.stride) {
    const target_ms = forecast.target_ms[i]!
    if (target_ms > view.until_ms) break
    const pairs = columns.map(([q, values]) => [q, values[i]!] as const).filter(([, value]) => Number.isFinite(value))
    points.push({ at: timeOf(target_ms), quantiles: Object.fromEntries(pairs) })
  }
  return points
}

export function seriesForecastForm(forecast: Forecast, view: ForecastView): z.input<typeof SeriesForecastForm> {
  const coverage = [...forecast.coverage].filter(([, share]) => Number.isFinite(share))
  return {
    labels: forecast.labels.toJSON(),
    made_at: timeOf(forecast.made_ms),
    model: forecast.model,
    trust: forecast.trust,
    skill: number(forecast.skill),
    coverage: coverage.length === 0 ? undefined : Object.fromEntries(coverage),
    points: pointsOf(forecast, view),
  }
}
