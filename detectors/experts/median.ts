import { insertSorted, madSorted, quantileSorted, removeSorted } from '#core/stats/sorted-window.ts'

import type { Rows } from '../kinds/rows.ts'
import type { Expert } from './expert.ts'

/** MAD of a Gaussian is 0.6745 of its standard deviation. */
const MAD_TO_SIGMA = 1.4826
const MIN_COUNT = 3
/** Kept however old they are: a window shorter than the cadence must not be empty. */
const KEPT = 8
/** The MAD of fewer says little: the scatter of all residuals is better known. */
const SPREAD_COUNT = 20

export interface MedianOptions {
  /** Length of the window. */
  readonly window_ms: number
  /** Samples it may hold; samples that come closer than `window_ms / slots` are thinned out. */
  readonly slots: number
}

/** Rolling median and MAD, exact, over a window of time: a ring in order of time beside the same values in order of size. */
export function median(rows: Rows, { window_ms, slots }: MedianOptions): Expert {
  const ring = rows.column(Float32Array, slots)
  const sorted = rows.column(Float32Array, slots)
  const seconds = rows.column(Uint32Array, slots)
  const start = rows.column(Uint16Array)
  const count = rows.column(Uint16Array)
  // A little under the even share, so that samples at exactly that distance are all taken.
  const spacing_s = (window_ms / 1000 / slots) * 0.8

  const dropOldest = (row: number): void => {
    const from = start.data[row]!
    const held = count.data[row]!
    removeSorted(sorted.data, row * slots, held, ring.data[row * slots + from]!)
    start.data[row] = (from + 1) % slots
    count.data[row] = held - 1
  }
  const add = (row: number, second: number, value: number): void => {
    const base = row * slots
    while (count.data[row]! > KEPT && second - seconds.data[base + start.data[row]!]! > window_ms / 1000)
      dropOldest(row)
    if (count.data[row] === slots) dropOldest(row)
    const held = count.data[row]!
    const at = base + ((start.data[row]! + held) % slots)
    ring.data[at] = value
    seconds.data[at] = second
    // Through the ring's own precision, so that it is found again when it leaves.
    insertSorted(sorted.data, base, held, Math.fround(value))
    count.data[row] = held + 1
  }
  const predict = (row: number): number => {
    const held = count.data[row]!
    return held < MIN_COUNT ? NaN : quantileSorted(sorted.data, row * slots, held, 0.5)
  }
  return {
    name: 'median',
    predict,
    learn(row, time_ms, value) {
      const second = Math.max(0, Math.floor(time_ms / 1000))
      const held = count.data[row]!
      const newest = row * slots + ((start.data[row]! + held + slots - 1) % slots)
      // A young window takes everything: thinning waits until there is something to spare.
      if (held >= KEPT && second - seconds.data[newest]! < spacing_s) return
      add(row, second, value)
    },
    rebase(row, time_ms, value) {
      count.data[row] = 0
      for (let i = 0; i < MIN_COUNT; i++) add(row, Math.max(0, Math.floor(time_ms / 1000)), value)
    },
    spread(row) {
      const held = count.data[row]!
      if (held < SPREAD_COUNT) return NaN
      return MAD_TO_SIGMA * madSorted(sorted.data, row * slots, held, predict(row))
    },
  }
}
