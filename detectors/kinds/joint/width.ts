import type { Verdict } from '#core/score.ts'

import type { Rows } from '../rows.ts'
import { meanOf } from './evidence.ts'
import type { Extremes } from './extremes.ts'
import { SINGLE } from './reasons.ts'

/** No score is larger, and no band wider. */
export const LOG_MAX = Math.log(1e9)

/** How wide the band of a row is whose extremes are known: standard deviations above and below what is expected, within which one sample says nothing. */
export class Width {
  readonly #width

  constructor(rows: Rows) {
    this.#width = rows.column(Float32Array, 2)
  }

  above(row: number): number {
    return this.#width.data[row * 2]!
  }

  below(row: number): number {
    return this.#width.data[row * 2 + 1]!
  }

  /** Follows what is asked of one sample. */
  move(row: number, extremes: Extremes): void {
    for (let side = 0; side < 2; side++) {
      const log = extremes.threshold(row, side)
      this.#width.data[row * 2 + side] = Math.exp(log < LOG_MAX ? log : LOG_MAX) - 1
    }
  }
}

/** Puts a band into a verdict: so many standard deviations `scale` above and below what is expected. */
export function show(out: Verdict, { expected, scale }: Around, above: number, below: number): void {
  out.expected = expected
  out.lower = expected - scale * below
  out.upper = expected + scale * above
}

/** A mean is told beside what it was compared with, a reference which does not follow within the hour, and how far means of the row may be from it. */
export function showMean(out: Verdict, around: Around, row: number, extremes: Extremes): void {
  const above = meanOf(extremes.threshold(row, SINGLE))
  const below = meanOf(extremes.threshold(row, SINGLE + 1))
  // Of a side of which nothing is asked as much is shown as of the other.
  show(out, around, above < Infinity ? above : below, below < Infinity ? below : above)
}

export interface Around {
  readonly expected: number
  readonly scale: number
}
