import { Versions } from './versions.ts'

/** Numbers of a row in `state`, by their place. */
export const MEAN = 0
export const SD = 1
export const LEVEL = 2
export const TREND = 3
export const RESIDUAL = 4
/** Worth of 1 in `season`. */
export const UNIT = 5
/** Resolution: the smallest move of late. */
export const STEP = 6
export const LAST = 7
/** Anomalous from here, in standard deviations. */
export const LIMIT = 8
/** Logarithm of the factor by which alarms have raised the limit, and the score of the last alarm. */
export const STRICT = 9
export const PREVIOUS = 10
/** Peaks: mean and mean square of what is above `PEAK`, mean distance between them in samples. */
export const EXCESS = 11
export const SQUARE = 12
export const GAP = 13
export const CADENCE = 14
/** `LIMIT` before alarms have raised it. */
export const PLAIN = 15
export const STATE = 16

/** Numbers of a row in `counts`: samples seen, when the last peak was, its place in the pool of holds + 1. */
export const SEEN = 0
export const PEAK_AT = 1
export const HELD = 2
export const COUNTS = 3

/**
 * Numbers of a row in `marks`: values in `sorted`, place in the ring of the next one, where MAD's half begins, peaks, 1
 * where the season needs a coarser unit, 1 where something is left from an anomaly.
 */
export const FILLED = 0
export const NEXT = 1
export const HALF = 2
export const PEAKS = 3
export const FULL = 4
export const MARKED = 5
export const MARKS = 6

/** Places are bytes. */
export const MAX_WINDOW = 256

/** Numbers of a row in `latest`: how many values wait for their place among the sorted ones, then these. */
export const WAITING = 0
export const FIRST = 1
export const LATEST = 12

/** A row's season is kept in whole numbers up to this, in its own unit. */
export const SEASON_MAX = 32_767

/** Rows of a page: a power of two, so that a row's page is a shift away. */
export const PAGE_BITS = 14
export const PAGE_ROWS = 2 ** PAGE_BITS
export const FIRST_ROWS = 64

export interface Shape {
  /** Samples of the rolling window. */
  readonly window: number
  /** Slots of the season. */
  readonly slots: number
}

/** Columns of some rows. `season` is slot-major: all rows of a batch are at the same time of the day. */
export class Page {
  readonly rows: number
  readonly state: Float32Array
  readonly counts: Int32Array
  readonly last_ms: Float64Array
  readonly marks: Uint8Array
  /** The window in ascending order as of some samples ago, places in the ring in the bits of `mask`; and the same memory as words. */
  readonly sorted: Float32Array
  readonly words: Int32Array
  readonly mask: number
  /** What has come since: bits of floats, with the same in `mask`. */
  readonly latest: Int32Array
  readonly season: Int16Array
  /** Of the slots of the season. */
  readonly versions: Versions
  readonly window: number
  /** 1 while a row is in the strip at work. */
  readonly busy: Uint8Array

  constructor(rows: number, { window, slots }: Shape) {
    this.rows = rows
    this.window = window
    this.busy = new Uint8Array(rows)
    this.state = new Float32Array(rows * STATE)
    this.counts = new Int32Array(rows * COUNTS)
    this.last_ms = new Float64Array(rows)
    this.marks = new Uint8Array(rows * MARKS)
    this.sorted = new Float32Array(rows * window)
    this.words = new Int32Array(this.sorted.buffer)
    this.latest = new Int32Array(rows * LATEST)
    this.mask = 2 ** Math.ceil(Math.log2(window)) - 1
    this.season = new Int16Array(rows * slots)
    this.versions = new Versions(slots)
  }
}
