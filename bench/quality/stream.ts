import { Draw } from './draw.ts'
import type { Series } from './series.ts'
import type { Shape } from './shapes.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
export const WEEK_MS = 7 * DAY_MS

/** A Monday, four weeks before clocks change in Europe. */
const START_MS = Date.UTC(2026, 2, 2)

/** Values in order of time: called once a sample, `dt_ms` after the one before. */
export type Flow = (time_ms: number, dt_ms: number) => number

/** A kind of series in which nothing happens that anybody would want to hear of. */
export interface Stream {
  readonly name: string
  /** Between samples, unless another is asked for. */
  readonly step_ms: number
  /** Faults that would be one here: a zero among low counts is none. */
  readonly faults: readonly Shape[]
  /** What a peak that fails to come, or comes twice as often, is measured by. */
  readonly period_ms?: number
  /** Draws its levels, amplitudes and noise: two seeds are two different series of the kind. */
  begin(draw: Draw): Flow
  /** Time to the next sample, where it is not the step. */
  pause?(draw: Draw, step_ms: number, time_ms: number): number
}

export function seriesOf(
  stream: Stream,
  { seed, weeks, step_ms }: { seed: number; weeks: number; step_ms: number },
): Series {
  const step = step_ms > 0 ? step_ms : stream.step_ms
  const draw = new Draw(seed, stream.name)
  const next = stream.begin(draw)
  const times: number[] = []
  const values: number[] = []
  const end_ms = START_MS + weeks * WEEK_MS
  let dt_ms = step
  for (let time_ms = START_MS; time_ms < end_ms; time_ms += dt_ms) {
    times.push(time_ms)
    values.push(next(time_ms, dt_ms))
    dt_ms = stream.pause?.(draw, step, time_ms) ?? step
  }
  return {
    name: `${stream.name} ${seed}`,
    time_ms: Float64Array.from(times),
    value: Float64Array.from(values, (value) => Math.round(value * 1e6) / 1e6),
  }
}

/** Position in the day, [0, 1). */
const ofDay = (time_ms: number): number => (time_ms % DAY_MS) / DAY_MS

/** A working day's wave about 1: `depth` below at night, about as much above by day; a lunch dip on top of it. */
export function day(time_ms: number, depth: number): number {
  const x = 2 * Math.PI * (ofDay(time_ms) - 0.33)
  return 1 + depth * (0.85 * Math.sin(x) + 0.2 * Math.sin(2 * x + 1))
}

/** Saturday and Sunday in UTC. */
export const weekend = (time_ms: number): boolean => [0, 6].includes(new Date(time_ms).getUTCDay())
