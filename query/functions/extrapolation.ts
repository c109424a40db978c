import type { Window } from './window.ts'

/**
 * By how much an increase between the first and last sample grows over the whole window. A gap to an edge of less than 1.1 average
 * intervals is bridged, of a longer one half an interval; backwards a counter not past the time at which it would have been zero.
 */
export function extrapolation(
  { time_ms, from, to, end_ms, range_ms }: Window,
  counter: { readonly first: number; readonly increase: number } | undefined,
): number {
  const sampled_s = (time_ms[to - 1]! - time_ms[from]!) / 1000
  const interval_s = sampled_s / (to - from - 1)
  const bridge = (gap_s: number): number => (gap_s >= interval_s * 1.1 ? interval_s / 2 : gap_s)
  let start_s = bridge((time_ms[from]! - (end_ms - range_ms)) / 1000)
  if (counter !== undefined && counter.increase > 0 && counter.first >= 0) {
    start_s = Math.min(start_s, sampled_s * (counter.first / counter.increase))
  }
  const end_s = bridge((end_ms - time_ms[to - 1]!) / 1000)
  return (sampled_s + start_s + end_s) / sampled_s
}
