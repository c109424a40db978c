import type { History } from '../forecasters/forecaster.ts'

export const DAY_MS = 86_400_000
/** Slots of a day in a model: finer steps are averaged into them, as the season of a noisy minute is noise. */
const SLOTS = 288

/** A history on the model's grid, with the time of its last value. */
export interface Grid extends History {
  readonly step_ms: number
  readonly last_ms: number
}

/** The model's step for samples that come every `step_ms`: 5 min, or the step itself where it is longer. */
export function modelStep(step_ms: number): number {
  return Math.max(step_ms, DAY_MS / SLOTS)
}

/**
 * Averages samples (ascending time) into cells that end with the last sample and every `step_ms` before it, so that the last one is as full as others, and
 * fills empty cells: with the value a day before where there is one, else with the last. Leading emptiness is cut. Null when there is no finite sample.
 */
export function toGrid(time_ms: Float64Array, value: Float64Array, step_ms: number): Grid | null {
  const first = value.findIndex(Number.isFinite)
  const last = value.findLastIndex(Number.isFinite)
  if (first === -1) return null
  const cell = (at: number): number => Math.ceil((time_ms[at]! - time_ms[last]!) / step_ms)
  const origin = cell(first)
  const cells = 1 - origin
  const sum = new Float64Array(cells)
  const count = new Uint32Array(cells)
  for (let i = first; i <= last; i++) {
    if (!Number.isFinite(value[i]!)) continue
    sum[cell(i) - origin]! += value[i]!
    count[cell(i) - origin]!++
  }
  const period = DAY_MS % step_ms === 0 ? DAY_MS / step_ms : 0
  for (let c = 0; c < cells; c++) {
    if (count[c]! > 0) sum[c]! /= count[c]!
    else sum[c] = period > 0 && c >= period ? sum[c - period]! : sum[c - 1]!
  }
  // A season is what was seen twice.
  return {
    value: sum,
    period: period > 1 && cells >= 2 * period ? period : 0,
    step_ms,
    last_ms: time_ms[last]!,
  }
}
