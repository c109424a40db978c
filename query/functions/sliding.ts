import type { Budget } from '../evaluate/budget.ts'
import type { MatrixValue, Samples } from '../evaluate/values.ts'
import type { Window } from './window.ts'

/** So many samples lie in windows between two looks whether others should have a turn. */
const SAMPLES_PER_LOOK = 10_000

export interface Looks {
  readonly visit: (window: Window) => void
  /** See `RollupSpec`. */
  readonly effort?: number | undefined
}

/** A window that slides over a series: both ends only move on, as the steps do. */
export class Sliding {
  readonly #end_ms: Float64Array
  readonly #window: Window
  #next = 0

  constructor({ time_ms, value, weight }: Samples, { end_ms, range_ms }: MatrixValue) {
    this.#end_ms = end_ms
    this.#window = { time_ms, value, weight, from: 0, to: 0, end_ms: 0, range_ms, step: 0 }
  }

  /** Goes on with the windows that are not empty; false: others should have a turn before it goes on. */
  go({ visit, effort }: Looks, budget: Budget): boolean {
    const window = this.#window
    const { time_ms, range_ms } = window
    const end_ms = this.#end_ms
    let { from, to } = window
    let seen = 0
    for (let i = this.#next; i < end_ms.length; i++) {
      const end = end_ms[i]!
      while (to < time_ms.length && time_ms[to]! <= end) to++
      while (from < to && time_ms[from]! <= end - range_ms) from++
      if (from === to) continue
      window.from = from
      window.to = to
      window.end_ms = end
      window.step = i
      visit(window)
      seen += to - from
      if (seen < SAMPLES_PER_LOOK) continue
      budget.look(seen, effort)
      seen = 0
      if (!budget.due) continue
      this.#next = i + 1
      return false
    }
    budget.look(seen, effort)
    return true
  }
}

/** The window of a query of one step; undefined where nothing lies in it. */
export function onlyWindow({ time_ms, value, weight }: Samples, { end_ms, range_ms }: MatrixValue): Window | undefined {
  const end = end_ms[0]!
  let from = 0
  let to = time_ms.length
  while (to > 0 && time_ms[to - 1]! > end) to--
  while (from < to && time_ms[from]! <= end - range_ms) from++
  return from === to ? undefined : { time_ms, value, weight, from, to, end_ms: end, range_ms, step: 0 }
}
