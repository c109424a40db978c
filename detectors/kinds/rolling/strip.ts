/** Few enough that all of it stays in the first cache from stage to stage. */
export const STRIP = 64
/** Nothing is said of a row before it has so many samples; they are learned as they are. */
export const YOUNG = 10
/** A row that has been seen for so long is judged by what it showed; a younger one by what it may not have shown yet, too. */
export const GROWN_MS = 24 * 60 * 60_000
/** Nearer to 0 is 0: windows keep a 0 as something else. */
export const NOTHING = 1e-29
/** Distances beyond this many standard deviations are peaks: the tail is fitted to them. */
export const PEAK = 2
/** What is learned lies within so many standard deviations of what was expected. */
export const CLIP = 3

/** Numbers of a sample in `keys`: its row in the page, its place in the batch, samples of the row before it, its part of the season. */
export const ROW = 0
export const SAMPLE = 1
export const SEEN_BEFORE = 2
export const SLOT = 3
export const KEYS = 4

/** Numbers of a sample in `cells`. `FLOOR`: the least standard deviation by which it may be judged. */
export const VALUE = 0
export const DT_MS = 1
export const FLOOR = 2
/**
 * What the statistics say: from here three expected values, three standard deviations, and three times how many of those
 * the value lies above. In the order of `EXPERTS`.
 */
export const EXPECTED = 3
export const WIDTH = 6
export const DISTANCE = 9
/** The middle one of the distances, what it is compared with (0: not judged), and the score. */
export const MIDDLE = 12
export const BEYOND = 13
export const SCORE = 14
export const TIME_MS = 15
/** Where `fetch` leaves what nobody reads. */
export const FETCHED = 16
export const CELLS = 17

export const EXPERTS = ['ewma', 'median_mad', 'seasonal'] as const
export const EWMA = 0
export const MEDIAN = 1
export const SEASONAL = 2

/**
 * A run of samples of one page in which no row comes twice: every stage takes all of it before the next one begins. Few
 * arrays, and stages without a call in their loops: so the compiler keeps what it needs in registers.
 */
export class Strip {
  length = 0
  readonly keys = new Int32Array(STRIP * KEYS)
  readonly cells = new Float64Array(STRIP * CELLS)
  /** Samples whose median must be known. */
  asks = 0
  readonly asked = new Int32Array(STRIP)
  /** Samples that need more than the common stages: anomalous ones, peaks, rows that are due or were anomalous of late. */
  rare = 0
  readonly rares = new Int32Array(STRIP)
}
