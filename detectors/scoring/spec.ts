import type { Matcher } from '#core/ports/series-reader.ts'
import type { Verdict } from '#core/score.ts'
import type { Labels } from '#core/series.ts'

/** An `anomaly` rule, read and checked. */
export interface AnomalySpec {
  /** File, group and name: state is kept under it over restarts and reloads. */
  readonly key: string
  readonly name: string
  /** Parsed by the schema of the kind (`kinds.ts`); `{kind: 'auto'}` where the rule says nothing. */
  readonly detector: { readonly kind: string } & Readonly<Record<string, unknown>>
  readonly direction: 'up' | 'down' | 'both'
  /** False alarms a week allowed over all series of the rule. */
  readonly budget_per_week: number
  readonly evidence: boolean
  readonly for_ms: number
  readonly interval_ms: number
  /** Set where the rule is one plain selector: its samples are scored as they arrive; else at rule steps. */
  readonly plain: readonly Matcher[] | null
  /** Labels and annotations of the rule, templates expanded for a series at its peak. */
  render(facts: { readonly labels: Labels; readonly value: number; readonly expected: number }): {
    readonly severity: string
    readonly annotations: Readonly<Record<string, string>>
  }
}

/** The one mechanism of scoring: streaming samples and rule steps both end here. */
export interface Scoring {
  /** Replaces the rules; what is known of a series under an unchanged key stays. */
  setRules(specs: readonly AnomalySpec[]): void
  /** What a rule reads is known up to here, and comes from elsewhere: silence behind it means nothing. */
  known(rule: string, until_ms: number): void
  /** The row of a series under a rule, made when new; throws `ServiceError('overloaded')` at `limits.scored_series`. */
  row(rule: string, labels: Labels, about: { readonly metric: string; readonly unit: string }): number
  /** Judges one value (ascending time within a row; others are ignored and counted), then learns from it. The verdict is reused by the next call. */
  score(row: number, time_ms: number, value: number): Readonly<Verdict>
}
