import type { Labels } from './series.ts'

/** Quantiles of one series at future times. `values[q][i]` belongs to `quantiles[q]` and `target_ms[i]`. */
export interface Forecast {
  /** The forecast rule, or the query where it was made on demand. */
  readonly rule: string
  readonly labels: Labels
  /** Event time of the newest sample it knows. */
  readonly made_ms: number
  readonly model: string
  /** 1 while not worse than seasonal-naive, else 0. */
  readonly trust: 0 | 1
  /** 1 − pinball loss / that of seasonal-naive; NaN while unknown. */
  readonly skill: number
  /** Share of actual values at or below each quantile so far, by quantile; empty while unknown. */
  readonly coverage: ReadonlyMap<number, number>
  readonly step_ms: number
  readonly target_ms: Float64Array
  readonly quantiles: readonly number[]
  readonly values: readonly Float64Array[]
}
