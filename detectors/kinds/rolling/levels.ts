import * as layout from './page.ts'
import type { Page } from './page.ts'
import * as sample from './strip.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { CADENCE, FULL, LAST, LEVEL, MARKS, MEAN, RESIDUAL, SD, STATE, STEP, TREND, UNIT, SEASON_MAX } = layout
const { CLIP, DT_MS, FLOOR, GROWN_MS, PART, ROW, SCORE, SEEN_BEFORE, strip, VALUE, YOUNG } = sample
const MEAN_EXPECTED = sample.said(sample.EXPECTED, sample.EWMA)
const MEAN_WIDTH = sample.said(sample.WIDTH, sample.EWMA)
const MEAN_DISTANCE = sample.said(sample.DISTANCE, sample.EWMA)
const SEASONAL_EXPECTED = sample.said(sample.EXPECTED, sample.SEASONAL)
const SEASONAL_WIDTH = sample.said(sample.WIDTH, sample.SEASONAL)
const SEASONAL_DISTANCE = sample.said(sample.DISTANCE, sample.SEASONAL)

/** Weight of a sample in mean, variance and residual variance; the plain mean would weigh it less from `STEADY` on. */
const WEIGHT = 0.02
const STEADY = 1 / WEIGHT
/** The level of the seasonal model follows in this time; its trend takes this share of each correction, and fades. */
const LEVEL_MS = 60 * 60_000
const TREND_WEIGHT = 0.02
const TREND_DAMPING = 0.98
/** How much of a slot is replaced by one season's visit. */
const SEASON_WEIGHT = 0.3
/** Multiples of the golden section modulo 1: spread as evenly as chance, without it. */
const GOLDEN = 0.618_033_988_749_894_9
/** Deviations under this share of the level concern nobody. */
const LEVEL_SHARE = 0.003
/**
 * A young row has not shown yet what it does now and then: a fifth of the level is nothing to it, a tenth after so long, a
 * twentieth after three times as long. And for its first hour what is not told is learned as it is.
 */
const YOUNG_SHARE_MS = 5 * 60_000
const YOUNG_SHARE = 0.2 * YOUNG_SHARE_MS
const LEARNING_MS = 60 * 60_000
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

/**
 * What two means expect: the exponentially weighted one with its standard deviation, and additive Holt-Winters (level,
 * damped trend, the season's part) with that of its residuals. Neither deviation is under a floor that knows the level
 * and the resolution of the row.
 */
export function expectLevels({ state, season }: Page): void {
  const { length } = strip
  for (let i = 0; i < length; i++) {
    const s = ROW[i]! * STATE
    const x = VALUE[i]!
    const mean = state[s | MEAN]!
    const age_ms = SEEN_BEFORE[i]! * state[s | CADENCE]!
    let share = LEVEL_SHARE * Math.abs(mean)
    if (age_ms < GROWN_MS) share += (YOUNG_SHARE / (YOUNG_SHARE_MS + age_ms)) * Math.abs(mean)
    let floor = STEP_SHARE * state[s | STEP]!
    if (floor === 0) {
      const age = age_ms / STILL_MS
      floor = Number.isInteger(x) ? STEP_SHARE / (1 + age) : STILL_FRACTION / (1 + 2 * age)
    }
    if (floor < share) floor = share
    let width = state[s | SD]!
    if (width < floor) width = floor
    const ahead = state[s | LEVEL]! + state[s | TREND]! + season[PART[i]!]! * state[s | UNIT]!
    let residual = state[s | RESIDUAL]!
    if (residual < floor) residual = floor
    FLOOR[i] = floor
    MEAN_EXPECTED[i] = mean
    MEAN_WIDTH[i] = width
    MEAN_DISTANCE[i] = (x - mean) / width
    SEASONAL_EXPECTED[i] = ahead
    SEASONAL_WIDTH[i] = residual
    SEASONAL_DISTANCE[i] = (x - ahead) / residual
  }
}

/**
 * Mean and variance in one pass (Finch, Incremental calculation of weighted mean and variance, 2009), then Holt-Winters.
 * Its gain is that of time, and at least that of the plain mean.
 */
export function learnLevels({ state, season, marks }: Page, slot_ms: number): void {
  const { length } = strip
  const perSlot = SEASON_WEIGHT / slot_ms
  for (let i = 0; i < length; i++) {
    if (SCORE[i]! >= 1) continue
    const s = ROW[i]! * STATE
    const x = VALUE[i]!
    const count = SEEN_BEFORE[i]!
    const clip = count < YOUNG || count * state[s | CADENCE]! < LEARNING_MS ? Infinity : CLIP
    const weight = count < STEADY ? 1 / (count + 1) : WEIGHT

    const mean = MEAN_EXPECTED[i]!
    const far = clip * MEAN_WIDTH[i]!
    let move = x - mean
    if (move > far) move = far
    else if (move < -far) move = -far
    const own = state[s | SD]!
    state[s | MEAN] = mean + weight * move
    state[s | SD] = Math.sqrt((1 - weight) * (own * own + weight * move * move))

    const wide = clip * SEASONAL_WIDTH[i]!
    let error = x - SEASONAL_EXPECTED[i]!
    if (error > wide) error = wide
    else if (error < -wide) error = -wide
    const residual = state[s | RESIDUAL]!
    state[s | RESIDUAL] = Math.sqrt(residual * residual + weight * (error * error - residual * residual))
    const dt_ms = DT_MS[i]!
    const gain = count * dt_ms < LEVEL_MS ? 1 / (count + 1) : dt_ms / (dt_ms + LEVEL_MS)
    const trend = state[s | TREND]!
    state[s | LEVEL] = state[s | LEVEL]! + trend + gain * error
    state[s | TREND] = TREND_DAMPING * (trend + TREND_WEIGHT * gain * error)
    const unit = state[s | UNIT]!
    if (unit > 0) {
      // What is smaller than a unit is not lost but taken now and then.
      const chance = count * GOLDEN
      const share = dt_ms < slot_ms ? perSlot * dt_ms : SEASON_WEIGHT
      const at = PART[i]!
      const part = Math.floor(season[at]! + (share * error) / unit + chance - Math.floor(chance))
      season[at] = part > SEASON_MAX ? SEASON_MAX : part < -SEASON_MAX ? -SEASON_MAX : part
      if (part > SEASON_MAX || part < -SEASON_MAX) marks[ROW[i]! * MARKS + FULL] = 1
    }

    const step = state[s | STEP]!
    const distance = Math.abs(x - state[s | LAST]!)
    state[s | LAST] = x
    if (distance > FLOAT_NOISE * Math.abs(x) && distance > TINY) {
      state[s | STEP] = step === 0 || distance < step * STEP_GROWTH ? distance : step * STEP_GROWTH
    }
  }
}
