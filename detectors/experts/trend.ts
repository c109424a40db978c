import { gain } from '#core/stats/ewma.ts'

import type { Rows } from '../kinds/rows.ts'
import type { Expert } from './expert.ts'

const LEVEL_MS = 5 * 60_000
const SLOPE_MS = 60 * 60_000
/** A slope is not believed further ahead than this, however long the gap. */
const REACH_MS = 2 * 60 * 60_000
/** Samples before it speaks: a slope of two points is noise. */
const MIN_COUNT = 8

/** Level and slope (Holt's linear trend) with weights by elapsed time: growth, ramps, draining queues. */
export function trend(rows: Rows): Expert {
  const level = rows.column(Float64Array)
  const slope = rows.column(Float64Array)
  const last_ms = rows.column(Float64Array)
  const count = rows.column(Uint32Array)
  const ahead = (row: number, time_ms: number): number =>
    level.data[row]! + slope.data[row]! * Math.min(time_ms - last_ms.data[row]!, REACH_MS)
  return {
    name: 'trend',
    predict: (row, time_ms) => (count.data[row]! < MIN_COUNT ? NaN : ahead(row, time_ms)),
    learn(row, time_ms, value, dt_ms) {
      const seen = count.data[row]!
      // Since its own last sample, which may be older than that of the row: what was held back is not learned.
      const since_ms = seen === 0 ? 0 : time_ms - last_ms.data[row]!
      if (seen === 0) level.data[row] = value
      else {
        const expected = ahead(row, time_ms)
        const error = value - expected
        const weight = gain(dt_ms, LEVEL_MS, seen)
        level.data[row] = expected + weight * error
        slope.data[row]! += (weight * gain(dt_ms, SLOPE_MS, seen) * error) / since_ms
      }
      last_ms.data[row] = time_ms
      count.data[row] = seen + 1
    },
    rebase(row, time_ms, value) {
      level.data[row] = value
      slope.data[row] = 0
      last_ms.data[row] = time_ms
    },
  }
}
