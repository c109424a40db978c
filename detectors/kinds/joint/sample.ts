import { Pace } from './pace.ts'

/**
 * A sample and what is known of it so far. There is one for all rows, filled anew at each step: with an object of its own for each
 * part that is asked, a quarter of the time went into making them.
 *
 * Numbers go between parts in it, too: one that is handed to a function that is not a part of its caller, comes back from it, or is a
 * constant on another path (`free ? Infinity : x`) gets a box, and a quarter went into these. `npm run bench -- detectors` tells of garbage.
 */
export class Sample {
  time_ms = 0
  value = 0
  /** Samples of the row before it. */
  count = 0
  /** What it weighs in a plain mean, and in others after so long a time. */
  young = 0.5
  readonly pace = new Pace()
  /** Since the sample before; and the same, but no more than some usual pauses. */
  dt_ms = 0
  passed_ms = 0
  /** The usual pause. */
  cadence_ms = 0
  /** Of the row. */
  age_ms = 0
  /** Its row stands still. */
  still = false
  expected = 0
  /** From what was expected, and from what does not follow within the hour. */
  residual = 0
  distance = 0
  /** What days and weeks say, without a cycle, and the standard deviation around what does not follow within the hour. */
  settled = 0
  wide = 1
  /** From the value before. */
  move = 0
  /** No standard deviation is below it. */
  floor = 0
  /** Standard deviation around what was expected. */
  scale = 1
  /** Residual and distance in standard deviations of their own. */
  z = 0
  slow = 0
  /** How new the value is. */
  news = 0
  /** As it is learned. */
  clipped = 0
  /**
   * Of a row that has begun not long ago: nothing is clipped; nothing is said; how many times as wide its band is; the least standard
   * deviation that is believed.
   */
  free = false
  mute = false
  /** It would be told, were it not the way back to where the row was before: its alarm is spent all the same. */
  spent = false
  /** It is told only where it lasts: the like of it was brief. */
  waits = false
  doubt = 1
  believed = 0
}
