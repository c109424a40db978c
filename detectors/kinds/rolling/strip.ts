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

export const EXPERTS = ['ewma', 'median_mad', 'seasonal'] as const
export const EWMA = 0
export const MEDIAN = 1
export const SEASONAL = 2

/**
 * A run of samples of one page in which no row comes twice: every stage takes all of it before the next one begins, in
 * loops without a call.
 *
 * There is one, for whoever is at work. Its columns are constants in one piece of memory, each as long as a strip: so
 * the compiler knows where they are, and that one check of a place does for all of them.
 */
export const strip = {
  length: 0,
  /** Samples whose median must be known. */
  asks: 0,
  /** Samples that need more than the common stages: anomalous ones, peaks, rows that are due or were anomalous of late. */
  rare: 0,
}

const memory = new ArrayBuffer(STRIP * 154)
let used = 0

function column<Column extends { readonly byteLength: number }>(
  type: new (buffer: ArrayBuffer, from: number, length: number) => Column,
  length = STRIP,
): Column {
  const made = new type(memory, used, length)
  used += made.byteLength
  return made
}

const integers = (): Int32Array => column(Int32Array)
const numbers = (each = 1): Float64Array => column(Float64Array, each * STRIP)

export const ASKED = integers()
export const RARE = integers()

/** Of a sample: its row in the page, its place in the batch, samples of the row before it, its part of the season. */
export const ROW = column(Uint16Array)
export const PLACE = integers()
export const SEEN_BEFORE = integers()
export const PART = integers()

export const VALUE = numbers()
export const TIME_MS = numbers()
export const DT_MS = numbers()
/** The least standard deviation by which it may be judged. */
export const FLOOR = numbers()

/** What the statistics say, one expert after the other: expected values, standard deviations, and how many of those the value lies above. */
export const EXPECTED = numbers(EXPERTS.length)
export const WIDTH = numbers(EXPERTS.length)
export const DISTANCE = numbers(EXPERTS.length)

/** What one expert says, of what all say. */
export function said(all: Float64Array, expert: number): Float64Array {
  return all.subarray(expert * STRIP, (expert + 1) * STRIP)
}

/** The middle one of the distances, what it is compared with (0: not judged), and the score. */
export const MIDDLE = numbers()
export const BEYOND = numbers()
export const SCORE = numbers()

/** Where what is loaded ahead is left, which nobody reads. */
export const FETCHED = integers()
