import { bitsAt, BitWriter } from './bits.ts'

const float = new Float64Array(1)
const halves = new Uint32Array(float.buffer)
const writer = new BitWriter()
/** More leading zeros than a first value can have: forces a new window. */
const NO_WINDOW = 99

function zerosBelow(high: number, low: number): number {
  return low !== 0 ? 31 - Math.clz32(low & -low) : 63 - Math.clz32(high & -high)
}

/** The lowest `bits` of a 64 bit number. */
function put64(high: number, low: number, bits: number): void {
  if (bits > 32) {
    writer.put(high, bits - 32)
    writer.put(low, 32)
  } else writer.put(low, bits)
}

/**
 * XOR of each value with the one before (Pelkonen et al., "Gorilla", VLDB 2015): any float64 comes back with its bits,
 * but NaN as NaN. Returns the number of bytes, to be fetched by `writeXor`.
 */
export function encodeXor(values: Float64Array, from: number, to: number): number {
  writer.clear()
  float[0] = values[from]!
  let high = halves[1]!
  let low = halves[0]!
  put64(high, low, 64)
  let leading = NO_WINDOW
  let width = 0
  for (let i = from + 1; i < to; i++) {
    float[0] = values[i]!
    const x = halves[1]! ^ high
    const y = halves[0]! ^ low
    high = halves[1]!
    low = halves[0]!
    if ((x | y) === 0) {
      writer.put(0, 1)
      continue
    }
    const above = Math.min(31, x !== 0 ? Math.clz32(x) : 32 + Math.clz32(y))
    const below = zerosBelow(x, y)
    if (leading !== NO_WINDOW && leading <= above && 64 - leading - width <= below) writer.put(2, 2)
    else {
      leading = above
      width = 64 - above - below
      writer.put(3, 2)
      writer.put(leading, 5)
      writer.put(width & 63, 6)
    }
    const shift = 64 - leading - width
    if (shift >= 32) put64(0, shift === 32 ? x : x >>> (shift - 32), width)
    else if (shift === 0) put64(x, y, width)
    else put64(x >>> shift, (y >>> shift) | (x << (32 - shift)), width)
  }
  return writer.length
}

/** The bytes of the last `encodeXor`. */
export function writeXor(out: Uint8Array, at: number): void {
  writer.copyTo(out, at)
}

/** `count` values from `bytes` at `at` to `values` at `to`. */
export function decodeXor(bytes: Uint8Array, at: number, values: Float64Array, to: number, count: number): void {
  let high = bitsAt(bytes, at, 0)
  let low = bitsAt(bytes, at, 32)
  let bit = 64
  let leading = 0
  let width = 0
  for (let i = 0; i < count; i++) {
    if (i > 0) {
      const control = bitsAt(bytes, at, bit)
      if (control >= 0) bit++
      else {
        if (control >>> 30 === 2) bit += 2
        else {
          leading = (control >>> 25) & 31
          width = (control >>> 19) & 63 || 64
          bit += 13
        }
        const shift = 64 - leading - width
        const above = width > 32 ? width - 32 : 0
        const top = above > 0 ? bitsAt(bytes, at, bit) >>> (32 - above) : 0
        const bottom = bitsAt(bytes, at, bit + above) >>> (32 - (width - above))
        bit += width
        if (shift >= 32) high ^= shift === 32 ? bottom : bottom << (shift - 32)
        else if (shift === 0) {
          high ^= top
          low ^= bottom
        } else {
          high ^= (top << shift) | (bottom >>> (32 - shift))
          low ^= bottom << shift
        }
      }
    }
    halves[1] = high
    halves[0] = low
    values[to + i] = float[0]!
  }
}
