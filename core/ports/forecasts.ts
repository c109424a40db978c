import type { Forecast } from '../forecast.ts'

export interface ForecastRequest {
  readonly query: string
  readonly horizon_ms: number
  readonly step_ms: number
  readonly quantiles: readonly number[]
}

export interface ForecastReader {
  /** The newest forecasts of a rule, one a series; undefined when no forecast rule has that name. */
  ofRule(name: string): readonly Forecast[] | undefined
  /** Made on demand for any PromQL, from the history that is there. */
  make(request: ForecastRequest): Promise<readonly Forecast[]>
}
