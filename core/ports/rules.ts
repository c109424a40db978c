/** A rule group as `/api/v1/rules` shows it. Times are event times, durations ms. */
export interface RuleGroupInfo {
  readonly name: string
  readonly file: string
  readonly interval_ms: number
  readonly evaluated_ms: number
  readonly evaluation_duration_ms: number
  /** Most series or alerts of one rule; 0: no limit. */
  readonly limit?: number
  /** The upstream that evaluates it. */
  readonly datasource?: string | undefined
  readonly rules: readonly RuleInfo[]
}

export interface RuleInfo {
  /** Its state is kept under it: file, group, kind and name. */
  readonly key?: string
  readonly kind: 'record' | 'alert' | 'anomaly' | 'forecast'
  readonly name: string
  readonly expr: string
  readonly for_ms: number
  readonly keep_firing_ms?: number
  readonly labels: Readonly<Record<string, string>>
  /** Raw templates. */
  readonly annotations: Readonly<Record<string, string>>
  readonly health: 'ok' | 'err' | 'unknown'
  readonly last_error: string
  readonly evaluated_ms: number
  /** What its newest evaluation took, wall clock: its cost. */
  readonly evaluation_duration_ms?: number
  /** Alerts that began to fire in the week before the newest evaluation: its noise. */
  readonly fired_last_week?: number
  /** Of an anomaly rule: findings that were opened in the last week of analysis time, of those that are kept. */
  readonly found_last_week?: number
  /** Of an anomaly rule: series that it follows, and bytes of what it knows of them: its cost, where samples are judged as they come. */
  readonly series?: number
  readonly bytes?: number
  /** Of these series, those of which too little is known as yet: their bands are wide. */
  readonly learning?: number
}

export interface RuleReader {
  groups(): readonly RuleGroupInfo[]
}
