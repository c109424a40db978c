import { createDetector, parseDetector } from '../../detectors/kinds/registry.ts'
import type { Series } from './series.ts'

/** As `barograph detect` counts on where time stands still or goes back. */
const STEP_BACK_MS = 1000

/** Scores of the rows in their order, each from it and earlier rows alone: those that `barograph detect` prints. */
export function scoresOf(
  { time_ms, value }: Pick<Series, 'time_ms' | 'value'>,
  { detector: kind, budget_per_week }: { readonly detector: string; readonly budget_per_week: number },
): Float64Array {
  const detector = createDetector(parseDetector(kind), { budget_per_week })
  const row = detector.add()
  const scores = new Float64Array(value.length)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  let last_ms = -Infinity
  for (let i = 0; i < scores.length; i++) {
    const time = time_ms[i]!
    last_ms = time > last_ms ? time : last_ms + STEP_BACK_MS
    detector.step(row, last_ms, value[i]!, verdict)
    scores[i] = verdict.score
  }
  return scores
}
