import type { TailSample } from './tail.ts'

/** A sample and what a panel makes of it. There is one for all rows of a panel, filled anew at each step: nothing is made for a sample. */
export class PanelSample implements TailSample {
  time_ms = 0
  value = 0
  /** Since the row's previous sample, 0 at the first. */
  dt_ms = 0
  /** NaN where no expert spoke. */
  expected = NaN
  /** Standard deviation to judge by. */
  scale = 1
  score = 0
  anomalous = false
  /** What lies between value and expected: its side and size in standard deviations; and as it is learned, clipped. */
  side = 0
  z = 0
  residual = 0
}
