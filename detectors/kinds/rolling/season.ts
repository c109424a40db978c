import type { Page } from './page.ts'
import { STATE, UNIT } from './page.ts'

const MAX = 32_767
/** A unit is this share of the standard deviation: learning in steps of it is lost in the noise. */
const FINE = 1 / 256
/** Beyond this share it is too coarse, and made finer where the profile leaves room. */
const COARSE = 1 / 16

/**
 * Sets the seasonal component of a slot: whole numbers of the row's unit. `dither` in [0, 1) decides what becomes of the
 * fraction, so that corrections smaller than a unit are not lost but taken now and then.
 */
export function setSeason(page: Page, row: number, slot: number, value: number, dither: number): void {
  const at = slot * page.rows + row
  let scaled = Math.floor(value / page.state[row * STATE + UNIT]! + dither)
  while (scaled > MAX || scaled < -MAX) {
    rescale(page, row, 4)
    scaled = Math.floor(value / page.state[row * STATE + UNIT]! + dither)
  }
  page.season[at] = scaled
}

/** Gives a row its unit when it has a standard deviation, and a finer one where that has become much smaller. */
export function refine(page: Page, row: number, sd: number): void {
  const unit = page.state[row * STATE + UNIT]!
  if (unit === 0) page.state[row * STATE + UNIT] = sd * FINE
  else if (unit > sd * COARSE) {
    let highest = 0
    for (let at = row; at < page.season.length; at += page.rows) highest = Math.max(highest, Math.abs(page.season[at]!))
    const factor = Math.max((sd * FINE) / unit, (2 * highest) / MAX)
    if (factor <= 0.5) rescale(page, row, factor)
  }
}

function rescale({ state, season, rows }: Page, row: number, factor: number): void {
  const unit = Math.fround(state[row * STATE + UNIT]! * factor)
  const ratio = state[row * STATE + UNIT]! / unit
  state[row * STATE + UNIT] = unit
  for (let at = row; at < season.length; at += rows) season[at] = Math.round(season[at]! * ratio)
}
