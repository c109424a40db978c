import { createDetector, parseDetector } from '../../detectors/kinds/registry.ts'
import type { Series } from './series.ts'

/** As `barograph detect` counts on where time stands still or goes back. */
const STEP_BACK_MS = 1000

/**
 * Scores of the rows in their order, each from it and earlier rows alone: those that `barograph detect` prints. What comes within
 * `later_ms` of the first row is not seen, and scores 0.
 */
export function scoresOf(
  { time_ms, value }: Pick<Series, 'time_ms' | 'value'>,
  {
    detector: kind,
    budget_per_week,
    later_ms = 0,
  }: { readonly detector: string; readonly budget_per_week: number; readonly later_ms?: number },
): Float64Array {
  const detector = createDetector(parseDetector(kind), { budget_per_week })
  const row = detector.add()
  const scores = new Float64Array(value.length)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const from_ms = time_ms[0]! + later_ms
  let last_ms = -Infinity
  for (let i = 0; i < scores.length; i++) {
    const time = time_ms[i]!
    last_ms = time > last_ms ? time : last_ms + STEP_BACK_MS
    if (last_ms < from_ms) continue
    detector.step(row, last_ms, value[i]!, verdict)
    scores[i] = verdict.score
  }
  return scores
}
