import * as layout from './page.ts'
import type { Page } from './page.ts'
import * as sample from './strip.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { FILLED, FIRST, HALF, LATEST, MARKS, MAX_WINDOW, NEXT, WAITING } = layout
const { ASKED, FETCHED, FLOOR, PEAK, ROW, SCORE, strip, VALUE } = sample
const MEAN_DISTANCE = sample.said(sample.DISTANCE, sample.EWMA)
const MEAN_WIDTH = sample.said(sample.WIDTH, sample.EWMA)
const MEDIAN_EXPECTED = sample.said(sample.EXPECTED, sample.MEDIAN)
const MEDIAN_WIDTH = sample.said(sample.WIDTH, sample.MEDIAN)
const MEDIAN_DISTANCE = sample.said(sample.DISTANCE, sample.MEDIAN)
const SEASONAL_DISTANCE = sample.said(sample.DISTANCE, sample.SEASONAL)

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
/** Arrays of up to 64 bytes may be moved, longer ones stay where the compiler knows them. */
const ROOM = 32
/** More are taken as they came, behind which are some that are above all. */
const CAME = new Float32Array(ROOM)
const CAME_WORDS = new Int32Array(CAME.buffer)
/** Those that stay and those that come, each in order and from the second place of a run on: before them is one that is below all, behind them one that is above. */
const RUN = MAX_WINDOW + 2
const RUNS = new Float32Array(2 * RUN)
const RUNS_WORDS = new Int32Array(RUNS.buffer)
RUNS[0] = -Infinity
RUNS[RUN] = -Infinity
/** By place in the ring: 0 where the value that is there leaves. */
const STAYS = new Uint8Array(MAX_WINDOW + 1).fill(1)

/**
 * Notes whose median must be known. The middle one of three distances lies between the two that are known: where these are no
 * peaks it is none, and far under any limit. Such a row is looked at only when it has no room for one value more.
 */
export function ask({ latest }: Page, all: boolean): void {
  const { length } = strip
  let n = 0
  for (let i = 0; i < length; i++) {
    const calm = Math.abs(MEAN_DISTANCE[i]!) <= PEAK && Math.abs(SEASONAL_DISTANCE[i]!) <= PEAK
    const full = latest[ROW[i]! * LATEST + WAITING] === LATEST - FIRST
    MEDIAN_EXPECTED[i] = NaN
    MEDIAN_DISTANCE[i] = 0
    ASKED[n] = i
    n += Number(!calm || full || all)
  }
  strip.asks = n
}

/**
 * Loads what a strip will need before it is needed, in a loop that waits for nothing: the misses of many rows become
 * one. What is loaded must go somewhere, else the compiler leaves it out; as bits, since sums of floats wait for each other.
 */
export function fetch({ words, window }: Page): void {
  const { asks } = strip
  for (let k = 0; k < asks; k++) {
    const base = ROW[ASKED[k]!]! * window
    let bits = words[base + window - 1]!
    for (let at = base; at < base + window; at += LINE) bits ^= words[at]!
    FETCHED[k] = bits
  }
}

