import { normalQuantile } from '#core/stats/normal.ts'
import { paretoQuantile } from '#core/stats/pareto.ts'

import * as layout from './page.ts'
import type { Page } from './page.ts'
import { beginUnit, refine, widen } from './season.ts'
import * as sample from './strip.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const {
  CADENCE,
  COUNTS,
  EXCESS,
  FULL,
  GAP,
  LIMIT,
  MARKED,
  MARKS,
  PEAK_AT,
  PEAKS,
  PLAIN,
  PREVIOUS,
  SQUARE,
  STATE,
  STRICT,
} = layout
const { BEYOND, DISTANCE, DT_MS, GROWN_MS, MIDDLE, NOTHING, PEAK, RARE, ROW, SCORE, SEEN_BEFORE, STRIP, strip, YOUNG } =
  sample
const MEAN_DISTANCE = sample.said(DISTANCE, sample.EWMA)
const MEDIAN_DISTANCE = sample.said(DISTANCE, sample.MEDIAN)
const MEDIAN_EXPECTED = sample.said(sample.EXPECTED, sample.MEDIAN)
const SEASONAL_DISTANCE = sample.said(DISTANCE, sample.SEASONAL)
const SEASONAL_WIDTH = sample.said(sample.WIDTH, sample.SEASONAL)

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
/** Limits are worked out anew after so many samples. */
const REFIT = 64
/** Whether the season could have a finer unit is asked after so many. */
const REFINE = 4096
/** Doubt of the young: bands are wider by six samples over those that were seen, … */
const DOUBT = 6
/** … and by this time over their age: what happens every few minutes is known only after some of them. */
const DOUBT_MS = 30 * 60_000
/** After a day and so many samples nothing is left of it. */
const GROWN = 1000
/** What is 0 most of the time has no scale: it says nothing before it had so long to show how far it moves, and how often. */
const ZERO_MS = 2 * 60 * 60_000
/** After a gap of g cadences the band is wider by √(1 + g / 20), at most threefold. */
const GAP_CADENCES = 5
const GAP_GROWTH = 1 / 20
const GAP_MAX = 3
const MAX_SCORE = 1e9

/** By what share of themselves bands of a row of this age are wider than they will be. */
export function doubt(cadence_ms: number, age_ms: number): number {
  return (DOUBT * cadence_ms + DOUBT_MS) / age_ms
}

/** Two bits for each way in which a < b, b < c, a < c may be true (bits 1, 2, 3 of how far to shift): which is the middle one, 1 where they are equal. */
const MIDDLES = 0b01_00_10_01_01_10_00_01

/** Which of three values is the middle one: 0, 1 or 2. Looked up, since a branch could not be predicted. */
export function middle(a: number, b: number, c: number): number {
  return (MIDDLES >> ((Number(a < b) << 1) | (Number(b < c) << 2) | (Number(a < c) << 3))) & 3
}

/**
 * The middle one of three distances against the row's limit: at least two statistics must find a value unusual, on the
 * same side. Notes which samples need more than the common stages.
 */
export function judge({ state, marks }: Page): void {
  const { length } = strip
  let rare = 0
  for (let i = 0; i < length; i++) {
    const row = ROW[i]!
    const count = SEEN_BEFORE[i]!
    const distance = DISTANCE[i + STRIP * middle(MEAN_DISTANCE[i]!, MEDIAN_DISTANCE[i]!, SEASONAL_DISTANCE[i]!)]!
    let beyond = 0
    let score = 0
    if (count >= YOUNG) {
      const cadence_ms = state[row * STATE + CADENCE]!
      const age_ms = count * cadence_ms
      beyond = state[(row * STATE) | LIMIT]!
      if (age_ms < GROWN_MS || count < GROWN) {
        beyond *= 1 + doubt(cadence_ms, age_ms)
        if (age_ms < ZERO_MS && Math.abs(MEDIAN_EXPECTED[i]!) < NOTHING) beyond = 0
      }
      const dt_ms = DT_MS[i]!
      if (dt_ms > GAP_CADENCES * cadence_ms) {
        beyond *= Math.min(Math.sqrt(1 + (dt_ms / cadence_ms) * GAP_GROWTH), GAP_MAX)
      }
      if (beyond > 0) score = Math.abs(distance) / beyond
      if (score > MAX_SCORE) score = MAX_SCORE
    }
    MIDDLE[i] = distance
    BEYOND[i] = beyond
    SCORE[i] = score
    RARE[rare] = i
    const due = ((count + row) & (REFIT - 1)) === 0
    rare += Number(Math.abs(distance) > PEAK || due || count === YOUNG - 1) | marks[row * MARKS + MARKED]!
  }
  strip.rare = rare
}

/** What a normal sample that is rare teaches of the row's limit and season. */
export function learnRare(page: Page, i: number, alarm_ms: number): void {
  const { state, marks } = page
  const row = ROW[i]!
  const count = SEEN_BEFORE[i]!
  const distance = Math.abs(MIDDLE[i]!)
  const sd = SEASONAL_WIDTH[i]!
  const turn = count + row
  if (count === YOUNG - 1) beginUnit(page, row, sd)
  if (distance > PEAK && count >= YOUNG) notePeak(page, row, distance, count)
  if (state[row * STATE + STRICT]! > 0) forgive(page, row, DT_MS[i]!, alarm_ms)
  if (count < YOUNG - 1 || (count >= YOUNG && (turn & (REFIT - 1)) !== 0)) return
  fitLimit(page, row, alarm_ms, count)
  if (marks[row * MARKS + FULL] === 1) widen(page, row)
  else if ((turn & (REFINE - 1)) === 0) refine(page, row, sd)
}

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
function notePeak({ state, counts, marks }: Page, row: number, z: number, seen: number): void {
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

/** Works out the distance that a normal sample exceeds as rarely as the budget wants, and how strict the row is beside. */
function fitLimit({ state, counts }: Page, row: number, alarm_ms: number, seen: number): void {
  const s = row * STATE
  const p = state[s + CADENCE]! / alarm_ms
  const wanted = p > P_MAX ? P_MAX : p < P_MIN ? P_MIN : p
  const gap = Math.max(state[s + GAP]!, seen - counts[row * COUNTS + PEAK_AT]!, 1)
  const beyond = paretoQuantile(wanted, 1 / gap, state[s + EXCESS]!, state[s + SQUARE]!)
  state[s + PLAIN] = Math.max(PEAK + beyond, MIN_Z, -normalQuantile(wanted / 2))
  raise(state, s)
}

function raise(state: Float32Array, s: number): void {
  state[s + LIMIT] = state[s + PLAIN]! * Math.exp(state[s + STRICT]!)
}

/** A run of anomalies is over, whose highest score was `score`: the row's limit is raised. */
export function alarmed({ state }: Page, row: number, score: number): void {
  const s = row * STATE
  const strict = state[s + STRICT]!
  const recurring = strict > 0 ? Math.min(score, state[s + PREVIOUS]!) : 1
  state[s + PREVIOUS] = score
  state[s + STRICT] = Math.min(strict + STRICTER + RECURRING * Math.log(recurring), STRICT_MAX)
  raise(state, s)
}

/** Time lowers it again. */
function forgive({ state }: Page, row: number, dt_ms: number, alarm_ms: number): void {
  const s = row * STATE
  const strict = state[s + STRICT]!
  const forgive_ms = Math.min(Math.max(alarm_ms, FORGIVE_MIN_MS), FORGIVE_MAX_MS)
  state[s + STRICT] = Math.max(0, strict - (Math.max(STRICTER, strict / 8) * dt_ms) / forgive_ms)
}
