import { malformed } from './malformed.ts'

const PLUS = 0x2b
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
/** Lower-case e; `| 0x20` makes letters small. */
const E = 0x65
/** Beyond 10^22 a power of ten is no longer exact. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, power) => 10 ** power)
/** Digits of which any number is exact in a double. */
const EXACT_DIGITS = 15
/** Digits of a time in 64 bits: beyond every calendar it need not be exact. */
const LONGEST_TIME = 19
/** An exponent of more digits says nothing new. */
const LARGEST_EXPONENT = 99_999

function textOf(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('latin1', from, to)
}

/** `NaN`, `Inf`, `Infinity`, in any case. */
function wordOf(bytes: Buffer, from: number, to: number): number {
  const word = to - from > 9 ? '' : textOf(bytes, from, to).toLowerCase()
  const unsigned = word.replace(/^[+-]/, '')
  if (unsigned === 'inf' || unsigned === 'infinity') return word.startsWith('-') ? -Infinity : Infinity
  if (word === 'nan') return NaN
  return malformed(`${JSON.stringify(textOf(bytes, from, Math.min(to, from + 40)))} is not a number`)
}

/** Rare: too many digits for the short way. The text is known to be a decimal number. */
function exactly(bytes: Buffer, from: number, to: number): number {
  const value = Number(textOf(bytes, from, to))
  if (Math.abs(value) === Infinity) malformed('a number is too large')
  return value
}

/**
 * The number that fills `[from, to)`: what Go's `ParseFloat` takes, without underscores and hexadecimal. Correctly rounded: up to
 * 15 digits times or by an exact power of ten (Clinger 1990), else what the language makes of the text.
 */
export function parseNumber(bytes: Buffer, from: number, to: number): number {
  let at = from
  const sign = bytes[at]
  if (sign === MINUS || sign === PLUS) at++
  let mantissa = 0
  let digits = 0
  let seen = 0
  let power = 0
  for (; at < to; at++) {
    const digit = bytes[at]! - ZERO
    if (digit < 0 || digit > 9) break
    seen++
    mantissa = mantissa * 10 + digit
    if (mantissa > 0) digits++
  }
  if (at < to && bytes[at] === DOT) {
    for (at++; at < to; at++) {
      const digit = bytes[at]! - ZERO
      if (digit < 0 || digit > 9) break
      seen++
      power--
      mantissa = mantissa * 10 + digit
      if (mantissa > 0) digits++
    }
  }
  if (seen === 0) return wordOf(bytes, from, to)
  if (at < to && (bytes[at]! | 0x20) === E) {
    at++
    const negative = bytes[at] === MINUS
    if (negative || bytes[at] === PLUS) at++
    const start = at
    let exponent = 0
    for (; at < to; at++) {
      const digit = bytes[at]! - ZERO
      if (digit < 0 || digit > 9) break
      exponent = Math.min(exponent * 10 + digit, LARGEST_EXPONENT)
    }
    if (at === start) return wordOf(bytes, from, to)
    power += negative ? -exponent : exponent
  }
  if (at < to) return wordOf(bytes, from, to)
  if (digits > EXACT_DIGITS || power > 22 || power < -22) return exactly(bytes, from, to)
  const value = power < 0 ? mantissa / EXACT_POWERS[-power]! : mantissa * EXACT_POWERS[power]!
  return sign === MINUS ? -value : value
}

/** A whole number of milliseconds that fills `[from, to)`. */
export function parseMillis(bytes: Buffer, from: number, to: number): number {
  let at = from
  if (bytes[at] === MINUS) at++
  if (at === to || to - at > LONGEST_TIME) malformed('a timestamp is not a whole number of milliseconds')
  let value = 0
  for (; at < to; at++) {
    const digit = bytes[at]! - ZERO
    if (digit < 0 || digit > 9) malformed('a timestamp is not a whole number of milliseconds')
    value = value * 10 + digit
  }
  return bytes[from] === MINUS ? 0 - value : value
}

/** Seconds with a fraction that fill `[from, to)`, as milliseconds; may lie beyond every calendar, but is finite. */
export function parseSeconds(bytes: Buffer, from: number, to: number): number {
  const seconds = parseNumber(bytes, from, to)
  if (!Number.isFinite(seconds)) malformed('a timestamp is not finite')
  return Math.round(seconds * 1000)
}
