import type { Reach } from '#core/reach.ts'

/** Input that ended in the past may go on: history comes in pieces, a source comes back. After so long without more, analysis time, it is over. */
export const PATIENCE_MS = 300_000

/** How far a rule is. Everything is −Infinity before the first. */
export interface Progress {
  /** The last step evaluated with input. */
  readonly mark_ms: number
  /** The newest step looked at, with input or without. */
  readonly looked_ms: number
  /** Analysis time at which more input was last seen. */
  readonly grown_ms: number
}

export interface Moment {
  /** Analysis time. */
  readonly time_ms: number
  /** The newest step that is due. */
  readonly due_ms: number
  readonly interval_ms: number
  readonly lateness_ms: number
}

/** Steps, both ends included. */
export interface Span {
  readonly from_ms: number
  readonly to_ms: number
}

/** Which steps are to be evaluated now; undefined where there are none. */
export interface Due {
  readonly input: Span | undefined
  /** Steps at which all input is over, or never was: for those who say something then. */
  readonly empty: Span | undefined
}

export const floorTo = (time_ms: number, step_ms: number): number => Math.floor(time_ms / step_ms) * step_ms
export const ceilTo = (time_ms: number, step_ms: number): number => Math.ceil(time_ms / step_ms) * step_ms

const span = (from_ms: number, to_ms: number): Span | undefined => (from_ms <= to_ms ? { from_ms, to_ms } : undefined)

/**
 * Input that still counts at the newest due step, or that has been over for `PATIENCE_MS`, is followed to its end. Other input (history, a
 * backlog) is followed as far as it has come, since what comes next may still be on its way: the same steps then have the same input
 * as if it had come live, in whatever pieces it comes.
 */
export function dueSteps({ mark_ms, looked_ms, grown_ms }: Progress, reach: Reach | undefined, moment: Moment): Due {
  const { time_ms, due_ms, interval_ms, lateness_ms } = moment
  // Not from the mark itself: a reload may have changed the interval.
  const after = (step_ms: number): number => floorTo(step_ms, interval_ms) + interval_ms
  if (reach === undefined) return { input: undefined, empty: span(Math.max(after(looked_ms), due_ms), due_ms) }
  const last_ms = ceilTo(reach.until_ms, interval_ms) - interval_ms
  const settled = due_ms <= last_ms || time_ms - grown_ms >= PATIENCE_MS
  const come_ms = settled ? last_ms : floorTo(reach.newest_ms - lateness_ms, interval_ms)
  const first_ms = Math.max(ceilTo(reach.from_ms, interval_ms), after(mark_ms))
  const input = span(first_ms, Math.min(due_ms, come_ms))
  const next_ms = input === undefined ? first_ms : after(input.to_ms)
  return {
    input,
    empty: next_ms > last_ms ? span(Math.max(after(looked_ms), last_ms + interval_ms), due_ms) : undefined,
  }
}
