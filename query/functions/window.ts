/** The samples `from … to - 1` of a series at one step: never none. The object is used again for the next step. */
export interface Window {
  readonly time_ms: Float64Array
  readonly value: Float64Array
  /** How many samples each stands for; not there: one. */
  readonly weight?: Float64Array | undefined
  from: number
  to: number
  /** The window is `(end_ms - range_ms, end_ms]`. */
  end_ms: number
  readonly range_ms: number
  /** Index of the step, for arguments that change with it. */
  step: number
}
