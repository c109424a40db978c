import { bits1, bits2, difference, some1, some2, sum1, sum2, zigzag } from './differences'
import { FIRST, SECOND } from './memory'
import { planRice, writeRice } from './rice'
import { scale } from './scale'
import { scaledLength, writeScaled } from './scaled'
import { varintLength, writeVarint } from './varint'
import { writeXor } from './xor'

/** What `../column-codec.ts` has, and what it takes from others. */
const SCALED_1: i32 = 1
const SCALED_2: i32 = 2
const XOR: i32 = 3
const RAW: i32 = 4
const RICE_1: i32 = 5
const RICE_2: i32 = 6
const DEAR_BYTES: i32 = 3
const SCALE_LIMIT: f64 = 35184372088832
const MAX_SAFE: f64 = 9007199254740991

function isZero(values: usize, count: i32): bool {
  const end = values + ((<usize>count) << 3)
  for (let at = values; at < end; at += 8) if (load<u64>(at) != 0) return false
  return true
}

function isSafe(value: f64): bool {
  return nearest(value) == value && abs(value) <= MAX_SAFE
}

/** Whether the two values at `at` are so far from the one before each. */
function areApart(at: usize, steps: v128): bool {
  return i64x2.all_true(f64x2.eq(f64x2.sub(v128.load(at), v128.load(at - 8)), steps))
}

function isRegular(values: usize, count: i32): bool {
  if (count < 3) return false
  const first = load<f64>(values)
  const step = load<f64>(values, 8) - first
  const end = values + ((<usize>count) << 3)
  const last = load<f64>(end - 8)
  if (!(first > 0 && last > 0 && first < SCALE_LIMIT && last < SCALE_LIMIT)) return false
  const steps = f64x2.splat(step)
  // Two at a time, the last two as they end.
  for (let at = values + 8; at < end - 16; at += 16) if (!areApart(at, steps)) return false
  return areApart(end - 16, steps) && isSafe(first) && isSafe(step)
}

function writeZeros(count: i32, at: usize): usize {
  store<u8>(at, SCALED_1)
  store<u16>(at, 0, 1)
  return writeVarint(count, at + 3)
}

function writeRegular(values: usize, count: i32, start: usize): usize {
  const first = load<f64>(values)
  const step = load<f64>(values, 8) - first
  store<u8>(start, SCALED_2)
  store<u8>(start, 0, 1)
  let at = writeVarint(zigzag(<i64>first), start + 2)
  if (step != 0) at = writeVarint(zigzag(<i64>step), at)
  store<u8>(at, 0)
  return writeVarint(step == 0 ? count - 1 : count - 2, at + 1)
}

function writeRaw(values: usize, count: i32, at: usize): usize {
  const bytes = (<usize>count) << 3
  store<u8>(at, RAW)
  memory.copy(at + 1, values, bytes)
  return at + 1 + bytes
}

/** XOR, if that is smaller than `limit` and than the values as they are; else 0. */
function writeFloats(values: usize, count: i32, limit: i32, at: usize): usize {
  const end = writeXor(values, count, min(limit, count << 3), at + 1)
  if (end != 0) store<u8>(at, XOR)
  return end
}

/** A place for two values. */
const PAIR: usize = FIRST

/** `scale` of one value: of two that are the same. */
function scaleOne(value: usize): i32 {
  store<i64>(PAIR, load<i64>(value))
  store<i64>(PAIR, load<i64>(value), 8)
  return scale(PAIR, 2)
}

/** What `encodeColumn` of `../column-codec.ts` does; returns where it ends. Some twenty bytes behind that are written over. */
export function writeColumn(values: usize, count: i32, at: usize): usize {
  if (isZero(values, count)) return writeZeros(count, at)
  if (isRegular(values, count)) return writeRegular(values, count, at)
  const code = count > 1 ? scale(values, count) : scaleOne(values)
  if (code < 0) {
    const end = writeFloats(values, count, i32.MAX_VALUE, at)
    return end != 0 ? end : writeRaw(values, count, at)
  }
  difference(count)
  const isSecond = sum2 < sum1
  const codes = isSecond ? SECOND : FIRST
  const least = 1 + (isSecond ? some2 : some1)
  const few = count >> 3
  const isRuns = least <= few && scaledLength(codes, count) <= few
  const rice = isRuns
    ? i32.MAX_VALUE
    : planRice(codes, count, isSecond ? sum2 : sum1, isSecond ? bits2 : bits1) + varintLength(load<u64>(codes))
  const runs = rice < least ? least : scaledLength(codes, count)
  const length = min(runs, rice)
  if (length > count * DEAR_BYTES) {
    const end = writeFloats(values, count, length, at)
    if (end != 0) return end
  }
  if (rice < runs) {
    store<u8>(at, isSecond ? RICE_2 : RICE_1)
    return writeRice(code, codes, count, at + 1)
  }
  store<u8>(at, isSecond ? SCALED_2 : SCALED_1)
  return writeScaled(code, codes, count, at + 1)
}
