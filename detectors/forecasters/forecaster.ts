/** Values of one series on a regular grid, oldest first; no gaps (`grid.ts` has filled them). */
export interface History {
  readonly value: Float64Array
  /** Steps of a day; 0 when the history is too short for a season. */
  readonly period: number
}

/** A model whose parameters are set. */
export interface Fitted {
  /**
   * Goes through the history once and forecasts at each origin (ascending; an origin is the number of values known) for 1…`steps`
   * ahead, from these values alone. `visit` gets a buffer that the next call overwrites.
   */
  roll(origins: readonly number[], steps: number, visit: (origin: number, forecast: Float64Array) => void): void
}

export interface Forecaster {
  readonly name: string
  /** Fewest values with which `fit` makes sense. */
  minimum(period: number): number
  /** `steps`: how far ahead the forecast will be used. Deterministic; finite input gives finite forecasts. */
  fit(history: History, steps: number): Fitted
}
