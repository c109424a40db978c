/** Quiet between anomalous samples that belongs to the same alarm. */
const PAUSE_MS = 15 * 60_000
/** A lasting alarm counts again after this. */
const AGAIN_MS = 4 * 60 * 60_000

/** A run of anomalous samples, from the first to the last. */
export interface Run {
  readonly start_ms: number
  readonly end_ms: number
}

/** Anomalous samples (score >= 1) that stand beside one another or less than 15 min apart are one run. */
export function runsOf(time_ms: Float64Array, scores: Float64Array): Run[] {
  const runs: Run[] = []
  let start_ms = NaN
  let end_ms = NaN
  let beside = false
  for (let i = 0; i < scores.length; i++) {
    const anomalous = scores[i]! >= 1
    if (anomalous) {
      const time = time_ms[i]!
      if (!(beside || time - end_ms < PAUSE_MS)) {
        if (start_ms === start_ms) runs.push({ start_ms, end_ms })
        start_ms = time
      }
      end_ms = time
    }
    beside = anomalous
  }
  if (start_ms === start_ms) runs.push({ start_ms, end_ms })
  return runs
}

/** Times at which people hear of it: at the start of a run, and every 4 h while it lasts. */
export function alarmsOf(time_ms: Float64Array, scores: Float64Array): number[] {
  return runsOf(time_ms, scores).flatMap(({ start_ms, end_ms }) =>
    Array.from({ length: 1 + Math.floor((end_ms - start_ms) / AGAIN_MS) }, (_, i) => start_ms + i * AGAIN_MS),
  )
}
