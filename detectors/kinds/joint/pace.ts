import { gain } from '#core/stats/ewma.ts'

/** Times in which what was learned is forgotten: of levels, of what experts lost, of scatter, of means of distances. */
const FAST_MS = 5 * 60_000
const MIDDLE_MS = 60 * 60_000
const SLOW_MS = 3 * 60 * 60_000
const LOSS_MS = 6 * 60 * 60_000
const SPREAD_MS = 24 * 60 * 60_000
export const MEAN_MS = 90 * 60_000

/**
 * What a sample weighs in each of the means of a row that is old, by the time since the sample before. There is one for all rows:
 * most have the cadence of the one before, and dividing is dear.
 */
export class Pace {
  #dt_ms = NaN
  fast = 0.5
  middle = 0.5
  slow = 0.5
  loss = 0.5
  spread = 0.5
  mean = 0.5

  set(dt_ms: number): void {
    if (dt_ms !== this.#dt_ms) this.#weigh(dt_ms)
  }

  #weigh(dt_ms: number): void {
    this.#dt_ms = dt_ms
    this.fast = gain(dt_ms, FAST_MS)
    this.middle = gain(dt_ms, MIDDLE_MS)
    this.slow = gain(dt_ms, SLOW_MS)
    this.loss = gain(dt_ms, LOSS_MS)
    this.spread = gain(dt_ms, SPREAD_MS)
    this.mean = gain(dt_ms, MEAN_MS)
  }
}
