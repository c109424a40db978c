import type { Labels } from './series.ts'

/** What a detector says of one sample. Anomalous when `score >= 1`; band cells are NaN while it has none. */
export interface Verdict {
  score: number
  expected: number
  lower: number
  upper: number
}

/** Nothing is said of the sample: no score, no band. */
export function unjudged(out: Verdict): void {
  out.score = 0
  out.expected = NaN
  out.lower = NaN
  out.upper = NaN
}

/** The newest verdict on a series of a rule, for `/metrics` and the console. */
export interface ScoredSeries {
  readonly rule: string
  readonly metric: string
  /** Of what is judged: that of a rate where the series is a counter. UCUM or ''. */
  readonly unit: string
  readonly labels: Labels
  readonly time_ms: number
  readonly value: number
  readonly verdict: Readonly<Verdict>
}
