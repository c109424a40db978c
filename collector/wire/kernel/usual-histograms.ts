// AssemblyScript: `npm run kernel` compiles it. Reads the histograms that most senders write, and takes down of them what `proto-histograms.ts` does.
import {
  BOUNDS_FROM,
  BOUNDS_PAGES,
  BOUNDS_TO,
  BUCKETS,
  BUCKETS_TO,
  CODE,
  COUNT,
  FIELD,
  followerOf,
  keyOf,
  PAGES,
  POINT,
  ROOM,
  ROW,
  same,
  STAGE,
  START,
  START_MS,
  startAt,
  TIME,
  TIME_MS,
  timeAt,
  VALUE,
} from './stage'

const COUNTED: i32 = 0x21
const SUM: i32 = 0x29
const COUNTS: i32 = 0x32
const BOUNDS: i32 = 0x3a
const ATTRIBUTES: i32 = 0x4a
const MIN: i32 = 0x59
const MAX: i32 = 0x61

/** The bits of 2^52 as a double: with a smaller integer in its low bits it is the sum of both. */
const EXACT: u64 = 0x4330000000000000

/** Where the points end that `readHistograms` took. */
export let histogramsEnd: i32 = 0

/** Where the size ends that was read last. */
let behind: usize = 0

/** A size of one byte or two at `at`; no message on the stage that is read is as large as what is returned of a longer one. Sets `behind`. */
function sizeAt(at: usize): usize {
  const low: usize = load<u8>(at)
  behind = at + 1
  if (low < 128) return low
  const high: usize = load<u8>(at, 1)
  behind = at + 2
  return high < 128 ? (low & 127) | (high << 7) : 0x7fffffff
}

/** So many integers of 64 bits from `from` on become doubles at `to`: two at a time, unless one of them has more than 52 bits. */
function takeCounts(from: usize, to: usize, length: usize): void {
  const exact = v128.splat<u64>(EXACT)
  let bits = v128.splat<u64>(0)
  let i: usize = 0
  for (; i + 16 <= length; i += 16) {
    const two = v128.load(from + i)
    bits = v128.or(bits, two)
    v128.store(to + i, v128.sub<f64>(v128.or(two, exact), v128.splat<f64>(4503599627370496.0)))
  }
  if (i < length) store<f64>(to + i, <f64>load<u64>(from + i))
  if (!v128.any_true(v128.shr<u64>(bits, 52))) return
  for (i = 0; i < length; i += 8) store<f64>(to + i, <f64>load<u64>(from + i))
}

/** Behind what is least and most, where they stand at `place`. */
function behindExtremes(place: usize, stop: usize): usize {
  if (place < stop && load<u8>(place) == MIN) place += FIELD
  if (place < stop && load<u8>(place) == MAX) place += FIELD
  return place
}

/** The numbers of a point whose time stands at `time`, behind its start and before the others. */
function takeNumbers(count: usize, time: usize, isStarted: bool, isSummed: bool): void {
  const row = count << 3
  store<f64>(TIME_MS + row, timeAt(time))
  store<f64>(START_MS + row, isStarted ? startAt(time - FIELD) : 0)
  store<f64>(COUNT + row, <f64>load<u64>(time, FIELD))
  store<f64>(VALUE + row, isSummed ? load<f64>(time, 2 * FIELD) : NaN)
}

/**
 * The usual points of `[from, to)` of the stage, up to the first that is not one: attributes that are expected, first or behind all that counts, a
 * start or none, a time, a count, a sum or none, counts, the bounds that are expected; what is least and most behind the sum, as Java writes
 * them, or at the end. `entries`: as of `readNumbers`; `rows`: the same of the table of bounds; `alias`, `row`: those that came last of each. Returns how many there were.
 */
export function readHistograms(
  from: i32,
  to: i32,
  metric: i32,
  entries: usize,
  alias: i32,
  rows: usize,
  row: i32,
): i32 {
  const end = STAGE + to
  let point = STAGE + from
  let count: usize = 0
  let bucket = BUCKETS
  while (point < end && load<u8>(point) == POINT && <i32>count < ROOM) {
    const size = sizeAt(point + 1)
    let place = behind
    const stop = place + size
    if (stop > end) break
    const guess = followerOf(entries, alias)
    const entry = entries + ((<usize>guess) << 4)
    if (load<i32>(entry) != metric) break
    const length: usize = load<u32>(entry, 4)
    const isFirst = load<u8>(place) == ATTRIBUTES
    if (isFirst) {
      if (place + length > stop || !same(place, keyOf(PAGES, entry), length)) break
      place += length
    }
    const isStarted = load<u8>(place) == START
    if (isStarted) place += FIELD
    const time = place + 1
    if (load<u8>(place) != TIME || load<u8>(place, FIELD) != COUNTED) break
    place += 2 * FIELD
    const isSummed = load<u8>(place) == SUM
    place = behindExtremes(isSummed ? place + FIELD : place, stop)
    if (load<u8>(place) != COUNTS) break
    const width = sizeAt(place + 1)
    const counted = behind
    place = counted + width
    if ((width & 7) != 0 || place > stop || load<u8>(place) != BOUNDS) break
    const bounds = sizeAt(place + 1)
    place = behind
    const rowGuess = followerOf(rows, row)
    const rowEntry = rows + ((<usize>rowGuess) << 4)
    if (load<i32>(rowEntry) != guess || <usize>load<u32>(rowEntry, 4) != bounds) break
    if (place + bounds > stop || !same(place, keyOf(BOUNDS_PAGES, rowEntry), bounds)) break
    const boundsFrom = place
    place += bounds
    if (!isFirst) {
      if (place + length > stop || !same(place, keyOf(PAGES, entry), length)) break
      place += length
    }
    if (behindExtremes(place, stop) != stop) break
    takeNumbers(count, time, isStarted, isSummed)
    takeCounts(counted, bucket, width)
    bucket += width
    const narrow = count << 2
    store<i32>(CODE + narrow, guess)
    store<i32>(ROW + narrow, rowGuess)
    store<u32>(BOUNDS_FROM + narrow, <u32>(boundsFrom - STAGE))
    store<u32>(BOUNDS_TO + narrow, <u32>(boundsFrom + bounds - STAGE))
    store<u32>(BUCKETS_TO + narrow, <u32>((bucket - BUCKETS) >> 3))
    alias = guess
    row = rowGuess
    point = stop
    count++
  }
  histogramsEnd = <i32>(point - STAGE)
  return <i32>count
}
