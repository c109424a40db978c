import { decodeScaled, planScaled, writeScaled } from './scaled-column.ts'
import { decodeXor, encodeXor, writeXor } from './xor-column.ts'

/** First byte of a column. Never reused for something else. */
const SCALED_1 = 1
const SCALED_2 = 2
const XOR = 3
const RAW = 4

/** A column of `count` values is never larger than this. */
export function columnLimit(count: number): number {
  return 2 + count * 8
}

/** `values[from … to)` to `out` at `at`, as small as we can and without loss; returns where it ends. */
export function encodeColumn(
  range: { values: Float64Array; from: number; to: number },
  out: Uint8Array,
  at: number,
): number {
  const { values, from, to } = range
  const count = to - from
  const plan = planScaled(values, from, to)
  // A byte a value is as good as it gets: the other way is not tried.
  if (plan === undefined || plan.length > count) {
    const length = encodeXor(values, from, to)
    if (plan === undefined || length < plan.length) {
      if (length >= count * 8) return writeRaw(range, out, at)
      out[at] = XOR
      writeXor(out, at + 1)
      return at + 1 + length
    }
  }
  out[at] = plan.order === 1 ? SCALED_1 : SCALED_2
  return writeScaled(plan, count, out, at + 1)
}

function writeRaw(range: { values: Float64Array; from: number; to: number }, out: Uint8Array, at: number): number {
  const { values, from, to } = range
  out[at] = RAW
  out.set(new Uint8Array(values.slice(from, to).buffer), at + 1)
  return at + 1 + (to - from) * 8
}

/** The column at `at` of `bytes` to `target.values`. The bytes must be ours: their checksum was seen to. */
export function decodeColumn(
  bytes: Uint8Array,
  at: number,
  target: { values: Float64Array; to: number; count: number },
): void {
  const kind = bytes[at]
  if (kind === SCALED_1 || kind === SCALED_2) decodeScaled(bytes, at + 1, kind, target)
  else if (kind === XOR) decodeXor(bytes, at + 1, target.values, target.to, target.count)
  else {
    const raw = bytes.slice(at + 1, at + 1 + target.count * 8)
    target.values.set(new Float64Array(raw.buffer, raw.byteOffset, target.count), target.to)
  }
}
