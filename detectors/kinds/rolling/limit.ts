import { normalQuantile } from '#core/stats/normal.ts'
import { paretoQuantile } from '#core/stats/pareto.ts'

import {
  COUNTS,
  EXCESS,
  GAP,
  LIMIT,
  MARKS,
  type Page,
  PEAK_AT,
  PEAKS,
  PREVIOUS,
  SQUARE,
  STATE,
  STRICT,
} from './page.ts'

/** Distances beyond this many standard deviations are peaks: the tail is fitted to them. */
export const PEAK = 2
/** What is believed before there is data, and how many peaks of belief it is worth. */
const PRIOR = { gap: 25, excess: 0.6, shape: 0.1, peaks: 8 } as const
const PRIOR_SQUARE = PRIOR.excess ** 2 * (1 + 1 / (1 - 2 * PRIOR.shape))
/** Memory in peaks. */
const MEMORY = 128
/** Never anomalous below this many standard deviations, whatever the budget. */
const MIN_Z = 3.5
/** Each alarm raises the row's limit by this factor, forgotten in the time that the budget allows for one alarm. */
const STRICTER = Math.log(1.35)
/** An alarm soon after another one recurs: then this share of the logarithm of the lower of both scores is added. */
const RECURRING = 0.3
const STRICT_MAX = Math.log(1e9)
const FORGIVE_MIN_MS = 86_400_000
const FORGIVE_MAX_MS = 28 * 86_400_000
const P_MAX = 0.05
const P_MIN = 1e-15

export function beginLimit({ state }: Page, row: number): void {
  const s = row * STATE
  state[s + GAP] = PRIOR.gap
  state[s + EXCESS] = PRIOR.excess
  state[s + SQUARE] = PRIOR_SQUARE
}

/**
 * Takes the distance of a normal sample that is a peak. The same exceedances as `Tail` keeps, both sides in one and
 * touched at peaks only: their rate is the inverse of the mean distance between them.
 */
export function notePeak({ state, counts, marks }: Page, row: number, z: number, seen: number): void {
  const s = row * STATE
  const peaks = marks[row * MARKS + PEAKS]!
  if (peaks < MEMORY) marks[row * MARKS + PEAKS] = peaks + 1
  const weight = 1 / Math.min(MEMORY, peaks + PRIOR.peaks)
  const excess = z - PEAK
  state[s + EXCESS]! += weight * (excess - state[s + EXCESS]!)
  state[s + SQUARE]! += weight * (excess * excess - state[s + SQUARE]!)
  state[s + GAP]! += weight * (seen - counts[row * COUNTS + PEAK_AT]! - state[s + GAP]!)
  counts[row * COUNTS + PEAK_AT] = seen
}

/** Works out the distance that a normal sample exceeds with probability `p`. */
export function fitLimit({ state, counts }: Page, row: number, p: number, seen: number): void {
  const s = row * STATE
  const wanted = p > P_MAX ? P_MAX : p < P_MIN ? P_MIN : p
  const gap = Math.max(state[s + GAP]!, seen - counts[row * COUNTS + PEAK_AT]!, 1)
  const beyond = paretoQuantile(wanted, 1 / gap, state[s + EXCESS]!, state[s + SQUARE]!)
  state[s + LIMIT] = Math.max(PEAK + beyond, MIN_Z, -normalQuantile(wanted / 2))
}

/** A run of anomalies is over, whose highest score was `score`: the row's limit is raised. */
export function alarmed({ state }: Page, row: number, score: number): void {
  const s = row * STATE
  const strict = state[s + STRICT]!
  const recurring = strict > 0 ? Math.min(score, state[s + PREVIOUS]!) : 1
  state[s + PREVIOUS] = score
  state[s + STRICT] = Math.min(strict + STRICTER + RECURRING * Math.log(recurring), STRICT_MAX)
}

/** Time lowers it again. */
export function forgive({ state }: Page, row: number, dt_ms: number, alarm_ms: number): void {
  const s = row * STATE
  const strict = state[s + STRICT]!
  const forgive_ms = Math.min(Math.max(alarm_ms, FORGIVE_MIN_MS), FORGIVE_MAX_MS)
  state[s + STRICT] = Math.max(0, strict - (Math.max(STRICTER, strict / 8) * dt_ms) / forgive_ms)
}
