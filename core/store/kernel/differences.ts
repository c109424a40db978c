import { FIRST, SECOND, WHOLE } from './memory'

/** Sums of the codes of each order, without those that only tell where they begin. */
export let sum1: f64 = 0
export let sum2: f64 = 0
/** The bits of all codes but the first, together; and how many of all codes are not 0. */
export let bits1: u64 = 0
export let bits2: u64 = 0
export let some1: i32 = 0
export let some2: i32 = 0

/** Below this, sums of doubles are exact, in whatever order. */
const EXACT: i64 = 1 << 53

export function zigzag(value: i64): i64 {
  return (value << 1) ^ (value >> 63)
}

function zigzags(values: v128): v128 {
  return v128.xor(i64x2.shl(values, 1), i64x2.lt_s(values, i64x2.splat(0)))
}

function both(pair: v128): i64 {
  return i64x2.extract_lane(pair, 0) + i64x2.extract_lane(pair, 1)
}

function either(pair: v128): u64 {
  return i64x2.extract_lane(pair, 0) | i64x2.extract_lane(pair, 1)
}

/** As JavaScript adds them up. */
function rounded(codes: usize, from: i32, count: i32): f64 {
  let sum: f64 = 0
  for (let i = from; i < count; i++) sum += <f64>load<i64>(codes + ((<usize>i) << 3))
  return sum
}

/** Writes the codes of both orders of `WHOLE[0 … count)`, and what is told of them. */
export function difference(count: i32): void {
  const first = load<i64>(WHOLE)
  // Before the first comes what differs in nothing: pairs begin with it where they would not come out even.
  store<i64>(WHOLE - 8, first)
  store<i64>(WHOLE - 16, first)
  const from = (count & 1) << 3
  const end = (<usize>count) << 3
  const zero = i64x2.splat(0)
  let total1 = zero
  let total2 = zero
  let any1 = zero
  let any2 = zero
  let none1 = zero
  let none2 = zero
  for (let at: usize = from; at < end; at += 16) {
    const before = v128.load(WHOLE - 8 + at)
    const change = i64x2.sub(v128.load(WHOLE + at), before)
    const turn = i64x2.sub(change, i64x2.sub(before, v128.load(WHOLE - 16 + at)))
    const code1 = zigzags(change)
    const code2 = zigzags(turn)
    v128.store(FIRST + at, code1)
    v128.store(SECOND + at, code2)
    total1 = i64x2.add(total1, code1)
    total2 = i64x2.add(total2, code2)
    any1 = v128.or(any1, code1)
    any2 = v128.or(any2, code2)
    none1 = i64x2.add(none1, i64x2.eq(code1, zero))
    none2 = i64x2.add(none2, i64x2.eq(code2, zero))
  }
  const begin = zigzag(first)
  store<i64>(FIRST, begin)
  store<i64>(SECOND, begin)
  const exact1 = both(total1)
  const exact2 = count > 1 ? both(total2) - load<i64>(SECOND, 8) : 0
  sum1 = exact1 < EXACT ? <f64>exact1 : rounded(FIRST, 1, count)
  sum2 = exact2 < EXACT ? <f64>exact2 : rounded(SECOND, 2, count)
  bits1 = either(any1)
  bits2 = either(any2)
  const some = count - (count & 1) + i32(begin != 0)
  some1 = some + <i32>both(none1)
  some2 = some + <i32>both(none2)
}
