/** A `forecast` rule, read and checked. */
export interface ForecastSpec {
  /** File, group and name: state is kept under it over restarts and reloads. */
  readonly key: string
  readonly name: string
  readonly expr: string
  readonly horizon_ms: number
  readonly step_ms: number
  readonly interval_ms: number
  /** Ascending, inside 0…1. */
  readonly quantiles: readonly number[]
}

/** What the rule engine asks of forecasting. */
export interface Forecasting {
  setRules(specs: readonly ForecastSpec[]): void
  /**
   * Called at each rule step that is due, in order, with the newest step only when several are behind: judges passed targets
   * against what came, refits when it is time, replaces the rule's forecasts.
   */
  step(rule: string, time_ms: number): Promise<void>
}
