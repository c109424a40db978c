// AssemblyScript: `npm run kernel` compiles it. Reads what `readUsual` of `proto-numbers.ts` reads, and must take down the same of it.

const POINT: i32 = 0x0a
const ATTRIBUTES: i32 = 0x3a
const START: i32 = 0x11
const TIME: i32 = 0x19
const DOUBLE: i32 = 0x21
const INT: i32 = 0x31
/** A tag and 64 bits. */
const FIELD: usize = 9

/** Where things lie in the memory, in bytes; the table of addresses of pages comes first, those of the heap come last. */
export const PAGES: usize = 0x1000
export const CODE: usize = 0x8000
export const TIME_MS: usize = 0x10000
export const START_MS: usize = 0x20000
export const VALUE: usize = 0x30000
/** Points that the columns have room for. */
export const ROOM: i32 = 4096
/** The bytes that are read, and how many there may be at most; of what lies behind them no more than two fields is looked at. */
export const STAGE: usize = 0x40000
export const STAGE_BYTES: i32 = 0x40000
export const HEAP: usize = 0x90000

/** Where the points end that `read` took. */
export let behind: i32 = 0

/** The bits of the time and the start that were read last, and what they are in ms: most points have the same. */
let timeBits: u64 = 0
let time_ms: f64 = 0
let startBits: u64 = 0
let start_ms: f64 = 0

function nanosToMs(bits: u64): f64 {
  return <i64>bits < 0 ? NaN : <f64>(bits / 1_000_000)
}

function timeAt(place: usize): f64 {
  const bits = load<u64>(place)
  if (bits != timeBits) {
    timeBits = bits
    time_ms = nanosToMs(bits)
  }
  return time_ms
}

function startAt(place: usize): f64 {
  const bits = load<u64>(place)
  if (bits != startBits) {
    startBits = bits
    start_ms = nanosToMs(bits)
  }
  return start_ms
}

function differ(a: usize, b: usize): v128 {
  return v128.xor(v128.load(a), v128.load(b))
}

/** 32 bytes at a time, the last 16 as they end: they may overlap those before. Nothing outside of them is looked at. */
function same(a: usize, b: usize, length: usize): bool {
  if (length < 16) {
    for (let i: usize = 0; i < length; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false
    return true
  }
  const end = length - 16
  let i: usize = 0
  for (; i + 16 < end; i += 32) {
    if (v128.any_true(v128.or(differ(a + i, b + i), differ(a + i + 16, b + i + 16)))) return false
  }
  if (i < end && v128.any_true(differ(a + i, b + i))) return false
  return !v128.any_true(differ(a + end, b + end))
}

/**
 * The usual points of `[from, to)` of the stage, up to the first that is not one: attributes that are expected, first or last, a start or none, a
 * time and a value. `entries`: the address of the entries of the table, of four words each; `before`: the alias that came last. Returns how many
 * there were.
 */
export function read(from: i32, to: i32, metric: i32, entries: usize, before: i32): i32 {
  const end = STAGE + to
  let point = STAGE + from
  let alias = before
  let count = 0
  while (point < end && load<u8>(point) == POINT && count < ROOM) {
    let place = point + 2
    let size: usize = load<u8>(point, 1)
    if (size > 127) {
      const high: usize = load<u8>(place++)
      // Longer ones are not usual.
      if (high > 127) break
      size = (size & 127) | (high << 7)
    }
    const stop = place + size
    if (stop > end) break
    const guess = load<i32>(entries + ((<usize>alias) << 4), 12)
    const entry = entries + ((<usize>guess) << 4)
    if (load<i32>(entry) != metric) break
    const length: usize = load<u32>(entry, 4)
    const start = load<u32>(entry, 8)
    const key: usize = load<u32>(PAGES + ((start >>> 20) << 2)) + (start & 0xfffff)
    const isFirst = load<u8>(place) == ATTRIBUTES
    if (isFirst) {
      if (length > stop - place || !same(place, key, length)) break
      place += length
    }
    const isStarted = load<u8>(place) == START
    if (isStarted) place += FIELD
    const tag: i32 = load<u8>(place, FIELD)
    if (load<u8>(place) != TIME || (tag != DOUBLE && tag != INT)) break
    const time = place + 1
    place += 2 * FIELD
    if (!isFirst) {
      if (place + length != stop || !same(place, key, length)) break
      place = stop
    }
    if (place != stop) break
    store<i32>(CODE + ((<usize>count) << 2), guess)
    const row: usize = (<usize>count) << 3
    store<f64>(TIME_MS + row, timeAt(time))
    store<f64>(START_MS + row, isStarted ? startAt(time - FIELD) : 0)
    store<f64>(VALUE + row, tag == DOUBLE ? load<f64>(time, FIELD) : <f64>load<i64>(time, FIELD))
    alias = guess
    point = stop
    count++
  }
  behind = <i32>(point - STAGE)
  return count
}
