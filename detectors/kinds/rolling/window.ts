import * as layout from './page.ts'
import type { Page } from './page.ts'
import * as sample from './strip.ts'
import type { Strip } from './strip.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { FILLED, HALF, MARKS, NEXT } = layout
const { CELLS, DISTANCE, EWMA, EXPECTED, FETCHED, FLOOR, KEYS, MEDIAN, ROW, SCORE, SLOT, VALUE, WIDTH } = sample

/** MAD of a Gaussian is 0.6745 of its standard deviation. */
const MAD_TO_SIGMA = 1.4826
/** Fewer values than this have no MAD to go by. */
const MIN_FILLED = 10
/** Values that were still for a window are not judged by that alone: this share of the longer memory's deviation counts. */
const SD_SHARE = 0.25

/** For the bits of a float32. */
const FLOAT = new Float32Array(1)
const WORD = new Int32Array(FLOAT.buffer)
/** Nearer to 0 than this is kept as this: with a place in its bits, 0 would be a denormal, which processors are slow with. */
const TINY = 1e-30

const least = (value: number): number => (value < TINY && value > -TINY ? TINY : value)

/** Values in a line of the cache. */
const LINE = 16

/**
 * Loads what a strip will need before it is needed, in a loop that waits for nothing: the misses of many rows become
 * one. What is loaded must go somewhere, else the compiler leaves it out; as bits, since sums of floats wait for each other.
 */
export function fetch({ words, season, window }: Page, { length, keys, cells }: Strip): void {
  for (let i = 0; i < length; i++) {
    const row = keys[i * KEYS + ROW]!
    const base = row * window
    let bits = season[keys[i * KEYS + SLOT]!]!
    for (let at = base; at < base + window; at += LINE) bits ^= words[at]!
    cells[i * CELLS + FETCHED] = bits
  }
}

/**
 * Median and median absolute deviation of the last values, exact in what is kept of them; of an even count the mean of the middle two, and the
 * upper one. The nearer half of the values lies side by side in the sorted window: where it was a sample ago, or a step
 * or two away.
 */
export function expectMedian({ sorted, marks, window }: Page, { length, keys, cells }: Strip): void {
  for (let i = 0; i < length; i++) {
    const c = i * CELLS
    const mark = keys[i * KEYS + ROW]! * MARKS
    const base = keys[i * KEYS + ROW]! * window
    const filled = marks[mark + FILLED]!
    const half = filled >> 1
    const upper = sorted[base + half]!
    const median = (filled & 1) === 1 ? upper : (sorted[base + half - 1]! + upper) / 2
    const furthest = base + filled - 1 - half
    let at = base + marks[mark + HALF]!
    if (at > furthest) at = furthest
    let below = median - sorted[at]!
    let above = sorted[at + half]! - median
    while (at < furthest) {
      const next = sorted[at + half + 1]! - median
      if (next >= below) break
      above = next
      below = median - sorted[++at]!
    }
    while (at > base) {
      const next = median - sorted[at - 1]!
      if (next >= above) break
      below = next
      above = sorted[--at + half]! - median
    }
    marks[mark + HALF] = at - base
    // The further end, without a branch that could not be predicted.
    let width = MAD_TO_SIGMA * Math.abs(sorted[at + half * Number(above > below)]! - median)
    const longer = cells[c + WIDTH + EWMA]!
    const share = filled < MIN_FILLED ? longer : SD_SHARE * longer
    if (width < share) width = share
    if (width < cells[c + FLOOR]!) width = cells[c + FLOOR]!
    cells[c + EXPECTED + MEDIAN] = median
    cells[c + WIDTH + MEDIAN] = width
    cells[c + DISTANCE + MEDIAN] = (cells[c + VALUE]! - median) / width
  }
}

/**
 * Takes values into windows; the oldest leaves a full one. There is no ring beside the sorted values: each has its place in
 * the ring in its lowest bits, six of 24 where 60 are kept. That is 8e-6 of it, far under what anyone is told of.
 */
export function learnMedian({ sorted, words, mask, marks, window }: Page, { length, keys, cells }: Strip): void {
  for (let i = 0; i < length; i++) {
    if (cells[i * CELLS + SCORE]! >= 1) continue
    const mark = keys[i * KEYS + ROW]! * MARKS
    const base = keys[i * KEYS + ROW]! * window
    const next = marks[mark + NEXT]!
    const filled = marks[mark + FILLED]!
    marks[mark + NEXT] = next + 1 === window ? 0 : next + 1
    let at = base + filled
    let end = at
    if (filled < window) marks[mark + FILLED] = filled + 1
    else {
      end--
      at = base
      while ((words[at]! & mask) !== next) at++
    }
    // The gap that the oldest leaves moves to where the new value belongs.
    FLOAT[0] = least(cells[i * CELLS + VALUE]!)
    WORD[0] = (WORD[0]! & ~mask) | next
    const x = FLOAT[0]
    let beside = 0
    if (at < end && (beside = sorted[at + 1]!) < x) {
      do {
        sorted[at] = beside
        at++
      } while (at < end && (beside = sorted[at + 1]!) < x)
    } else {
      while (at > base && (beside = sorted[at - 1]!) > x) {
        sorted[at] = beside
        at--
      }
    }
    sorted[at] = x
  }
}

/** Begins a row's window with so many copies of a value. */
export function fillWindow(
  { sorted, words, mask, marks, window }: Page,
  row: number,
  value: number,
  copies: number,
): void {
  const base = row * window
  sorted.fill(least(value), base, base + copies)
  for (let i = 0; i < copies; i++) {
    // Of negative values the higher bits are the lower ones.
    words[base + i] = (words[base + i]! & ~mask) | (value < 0 ? copies - 1 - i : i)
  }
  marks[row * MARKS + FILLED] = copies
  marks[row * MARKS + NEXT] = copies
  marks[row * MARKS + HALF] = 0
}