/** Values that wait go where they belong, and the oldest leave: for many at once that costs little more than for one. */
export function settle(page: Page): void {
  const { latest } = page
  const { asks } = strip
  for (let k = 0; k < asks; k++) {
    const row = ROW[ASKED[k]!]!
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

function merge(page: Page, row: number, waiting: number): void {
  const { latest } = page
  for (let k = 0; k < waiting; k++) CAME_WORDS[k] = latest[row * LATEST + FIRST + k]!
  for (let k = waiting; k < LATEST; k++) CAME[k] = Infinity
  for (let k = 0; k < waiting; k++) {
    const x = CAME[k]!
    RUNS[RUN + 1 + smaller(x)] = x
  }
  const staying = stay(page, row, waiting)
  RUNS[staying + 1] = Infinity
  RUNS[RUN + waiting + 1] = Infinity
  page.marks[row * MARKS + FILLED] = staying + waiting
  mergeRuns(page.sorted, row * page.window, staying, waiting)
}

/** How many of those that came are smaller. No two are alike. Counted, since branches that put them in order could not be predicted. */
const smaller = (x: number): number =>
  Number(CAME[0]! < x) +
  Number(CAME[1]! < x) +
  Number(CAME[2]! < x) +
  Number(CAME[3]! < x) +
  Number(CAME[4]! < x) +
  Number(CAME[5]! < x) +
  Number(CAME[6]! < x) +
  Number(CAME[7]! < x) +
  Number(CAME[8]! < x) +
  Number(CAME[9]! < x) +
  Number(CAME[10]! < x)

/** Fills the first run. How many they are. */
function stay({ words, mask, marks, window }: Page, row: number, waiting: number): number {
  const base = row * window
  const end = base + marks[row * MARKS + FILLED]!
  for (let k = 0; k < waiting; k++) STAYS[CAME_WORDS[k]! & mask] = 0
  let staying = 0
  for (let at = base; at < end; at++) {
    const word = words[at]!
    RUNS_WORDS[staying + 1] = word
    staying += STAYS[word & mask]!
  }
  for (let k = 0; k < waiting; k++) STAYS[CAME_WORDS[k]! & mask] = 1
  return staying
}

/** From both ends at once, so that neither has to wait for the other; and without a branch that could not be predicted. */
function mergeRuns(sorted: Float32Array, base: number, staying: number, waiting: number): void {
  const size = staying + waiting
  let stays = 1
  let comes = RUN + 1
  let lastStays = staying
  let lastComes = RUN + waiting
  let at = base
  let last = base + size - 1
  for (let n = size >> 1; n > 0; n--) {
    const isNew = Number(RUNS[comes]! < RUNS[stays]!)
    sorted[at] = RUNS[stays + ((comes - stays) & -isNew)]!
    at = (at + 1) | 0
    comes = (comes + isNew) | 0
    stays = (stays + 1 - isNew) | 0
    const isNewAbove = Number(RUNS[lastComes]! > RUNS[lastStays]!)
    sorted[last] = RUNS[lastStays + ((lastComes - lastStays) & -isNewAbove)]!
    last = (last - 1) | 0
    lastComes = (lastComes - isNewAbove) | 0
    lastStays = (lastStays - 1 + isNewAbove) | 0
  }
  if ((size & 1) === 1) sorted[at] = RUNS[stays <= lastStays ? stays : comes]!
}

/**
 * Median and median absolute deviation of the last values, exact in what is kept of them; of an even count the mean of the middle two, and the
 * upper one. The nearer half of the values lies side by side in the sorted window: where it was a sample ago, or a step
 * or two away.
 */
export function expectMedian({ sorted, marks, window }: Page): void {
  const { asks } = strip
  for (let k = 0; k < asks; k++) {
    const i = ASKED[k]!
    const mark = ROW[i]! * MARKS
    const base = ROW[i]! * window
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
    const longer = MEAN_WIDTH[i]!
    const share = filled < MIN_FILLED ? longer : SD_SHARE * longer
    if (width < share) width = share
    if (width < FLOOR[i]!) width = FLOOR[i]!
    MEDIAN_EXPECTED[i] = median
    MEDIAN_WIDTH[i] = width
    MEDIAN_DISTANCE[i] = (VALUE[i]! - median) / width
  }
}

/**
 * Takes values into windows, where they wait. There is no ring beside the values: each has its place in
 * the ring in its lowest bits, six of 24 where 60 are kept. That is 8e-6 of it, far under what anyone is told of.
 */
export function learnMedian({ latest, mask, marks, window }: Page): void {
  const { length } = strip
  for (let i = 0; i < length; i++) {
    if (SCORE[i]! >= 1) continue
    const row = ROW[i]!
    const mark = row * MARKS
    const next = marks[mark + NEXT]!
    const at = row * LATEST
    const waiting = latest[at + WAITING]!
    FLOAT[0] = least(VALUE[i]!)
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
