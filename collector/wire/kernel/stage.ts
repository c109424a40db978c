// Where things lie in the memory of the kernel, in bytes, and what its readers have in common.

/** The addresses of pages of keys, by number: of attributes, of bounds. */
export const PAGES: usize = 0x1000
export const BOUNDS_PAGES: usize = 0x5000
/** So many of each: more do not fit into 4 GiB. */
export const MOST_PAGES: i32 = 4096
/** Columns of points. */
export const CODE: usize = 0x9000
export const ROW: usize = 0xd000
/** Where bounds stand on the stage, and where the counts of a point end among `BUCKETS`. */
export const BOUNDS_FROM: usize = 0x11000
export const BOUNDS_TO: usize = 0x15000
export const BUCKETS_TO: usize = 0x19000
export const TIME_MS: usize = 0x20000
export const START_MS: usize = 0x28000
export const VALUE: usize = 0x30000
export const COUNT: usize = 0x38000
/** Points that they have room for. */
export const ROOM: i32 = 4096
/** As many as can stand on the stage. */
export const BUCKETS: usize = 0x40000
/** The bytes that are read, and how many there may be at most; of what lies behind them no more than a few fields is looked at. */
export const STAGE: usize = 0x80000
export const STAGE_BYTES: i32 = 0x40000
export const HEAP: usize = 0xd0000

/** Tags that points of each kind have in common, and a tag with its 64 bits. */
export const POINT: i32 = 0x0a
export const START: i32 = 0x11
export const TIME: i32 = 0x19
export const FIELD: usize = 9

/** The bits of the time and the start that were read last, and what they are in ms: most points have the same. */
let timeBits: u64 = 0
let time_ms: f64 = 0
let startBits: u64 = 0
let start_ms: f64 = 0

function nanosToMs(bits: u64): f64 {
  return <i64>bits < 0 ? NaN : <f64>(bits / 1_000_000)
}

export function timeAt(place: usize): f64 {
  const bits = load<u64>(place)
  if (bits != timeBits) {
    timeBits = bits
    time_ms = nanosToMs(bits)
  }
  return time_ms
}

export function startAt(place: usize): f64 {
  const bits = load<u64>(place)
  if (bits != startBits) {
    startBits = bits
    start_ms = nanosToMs(bits)
  }
  return start_ms
}

/** What followed an alias when it was last seen. `entries`: the address of those of its table, of four words each. */
export function followerOf(entries: usize, alias: i32): i32 {
  return load<i32>(entries + ((<usize>alias) << 4), 12)
}

/** The address of the key of an entry. */
export function keyOf(pages: usize, entry: usize): usize {
  const start = load<u32>(entry, 8)
  return load<u32>(pages + ((start >>> 20) << 2)) + (start & 0xfffff)
}

function differ(a: usize, b: usize): v128 {
  return v128.xor(v128.load(a), v128.load(b))
}

/** 32 bytes at a time, the last 16 as they end: they may overlap those before. Nothing outside of them is looked at. */
export function same(a: usize, b: usize, length: usize): bool {
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
