import { gain } from '#core/stats/ewma.ts'

import type { Rows } from '../kinds/rows.ts'
import type { Expert } from './expert.ts'

/** Exponentially weighted mean. With a short time constant it follows what wanders, with a long one what rests. */
export function recent(rows: Rows, { name = 'recent', tau_ms = 60_000 } = {}): Expert {
  const level = rows.column(Float64Array)
  const count = rows.column(Uint32Array)
  return {
    name,
    predict: (row) => (count.data[row] === 0 ? NaN : level.data[row]!),
    learn(row, _time_ms, value, dt_ms) {
      const seen = count.data[row]!
      const old = level.data[row]!
      level.data[row] = seen === 0 ? value : old + gain(dt_ms, tau_ms, seen) * (value - old)
      count.data[row] = seen + 1
    },
    rebase(row, _time_ms, value) {
      level.data[row] = value
    },
  }
}
