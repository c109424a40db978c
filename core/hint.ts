/** Wanted replicas at a time. Times are event times but `expires_ms`, which is compared with the wall clock. */
export interface Hint {
  readonly policy: string
  /** Wanted: what `lower`…`upper` quantiles of demand at `target_ms` need, within min and max, after the down rule. */
  readonly value: number
  readonly needed_now: number
  /** Replicas running now; absent when nobody told us. */
  readonly current?: number
  readonly min: number
  readonly max: number
  readonly lower: number
  readonly upper: number
  readonly lead_ms: number
  readonly target_ms: number
  readonly as_of_ms: number
  readonly expires_ms: number
  readonly trust: 0 | 1
  /** Facts for the sentence: the demand that decided, its quantile (NaN: present demand), capacity of a replica. */
  readonly demand: number
  readonly quantile: number
  readonly capacity: number
}
