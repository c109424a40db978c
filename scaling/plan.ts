import type { Forecast } from '#core/forecast.ts'
import type { Hint } from '#core/hint.ts'

import { leadOf, type Policy, quantileOf } from './policy.ts'

/** How long a hint may be acted on after the newest sample it knows. */
const EXPIRES_AFTER_MS = 300_000

/** Demand as it is known at a step. `as_of_ms`: event time of the step. */
export interface Demand {
  readonly as_of_ms: number
  readonly present: number
  readonly forecast: Forecast | undefined
}

/** Replicas that carry a demand; a hair above a whole number is rounding, not demand. */
export function replicasFor(demand: number, capacity: number): number {
  return Math.max(0, Math.ceil(demand / capacity - 1e-9))
}

/**
 * A quantile of a forecast at a time: the step that holds there, linear between the two nearest quantiles that were made, the outermost
 * beyond them. NaN where the forecast does not reach.
 */
export function quantileAt(forecast: Forecast, time_ms: number, quantile: number): number {
  const { target_ms, step_ms, quantiles, values } = forecast
  let at = -1
  while (at + 1 < target_ms.length && target_ms[at + 1]! <= time_ms) at++
  if (at < 0 || time_ms >= target_ms[at]! + step_ms) return Number.NaN
  const above = quantiles.findIndex((q) => q >= quantile)
  const value = (i: number): number => values[i]?.[at] ?? Number.NaN
  if (above === -1) return value(quantiles.length - 1)
  const [low, high] = [quantiles[above - 1], quantiles[above]!]
  if (low === undefined || high === quantile) return value(above)
  return value(above - 1) + ((value(above) - value(above - 1)) * (quantile - low)) / (high - low)
}

/** The highest quantile of demand from the moment new capacity is ready until the next decision could be. */
function peak(forecast: Forecast, policy: Policy, as_of_ms: number): { demand: number; target_ms: number } | undefined {
  const ready_ms = as_of_ms + leadOf(policy)
  let best: { demand: number; target_ms: number } | undefined
  for (const target_ms of [ready_ms, ...forecast.target_ms]) {
    if (target_ms < ready_ms || target_ms > ready_ms + leadOf(policy)) continue
    const demand = quantileAt(forecast, target_ms, quantileOf(policy))
    if (Number.isFinite(demand) && (best === undefined || demand > best.demand)) best = { demand, target_ms }
  }
  return best
}

/**
 * The hint of a policy. Up at once; down not below the most that was wanted within `down.stabilize`, and by at most `down.step` of it in that time.
 * Without a trusted forecast the present demand decides. `recent`: earlier hints, newest first.
 */
export function plan(policy: Policy, demand: Demand, recent: readonly Hint[]): Hint {
  const { capacity, min, max } = policy
  const within = (replicas: number): number => Math.min(max, Math.max(min, replicas))
  const lead_ms = leadOf(policy)
  const neededNow = within(replicasFor(demand.present, capacity))
  const trusted = demand.forecast?.trust === 1 ? demand.forecast : undefined
  const ahead = trusted === undefined ? undefined : peak(trusted, policy, demand.as_of_ms)
  const deciding = ahead !== undefined && ahead.demand > demand.present ? ahead : undefined
  const wanted = within(replicasFor(deciding?.demand ?? demand.present, capacity))
  const target_ms = deciding?.target_ms ?? ahead?.target_ms ?? demand.as_of_ms + lead_ms
  const bound = (q: number): number => {
    const value = trusted === undefined ? Number.NaN : quantileAt(trusted, target_ms, q)
    return Number.isFinite(value) ? within(replicasFor(value, capacity)) : wanted
  }
  const since_ms = demand.as_of_ms - policy.down.stabilize
  const highest = Math.max(0, ...recent.filter(({ as_of_ms }) => as_of_ms > since_ms).map(({ value }) => value))
  const floor = highest - Math.max(1, Math.floor(highest * policy.down.step))
  return {
    policy: policy.name,
    value: Math.max(wanted, within(Math.min(highest, floor))),
    needed_now: neededNow,
    min,
    max,
    lower: bound(0.1),
    upper: Math.max(wanted, bound(0.99)),
    lead_ms,
    target_ms,
    as_of_ms: demand.as_of_ms,
    expires_ms: demand.as_of_ms + EXPIRES_AFTER_MS,
    trust: ahead === undefined ? 0 : 1,
    demand: deciding?.demand ?? demand.present,
    quantile: deciding === undefined ? Number.NaN : quantileOf(policy),
    capacity,
  }
}
