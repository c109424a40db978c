import * as layout from './page.ts'
import type { Page } from './page.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { FULL, MARKS, SEASON_MAX, STATE, UNIT } = layout

/** A unit is this share of the standard deviation: learning in steps of it is lost in the noise. */
const FINE = 1 / 256
/** Beyond this share it is too coarse, and made finer where the profile leaves room. */
const COARSE = 1 / 16

/** Gives a row its unit. */
export function beginUnit({ state }: Page, row: number, sd: number): void {
  state[row * STATE + UNIT] = sd * FINE
}

/** A coarser unit for a row whose profile came to the end of the range; parts beyond it were cut off there. */
export function widen(page: Page, row: number): void {
  page.marks[row * MARKS + FULL] = 0
  changeUnit(page, row, page.state[row * STATE + UNIT]! * 4)
}

/** A finer unit for a row whose standard deviation has become much smaller. Looks at the whole season: ask rarely. */
export function refine(page: Page, row: number, sd: number): void {
  const { state, season, rows } = page
  const unit = state[row * STATE + UNIT]!
  if (unit <= sd * COARSE) return
  let highest = 0
  for (let at = row; at < season.length; at += rows) highest = Math.max(highest, Math.abs(season[at]!))
  const factor = Math.max((sd * FINE) / unit, (4 * highest) / SEASON_MAX)
  if (factor <= 0.5) changeUnit(page, row, unit * factor)
}

function changeUnit({ state, season, rows, versions }: Page, row: number, unit: number): void {
  const before = state[row * STATE + UNIT]!
  state[row * STATE + UNIT] = unit
  versions.touchAll()
  const ratio = before / state[row * STATE + UNIT]!
  for (let at = row; at < season.length; at += rows) season[at] = Math.round(season[at]! * ratio)
}
