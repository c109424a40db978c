import * as layout from './page.ts'
import type { Page } from './page.ts'
import * as sample from './strip.ts'
import type { Strip } from './strip.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { FILLED, FIRST, HALF, LATEST, MARKS, MAX_WINDOW, NEXT, WAITING } = layout
const { CELLS, DISTANCE, EWMA, EXPECTED, FETCHED, FLOOR, KEYS, MEDIAN, PEAK, ROW, SCORE, SEASONAL, VALUE, WIDTH } =
  sample

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

/** Up to so many values find their places one by one. */
const FEW = 2
/** More are taken as they came, put in order, and merged with those that stay, behind which is one that is beyond all. */
const CAME = new Float32Array(LATEST)
const CAME_WORDS = new Int32Array(CAME.buffer)
const COMING = new Float32Array(LATEST)
const STAYING = new Float32Array(MAX_WINDOW + 1)
/** By place in the ring: 0 where the value that is there leaves. */
const STAYS = new Uint8Array(MAX_WINDOW + 1).fill(1)

/**
 * Notes whose median must be known. The middle one of three distances lies between the two that are known: where these are no
 * peaks it is none, and far under any limit. Such a row is looked at only when it has no room for one value more.
 */
export function ask({ latest }: Page, strip: Strip, all: boolean): void {
  const { length, keys, cells, asked } = strip
  let n = 0
  for (let i = 0; i < length; i++) {
    const c = i * CELLS
    const calm = Math.abs(cells[c + DISTANCE + EWMA]!) <= PEAK && Math.abs(cells[c + DISTANCE + SEASONAL]!) <= PEAK
    const full = latest[keys[i * KEYS + ROW]! * LATEST + WAITING] === LATEST - FIRST
    cells[c + EXPECTED + MEDIAN] = NaN
    cells[c + DISTANCE + MEDIAN] = 0
    asked[n] = i
    n += Number(!calm || full || all)
  }
  strip.asks = n
}

/**
 * Loads what a strip will need before it is needed, in a loop that waits for nothing: the misses of many rows become
 * one. What is loaded must go somewhere, else the compiler leaves it out; as bits, since sums of floats wait for each other.
 */
export function fetch({ words, window }: Page, { asks, asked, keys, cells }: Strip): void {
  for (let k = 0; k < asks; k++) {
    const base = keys[asked[k]! * KEYS + ROW]! * window
    let bits = words[base + window - 1]!
    for (let at = base; at < base + window; at += LINE) bits ^= words[at]!
    cells[asked[k]! * CELLS + FETCHED] = bits
  }
}

/** Values that wait go where they belong, and the oldest leave: for many at once that costs little more than for one. */
export function settle(page: Page, { asks, asked, keys }: Strip): void {
  const { latest } = page
  for (let k = 0; k < asks; k++) {
    const row = keys[asked[k]! * KEYS + ROW]!
    const at = row * LATEST
    const waiting = latest[at + WAITING]!
    if (waiting > FEW) merge(page, row, waiting)
    else for (let i = 0; i < waiting; i++) insert(page, row, latest[at + FIRST + i]!)
    latest[at + WAITING] = 0
  }
}

/** The gap that the oldest value leaves, or that is at the end, moves to where the new one belongs. */
function insert({ sorted, words, mask, marks, window }: Page, row: number, word: number): void {
  const base = row * window
  const filled = marks[row * MARKS + FILLED]!
  WORD[0] = word
  const x = FLOAT[0]!
  let at = base + filled
  let end = at
  if (filled < window) marks[row * MARKS + FILLED] = filled + 1
  else {
    end--
    at = base
    while (((words[at]! ^ word) & mask) !== 0) at++
  }
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

function merge({ sorted, words, latest, mask, marks, window }: Page, row: number, waiting: number): void {
  const base = row * window
  const end = base + marks[row * MARKS + FILLED]!
  for (let k = 0; k < waiting; k++) {
    const word = latest[row * LATEST + FIRST + k]!
    CAME_WORDS[k] = word
    STAYS[word & mask] = 0
  }
  // No two are alike. Counted, since branches that put them in order could not be predicted.
  for (let k = 0; k < waiting; k++) {
    const x = CAME[k]!
    let smaller = 0
    for (let other = 0; other < waiting; other++) smaller += Number(CAME[other]! < x)
    COMING[smaller] = x
  }
  let staying = 0
  for (let at = base; at < end; at++) {
    STAYING[staying] = sorted[at]!
    staying += STAYS[words[at]! & mask]!
  }
  for (let k = 0; k < waiting; k++) STAYS[CAME_WORDS[k]! & mask] = 1
  STAYING[staying] = Infinity
  let at = base
  let from = 0
  for (let k = 0; k < waiting; k++) {
    const x = COMING[k]!
    for (let beside = 0; (beside = STAYING[from]!) < x; from++) sorted[at++] = beside
    sorted[at++] = x
  }
  while (from < staying) sorted[at++] = STAYING[from++]!
  marks[row * MARKS + FILLED] = at - base
}

/**
 * Median and median absolute deviation of the last values, exact in what is kept of them; of an even count the mean of the middle two, and the
 * upper one. The nearer half of the values lies side by side in the sorted window: where it was a sample ago, or a step
 * or two away.
 */
export function expectMedian({ sorted, marks, window }: Page, { asks, asked, keys, cells }: Strip): void {
  for (let k = 0; k < asks; k++) {
    const i = asked[k]!
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
 * Takes values into windows, where they wait. There is no ring beside the values: each has its place in
 * the ring in its lowest bits, six of 24 where 60 are kept. That is 8e-6 of it, far under what anyone is told of.
 */
export function learnMedian({ latest, mask, marks, window }: Page, { length, keys, cells }: Strip): void {
  for (let i = 0; i < length; i++) {
    if (cells[i * CELLS + SCORE]! >= 1) continue
    const row = keys[i * KEYS + ROW]!
    const mark = row * MARKS
    const next = marks[mark + NEXT]!
    const at = row * LATEST
    const waiting = latest[at + WAITING]!
    FLOAT[0] = least(cells[i * CELLS + VALUE]!)
    latest[at + FIRST + waiting] = (WORD[0]! & ~mask) | next
    latest[at + WAITING] = waiting + 1
    marks[mark + NEXT] = next + 1 === window ? 0 : next + 1
  }
}

/** Begins a row's window with so many copies of a value. */
export function fillWindow(
  { sorted, words, latest, mask, marks, window }: Page,
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
  latest[row * LATEST + WAITING] = 0
  marks[row * MARKS + HALF] = 0
}
