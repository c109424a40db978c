import type { Forecast } from '#core/forecast.ts'
import type { Hint } from '#core/hint.ts'

import { leadOf, type Policy, quantileOf } from './policy.ts'

/** A hint from before a gap still says what runs for so long. */
const REMEMBERED_MS = 3_600_000

/** Demand as it is known at a decision. */
export interface Demand {
  /** Analysis time of the decision. */
  readonly as_of_ms: number
  /** Until when it may be acted on. */
  readonly expires_ms: number
  readonly present: number
  readonly forecast: Forecast | undefined
}

/** Replicas that carry a demand; a hair above a whole number is rounding, not demand. */
export function replicasFor(demand: number, capacity: number): number {
  return Math.max(0, Math.ceil(demand / capacity - 1e-9))
}

/**
 * A quantile of a forecast at its step `at`, linear between the two nearest that were made: a little high in a tail, as is safe. The outermost
 * beyond them.
 */
export function quantileAt({ quantiles, values }: Forecast, at: number, quantile: number): number {
  const above = quantiles.findIndex((q) => q >= quantile)
  const value = (i: number): number => values[i]?.[at] ?? Number.NaN
  if (above === -1) return value(quantiles.length - 1)
  const [low, high] = [quantiles[above - 1], quantiles[above]!]
  if (low === undefined || high === quantile) return value(above)
  return value(above - 1) + ((value(above) - value(above - 1)) * (quantile - low)) / (high - low)
}

/** The step of a forecast at which a quantile of demand is highest, from the moment new capacity is ready until the next decision's could be. */
function peak(forecast: Forecast, policy: Policy, as_of_ms: number): { demand: number; at: number } | undefined {
  const ready_ms = as_of_ms + leadOf(policy)
  let best: { demand: number; at: number } | undefined
  for (const [at, target_ms] of forecast.target_ms.entries()) {
    // A target stands for the step that it ends, which may be longer than the lead.
    if (target_ms < ready_ms || target_ms - forecast.step_ms >= ready_ms + leadOf(policy)) continue
    const demand = quantileAt(forecast, at, quantileOf(policy))
    if (Number.isFinite(demand) && (best === undefined || demand > best.demand)) best = { demand, at }
  }
  return best
}

/**
 * The most that was wanted within `down.stabilize`, with the hint that stood when that began: after a gap (a restart, a source that was silent) the first
 * numbers may be of a few senders only, and replicas that are needed would be gone. `recent`: newest first.
 */
function highest(policy: Policy, as_of_ms: number, recent: readonly Hint[]): number {
  let most = 0
  for (const hint of recent) {
    if (hint.as_of_ms < as_of_ms - Math.max(REMEMBERED_MS, policy.down.stabilize)) break
    most = Math.max(most, hint.value)
    if (hint.as_of_ms <= as_of_ms - policy.down.stabilize) break
  }
  return most
}

/**
 * The hint of a policy. Up at once; down not below the most that was wanted within `down.stabilize`, and by at most `down.step` of it in that time.
 * Without a trusted forecast the present demand decides. `recent`: earlier hints, newest first.
 */
export function plan(policy: Policy, demand: Demand, recent: readonly Hint[]): Hint {
  const { capacity, min, max } = policy
  const { as_of_ms, expires_ms, present, forecast } = demand
  const within = (replicas: number): number => Math.min(max, Math.max(min, replicas))
  const lead_ms = leadOf(policy)
  const trusted = forecast?.trust === 1 ? forecast : undefined
  const ahead = trusted === undefined ? undefined : peak(trusted, policy, as_of_ms)
  const deciding = ahead !== undefined && ahead.demand > present ? ahead : undefined
  const wanted = within(replicasFor(deciding?.demand ?? present, capacity))
  const bound = (q: number): number => {
    const value = trusted === undefined || ahead === undefined ? Number.NaN : quantileAt(trusted, ahead.at, q)
    return Number.isFinite(value) ? within(replicasFor(value, capacity)) : wanted
  }
  const most = highest(policy, as_of_ms, recent)
  const floor = most - Math.max(1, Math.floor(most * policy.down.step))
  return {
    policy: policy.name,
    value: Math.max(wanted, within(floor)),
    needed_now: within(replicasFor(present, capacity)),
    min,
    max,
    lower: bound(0.1),
    upper: Math.max(wanted, bound(0.99)),
    lead_ms,
    target_ms: ahead === undefined ? as_of_ms + lead_ms : trusted!.target_ms[ahead.at]!,
    as_of_ms,
    expires_ms,
    trust: ahead === undefined ? 0 : 1,
    demand: deciding?.demand ?? present,
    quantile: deciding === undefined ? Number.NaN : quantileOf(policy),
    capacity,
  }
}
