import { bitsAt } from './bits.ts'
import { divisorOf } from './decimal-scale.ts'
import { codesOf, type Order, sumOf, unzigzag } from './differences.ts'
import { writeVarint } from './scaled-column.ts'

/** A quotient of so much or more is not written in unary: the whole code follows, behind its length. */
const ESCAPE = 16
const LENGTH_BITS = 6
/** Low bits of a code; more would not fit into one look of 32 bits behind the longest quotient. */
const MAX_LOW = 15

function bitLength(code: number): number {
  return code < 2 ** 31 ? 32 - Math.clz32(code) : 64 - Math.clz32(Math.floor(code / 2 ** 32))
}

function bitsFor(codes: Float64Array, count: number, low: number): number {
  // Shifted, not raised: a power is a call.
  const share = 1 / (1 << low)
  const escaped = ESCAPE << low
  let bits = (1 + low) * (count - 1)
  for (let i = 1; i < count; i++) {
    const code = codes[i]!
    if (code < escaped) bits += (code * share) | 0
    else bits += ESCAPE + LENGTH_BITS + bitLength(code) - 1 - low
  }
  return bits
}

/** Low bits of the last `planRice`. */
let planned = 0

/**
 * Looks for the number of low bits that makes the last differences of this order small, for `writeRice`; returns their bytes. Source: Rice, "Some practical universal noiseless coding techniques", JPL 1979: the quotient by 2^low in unary, then the low bits.
 */
export function planRice(order: Order, count: number): number {
  const codes = codesOf(order)
  // The mean is a good guess, too large where a few codes are: they are escaped.
  let low = Math.min(MAX_LOW, Math.max(0, bitLength(sumOf(order) / count) - 1))
  let bits = bitsFor(codes, count, low)
  while (low > 0) {
    const fewer = bitsFor(codes, count, low - 1)
    if (fewer >= bits) break
    bits = fewer
    low--
  }
  let first = 1
  for (let rest = codes[0]!; rest >= 128; rest = Math.floor(rest / 128)) first++
  planned = low
  return 2 + first + Math.ceil(bits / 8)
}

/** Writes the last differences of this order as planned: scale, low bits, first value, then the codes. Returns where they end. */
export function writeRice(scale: number, order: Order, count: number, out: Uint8Array, start: number): number {
  const codes = codesOf(order)
  const low = planned
  out[start] = scale
  out[start + 1] = low
  let at = writeVarint(codes[0]!, out, start + 2)
  const size = 1 << low
  const share = 1 / size
  const escaped = ESCAPE * size
  let open = 0
  let free = 32
  for (let i = 1; i < count; i++) {
    const code = codes[i]!
    let left = 0
    let value: number
    let bits: number
    if (code < escaped) {
      const quotient = (code * share) | 0
      // Ones, a zero, the low bits.
      bits = quotient + 1 + low
      value = (((1 << quotient) - 1) << (low + 1)) | (code & (size - 1))
    } else {
      left = bitLength(code)
      bits = ESCAPE + LENGTH_BITS
      value = (((1 << ESCAPE) - 1) << LENGTH_BITS) | left
    }
    for (;;) {
      if (bits < free) {
        free -= bits
        open |= value << free
      } else {
        const rest = bits - free
        open |= value >>> rest
        out[at] = open >>> 24
        out[at + 1] = open >>> 16
        out[at + 2] = open >>> 8
        out[at + 3] = open
        at += 4
        free = 32 - rest
        open = rest === 0 ? 0 : value << free
      }
      if (left === 0) break
      // The whole code, from its highest bits on.
      bits = Math.min(24, left)
      left -= bits
      value = Math.floor(code / 2 ** left) & (2 ** bits - 1)
    }
  }
  for (let used = 32 - free; used > 0; used -= 8) {
    out[at++] = open >>> 24
    open <<= 8
  }
  return at
}

/** `count` values of the given order from `bytes` at `start` to `values` at `to`. */
export function decodeRice(
  bytes: Uint8Array,
  start: number,
  order: Order,
  target: { values: Float64Array; to: number; count: number },
): void {
  const { values, to, count } = target
  const divisor = divisorOf(bytes[start]!)
  const low = bytes[start + 1]!
  const mask = 2 ** low - 1
  let at = start + 2
  let first = 0
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++]!
    first += (byte & 127) * factor
    if (byte < 128 || byte === undefined) break
  }
  let whole = unzigzag(first)
  let step = 0
  let bit = 0
  values[to] = whole / divisor
  for (let i = 1; i < count; i++) {
    const word = bitsAt(bytes, at, bit)
    const quotient = Math.clz32(~word)
    let difference: number
    if (quotient < ESCAPE) {
      // Below 2^19: whole numbers of 32 bits do.
      const code = (quotient << low) | ((word >>> (31 - quotient - low)) & mask)
      bit += quotient + 1 + low
      difference = (code >>> 1) ^ -(code & 1)
    } else {
      const length = (word >>> (32 - ESCAPE - LENGTH_BITS)) & 63
      bit += ESCAPE + LENGTH_BITS
      let code = 0
      if (length > 32) {
        code = (bitsAt(bytes, at, bit) >>> (64 - length)) * 2 ** 32
        bit += length - 32
      }
      const rest = Math.min(32, length)
      code += bitsAt(bytes, at, bit) >>> (32 - rest)
      bit += rest
      difference = unzigzag(code)
    }
    if (order === 2) step += difference
    else step = difference
    whole += step
    values[to + i] = whole / divisor
  }
}
