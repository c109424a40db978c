import type { Window } from './window.ts'

/** Between the last two samples. After a reset a counter began at zero. */
export function lastIncrease(
  { time_ms, value, from, to }: Window,
  counter: boolean,
): { increase: number; interval_ms: number } | undefined {
  if (to - from < 2) return undefined
  const [before, last] = [value[to - 2]!, value[to - 1]!]
  const increase = counter && last < before ? last : last - before
  return { increase, interval_ms: time_ms[to - 1]! - time_ms[to - 2]! }
}
