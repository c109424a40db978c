import { storeBits } from './bits'

/** Bits that are not written yet, the first in the highest place, and how many: less than eight before each `put`. */
let open: u64 = 0
let used: i32 = 0
let at: usize = 0

/** At most 56 bits, the lowest of a number whose others are 0. */
function put(value: u64, bits: i32): void {
  open |= value << (64 - used - bits)
  used += bits
  storeBits(at, open)
  at += used >> 3
  open <<= used & ~7
  used &= 7
}

/** What `encodeXor` of `../xor-column.ts` does; 0 as soon as there are `limit` bytes. */
export function writeXor(values: usize, count: i32, limit: i32, start: usize): usize {
  const end = values + ((<usize>count) << 3)
  const last = start + limit
  let before = load<u64>(values)
  store<u64>(start, bswap<u64>(before))
  at = start + 8
  open = 0
  used = 0
  let leading = 0
  let width = 0
  for (let place = values + 8; place < end; place += 8) {
    const value = load<u64>(place)
    const x = value ^ before
    before = value
    if (x == 0) {
      put(0, 1)
      continue
    }
    const above = min(31, <i32>clz(x))
    const below = <i32>ctz(x)
    if (width > 0 && leading <= above && 64 - leading - width <= below) put(2, 2)
    else {
      leading = above
      width = 64 - above - below
      put((3 << 11) | (leading << 6) | (width & 63), 13)
    }
    const bits = x >> (64 - leading - width)
    if (width > 32) {
      put(bits >> 32, width - 32)
      put(bits & 0xffff_ffff, 32)
    } else put(bits, width)
    if (at >= last) return 0
  }
  const stop = at + ((used + 7) >> 3)
  return stop >= last ? 0 : stop
}
