import { scale, SCALE_LIMIT } from './decimal-scale.ts'
import { difference, smallDifference, sumOf, zigzag } from './differences.ts'
import { grown } from './grow.ts'
import { decodeRice, planRice, writeRice } from './rice-column.ts'
import { decodeScaled, leastLength, scaledLength, writeScaled, writeVarint } from './scaled-column.ts'
import { decodeXor, encodeXor, writeXor } from './xor-column.ts'

/** First byte of a column. Never reused for something else. */
const SCALED_1 = 1
const SCALED_2 = 2
const XOR = 3
const RAW = 4
const RICE_1 = 5
const RICE_2 = 6

/** Where decimals need more bytes a value than this, the other way is tried as well. */
const DEAR_BYTES = 3

/** In shorter columns, as those of rollups are, whole numbers are not looked for apart: measured with both, a sample cost a third more. */
const SHORT = 8

let whole = new Float64Array(256)
/** Where raw values are put together. */
let aligned = new Float64Array(256)
let alignedBytes = new Uint8Array(aligned.buffer)

interface ColumnRange {
  readonly values: Float64Array
  readonly from: number
  readonly to: number
}

/** A column of `count` values is never larger than this. */
export function columnLimit(count: number): number {
  return 16 + count * 8
}

/** `values[from … to)` to `out` at `at`, as small as we can and without loss; returns where it ends. */
export function encodeColumn(range: ColumnRange, out: Uint8Array, at: number): number {
  const { values, from, to } = range
  const count = to - from
  // Before what is regular: a column that is not zero tells so at its first value, zeros look regular up to the last.
  if (isZero(values, from, to)) return writeZeros(count, out, at)
  if (isRegular(values, from, to)) return writeRegular(values[from]!, values[from + 1]! - values[from]!, count, out, at)
  let code = 0
  if (count < SHORT || !smallDifference(values, from, to)) {
    whole = grown(whole, count)
    code = scale(values, from, to, whole)
    if (code < 0) return writeFloats(range, Infinity, out, at) ?? writeRaw(range, out, at)
    difference(whole, count)
  }
  const order = sumOf(2) < sumOf(1) ? 2 : 1
  const least = leastLength(order, count)
  const few = count >> 3
  // Nearly nothing but runs: it gets no better.
  const isRuns = least <= few && scaledLength(order, count) <= few
  const rice = isRuns ? Infinity : planRice(order, count)
  // Where it is more in any case, it need not be known.
  const runs = rice < least ? least : scaledLength(order, count)
  const length = Math.min(runs, rice)
  if (length > count * DEAR_BYTES) {
    const end = writeFloats(range, length, out, at)
    if (end !== undefined) return end
  }
  if (rice < runs) {
    out[at] = order === 1 ? RICE_1 : RICE_2
    return writeRice(code, order, count, out, at + 1)
  }
  out[at] = order === 1 ? SCALED_1 : SCALED_2
  return writeScaled(code, order, count, out, at + 1)
}

/** Whole numbers that all lie the same step apart, as times do and constants. */
function isRegular(values: Float64Array, from: number, to: number): boolean {
  const step = values[from + 1]! - values[from]!
  if (to - from < 3 || !Number.isSafeInteger(values[from]!) || !Number.isSafeInteger(step)) return false
  for (let i = from + 2; i < to; i++) if (values[i]! - values[i - 1]! !== step) return false
  // Zero is left to the others, for the sake of its sign.
  return values[from]! > 0 && values[to - 1]! > 0 && values[from]! < SCALE_LIMIT && values[to - 1]! < SCALE_LIMIT
}

/** As buckets are that nothing falls into. */
function isZero(values: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!Object.is(values[i], 0)) return false
  return true
}

/** What `writeScaled` makes of them: one run. */
function writeZeros(count: number, out: Uint8Array, at: number): number {
  out[at] = SCALED_1
  out[at + 1] = 0
  out[at + 2] = 0
  return writeVarint(count, out, at + 3)
}

/** What `writeScaled` makes of them, second order. */
function writeRegular(first: number, step: number, count: number, out: Uint8Array, start: number): number {
  out[start] = SCALED_2
  out[start + 1] = 0
  let at = writeVarint(zigzag(first), out, start + 2)
  if (step !== 0) at = writeVarint(zigzag(step), out, at)
  out[at] = 0
  return writeVarint(step === 0 ? count - 1 : count - 2, out, at + 1)
}

/** XOR, if that is smaller than `limit` and than the values as they are. */
function writeFloats(
  { values, from, to }: ColumnRange,
  limit: number,
  out: Uint8Array,
  at: number,
): number | undefined {
  const length = encodeXor(values, from, to)
  if (length >= Math.min(limit, (to - from) * 8)) return undefined
  out[at] = XOR
  writeXor(out, at + 1)
  return at + 1 + length
}

function align(count: number): void {
  aligned = grown(aligned, count)
  if (alignedBytes.buffer !== aligned.buffer) alignedBytes = new Uint8Array(aligned.buffer)
}

function writeRaw({ values, from, to }: ColumnRange, out: Uint8Array, at: number): number {
  const count = to - from
  align(count)
  for (let i = 0; i < count; i++) aligned[i] = values[from + i]!
  const end = at + 1 + count * 8
  out[at] = RAW
  // Rollups have a dozen: to make a view that copies them would cost more.
  for (let i = at + 1; i < end; i++) out[i] = alignedBytes[i - at - 1]!
  return end
}

/** The column at `at` of `bytes` to `target.values`. The bytes must be ours: their checksum was seen to. */
export function decodeColumn(
  bytes: Uint8Array,
  at: number,
  target: { values: Float64Array; to: number; count: number },
): void {
  const kind = bytes[at]
  if (kind === RICE_1) decodeRice(bytes, at + 1, 1, target)
  else if (kind === RICE_2) decodeRice(bytes, at + 1, 2, target)
  else if (kind === SCALED_1 || kind === SCALED_2) decodeScaled(bytes, at + 1, kind, target)
  else if (kind === XOR) decodeXor(bytes, at + 1, target.values, target.to, target.count)
  else {
    const { values, to, count } = target
    align(count)
    alignedBytes.set(bytes.subarray(at + 1, at + 1 + count * 8))
    for (let i = 0; i < count; i++) values[to + i] = aligned[i]!
  }
}
