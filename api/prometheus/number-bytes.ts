// Numbers as ASCII, written into bytes that have room for them: each function returns where it ended.
import { formatValue } from './number.ts'
import { Shortest } from './shortest.ts'

const ZERO = 48
const MINUS = 45
const POINT = 46
/** Below it, a whole number has but one decimal form, and so has one with so many digits behind the point. */
const EXACT = 1e15
const HALF = 1e8
/** Decimal places that are tried before the general way. */
const SCALE = 1e3

/** `00` to `99`. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => ZERO + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10))

const shortest = new Shortest()

/** Whole ms as seconds: no fraction, or exactly three decimals. At most 20 bytes. */
export function writeSeconds(bytes: Uint8Array, from: number, time_ms: number): number {
  let at = from
  let whole_ms = Math.round(time_ms)
  if (whole_ms < 0) {
    bytes[at++] = MINUS
    whole_ms = -whole_ms
  }
  const rest_ms = whole_ms % 1000
  at = writeWhole(bytes, at, (whole_ms - rest_ms) / 1000)
  if (rest_ms === 0) return at
  bytes[at] = POINT
  return writePadded(bytes, at + 1, rest_ms, 3)
}

/** As `formatValue` gives it. At most 30 bytes. */
export function writeValue(bytes: Uint8Array, from: number, value: number): number {
  let at = from
  let size = value
  if (value < 0) {
    bytes[at++] = MINUS
    size = -value
  }
  if (size < EXACT && !Object.is(value, -0)) {
    if (Math.floor(size) === size) return writeWhole(bytes, at, size)
    const scaled = Math.round(size * SCALE)
    // It is the double nearest to these decimals, and no shorter ones can be near to it.
    if (scaled / SCALE === size && scaled < EXACT) {
      const rest = scaled % SCALE
      at = writeWhole(bytes, at, (scaled - rest) / SCALE)
      bytes[at] = POINT
      return withoutZeros(bytes, writePadded(bytes, at + 1, rest, 3))
    }
    if (shortest.find(size)) return writeDigits(bytes, at)
  }
  return writeText(bytes, from, formatValue(value))
}

/** What `shortest` has found. */
function writeDigits(bytes: Uint8Array, from: number): number {
  const { high, low, places } = shortest
  let at = from
  // Digits before the point, of 17.
  let whole = 17 - places
  if (whole <= 0) {
    bytes[at++] = ZERO
    bytes[at++] = POINT
    for (; whole < 0; whole++) bytes[at++] = ZERO
    return withoutZeros(bytes, writePadded(bytes, writePadded(bytes, at, high, 9), low, 8))
  }
  // One place further, for the point; then what stands before it is moved to the front.
  const end = writePadded(bytes, writePadded(bytes, at + 1, high, 9), low, 8)
  for (let i = 0; i < whole; i++) bytes[at + i] = bytes[at + i + 1]!
  bytes[at + whole] = POINT
  return withoutZeros(bytes, end)
}

/** Behind a point stands more than zeros. */
function withoutZeros(bytes: Uint8Array, end: number): number {
  let at = end
  while (bytes[at - 1] === ZERO) at--
  return at
}

/** A whole number below 1e16. */
function writeWhole(bytes: Uint8Array, at: number, value: number): number {
  if (value < HALF) return writePadded(bytes, at, value, digitsOf(value))
  const high = Math.floor(value / HALF)
  return writePadded(bytes, writePadded(bytes, at, high, digitsOf(high)), value - high * HALF, 8)
}

function digitsOf(value: number): number {
  if (value < 10_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4
  if (value < HALF) return value < 1_000_000 ? (value < 100_000 ? 5 : 6) : value < 10_000_000 ? 7 : 8
  return 9
}

/** A whole number below 2^31 in so many digits. */
function writePadded(bytes: Uint8Array, from: number, value: number, digits: number): number {
  let rest = value | 0
  let at = from + digits
  while (at - from >= 2) {
    const shorter = (rest / 100) | 0
    const pair = (rest - shorter * 100) << 1
    bytes[--at] = PAIRS[pair + 1]!
    bytes[--at] = PAIRS[pair]!
    rest = shorter
  }
  if (at > from) bytes[from] = ZERO + rest
  return from + digits
}

function writeText(bytes: Uint8Array, from: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[from + i] = text.charCodeAt(i)
  return from + text.length
}
