import { CADENCE, LAST, MEAN, STATE, STEP } from './page.ts'

/** Deviations under this share of the level concern nobody. */
const LEVEL_SHARE = 0.003
/** Of the resolution: a step of one is four floors. */
const STEP_SHARE = 0.25
/** A series that never moved is believed to be that still only with time; this is half way. */
const STILL_MS = 2 * 60 * 60_000
/** For a still series that leaves the whole numbers: ratios begin at 0 and then are percents. */
const STILL_FRACTION = 0.02
/** Resolution found smaller is taken at once; larger only slowly, by this factor a move. */
const STEP_GROWTH = 1.01
/** Moves smaller than this share of the value are the noise of floating point. */
const FLOAT_NOISE = 1e-6
const TINY = 1e-30

/** The least standard deviation by which a row's `value` may be judged: it knows the level and the resolution of the data. */
export function floorOf(state: Float32Array, row: number, value: number, seen: number): number {
  const s = row * STATE
  const share = LEVEL_SHARE * Math.abs(state[s + MEAN]!)
  const step = STEP_SHARE * state[s + STEP]!
  if (step > 0) return share > step ? share : step
  const age = (seen * state[s + CADENCE]!) / STILL_MS
  const still = Number.isInteger(value) ? STEP_SHARE / (1 + age) : STILL_FRACTION / (1 + 2 * age)
  return Math.max(share, still, TINY)
}

/** Takes in how far a row moved to `value`. */
export function noteMove(state: Float32Array, row: number, value: number): void {
  const s = row * STATE
  const move = Math.abs(value - state[s + LAST]!)
  state[s + LAST] = value
  if (move <= FLOAT_NOISE * Math.abs(value)) return
  const step = state[s + STEP]!
  if (step === 0 || move < step) state[s + STEP] = move > TINY ? move : TINY
  else state[s + STEP] = step * STEP_GROWTH < move ? step * STEP_GROWTH : move
}
