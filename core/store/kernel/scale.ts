import { WHOLE } from './memory'

/** What `../decimal-scale.ts` has. */
const LIMIT: f64 = 35184372088832
const BINARY: i32 = 16
const DECIMALS: i32 = 6
const NONE: i32 = -1

/** Added to a number below 2^51 it leaves its nearest whole number in the lowest bits. */
const MAGIC: f64 = 6755399441055744

/** Two values at `values`, as whole numbers of a scale to `whole`; false where they are none. */
function place(values: usize, whole: usize, factor: v128): bool {
  const value = v128.load(values)
  const placed = f64x2.add(f64x2.mul(value, factor), f64x2.splat(MAGIC))
  const nearest = f64x2.sub(placed, f64x2.splat(MAGIC))
  v128.store(whole, i64x2.sub(placed, f64x2.splat(MAGIC)))
  const isSame = f64x2.eq(f64x2.div(nearest, factor), value)
  return i64x2.all_true(v128.and(isSame, f64x2.le(f64x2.abs(nearest), f64x2.splat(LIMIT))))
}

/** The same without decimals. */
function placeWhole(values: usize, whole: usize): bool {
  const value = v128.load(values)
  const placed = f64x2.add(value, f64x2.splat(MAGIC))
  v128.store(whole, i64x2.sub(placed, f64x2.splat(MAGIC)))
  const isSame = f64x2.eq(f64x2.sub(placed, f64x2.splat(MAGIC)), value)
  return i64x2.all_true(v128.and(isSame, f64x2.le(f64x2.abs(value), f64x2.splat(LIMIT))))
}

/** Whether so many decimals are enough; `end`: bytes of the values before the last two. */
function fits(values: usize, end: usize, decimals: i32): bool {
  let power: f64 = 1
  for (let i = 0; i < decimals; i++) power *= 10
  const factor = f64x2.splat(power)
  for (let at: usize = 0; at < end; at += 16) if (!place(values + at, WHOLE + at, factor)) return false
  return place(values + end, WHOLE + end, factor)
}

function areWhole(values: usize, end: usize): bool {
  for (let at: usize = 0; at < end; at += 16) if (!placeWhole(values + at, WHOLE + at)) return false
  return placeWhole(values + end, WHOLE + end)
}

/** -0 equals 0, but is not its bits. */
function hasNegativeZero(values: usize, end: usize): bool {
  const minus = i64x2.splat(i64.MIN_VALUE)
  let found = i64x2.eq(v128.load(values + end), minus)
  for (let at: usize = 0; at < end; at += 16) found = v128.or(found, i64x2.eq(v128.load(values + at), minus))
  return v128.any_true(found)
}

/** Takes out the powers of two that all have; returns the code of the scale. */
function halved(end: usize): i32 {
  let any = v128.load(WHOLE + end)
  for (let at: usize = 0; at < end; at += 16) any = v128.or(any, v128.load(WHOLE + at))
  const bits = <i32>(i64x2.extract_lane(any, 0) | i64x2.extract_lane(any, 1))
  if (bits == 0 || (bits & 1) == 1) return 0
  const shift = ctz(bits)
  for (let at: usize = 0; at <= end + 8; at += 8) store<i64>(WHOLE + at, load<i64>(WHOLE + at) >> <i64>shift)
  return BINARY + shift
}

/**
 * What `scale` of `../decimal-scale.ts` does, to `WHOLE`, of two values or more: two at a time, the last two as they end. What is no number of a
 * scale is none however it is rounded: all that are lie so near to their whole number that there is one nearest.
 */
export function scale(values: usize, count: i32): i32 {
  const end = (<usize>(count - 2)) << 3
  if (areWhole(values, end)) return hasNegativeZero(values, end) ? NONE : halved(end)
  for (let decimals = 1; decimals <= DECIMALS; decimals++) {
    if (fits(values, end, decimals)) return hasNegativeZero(values, end) ? NONE : decimals
  }
  return NONE
}
