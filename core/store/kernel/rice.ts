import { bitLength, storeBits } from './bits'
import { writeVarint } from './varint'

/** What `../rice-column.ts` has. */
const ESCAPE: i32 = 16
const ESCAPE_BITS: i32 = 4
const LENGTH_BITS: i32 = 6
const MAX_LOW: i32 = 15

/** Low bits of the last `planRice`. */
let planned: i32 = 0

/** Bits of all codes but the first; `any` are those that they have, together. */
function bitsFor(codes: usize, count: i32, low: i32, any: u64): i64 {
  const end = codes + ((<usize>count) << 3)
  const all: i64 = (1 + low) * (count - 1)
  // None is escaped.
  if (any >> (ESCAPE_BITS + low) == 0) {
    let sum = i64x2.splat(0)
    let at = codes + 8
    for (; at + 8 < end; at += 16) sum = i64x2.add(sum, i64x2.shr_u(v128.load(at), low))
    const last: u64 = at < end ? load<u64>(at) >> low : 0
    return all + i64x2.extract_lane(sum, 0) + i64x2.extract_lane(sum, 1) + <i64>last
  }
  const escaped: u64 = (<u64>ESCAPE) << low
  let bits = all
  for (let at = codes + 8; at < end; at += 8) {
    const code = load<u64>(at)
    bits += code < escaped ? <i64>(code >> low) : ESCAPE + LENGTH_BITS + bitLength(code) - 1 - low
  }
  return bits
}

/** What `planRice` does: the bytes but those of the first code. */
export function planRice(codes: usize, count: i32, sum: f64, any: u64): i32 {
  let low = min(MAX_LOW, max(0, bitLength(<i64>(sum / <f64>count)) - 1))
  let bits = bitsFor(codes, count, low, any)
  while (low > 0) {
    const fewer = bitsFor(codes, count, low - 1, any)
    if (fewer >= bits) break
    bits = fewer
    low--
  }
  planned = low
  return 2 + <i32>((bits + 7) >> 3)
}

/** What `writeRice` does, as planned. Up to eight bytes behind its end are written over. */
export function writeRice(scale: i32, codes: usize, count: i32, start: usize): usize {
  const low = planned
  store<u8>(start, scale)
  store<u8>(start, low, 1)
  let at = writeVarint(load<u64>(codes), start + 2)
  const end = codes + ((<usize>count) << 3)
  const escaped: u64 = (<u64>ESCAPE) << low
  const mask: u64 = ((<u64>1) << low) - 1
  // Bits that are not written yet, the first in the highest place, and how many: less than eight before each code.
  let open: u64 = 0
  let used: i32 = 0
  for (let place = codes + 8; place < end; place += 8) {
    const code = load<u64>(place)
    if (code < escaped) {
      const quotient = <i32>(code >> low)
      const bits = quotient + 1 + low
      // Ones, a zero, the low bits.
      const value = ((((<u64>1) << quotient) - 1) << (low + 1)) | (code & mask)
      open |= value << (64 - used - bits)
      used += bits
    } else {
      const left = bitLength(code)
      const head: u64 = (((1 << ESCAPE) - 1) << LENGTH_BITS) | left
      open |= head << (64 - used - (ESCAPE + LENGTH_BITS))
      used += ESCAPE + LENGTH_BITS
      storeBits(at, open)
      at += used >> 3
      open <<= used & ~7
      used &= 7
      open |= (code << (64 - left)) >> used
      used += left
    }
    storeBits(at, open)
    at += used >> 3
    open <<= used & ~7
    used &= 7
  }
  return at + ((used + 7) >> 3)
}
