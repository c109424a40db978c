/** Scaled values stay within this, so that differences of differences are still whole doubles. */
export const SCALE_LIMIT = 2 ** 45
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const
/** Codes from here on stand for multiples of a power of two. */
const BINARY = 16

/**
 * Values as whole numbers of one scale, written to `out` from 0. Returns the code of the scale: 0 to 6 for so many decimals, 16 + n
 * for multiples of 2^n; -1 where there is no scale at which every value comes back with its bits.
 */
export function scale(values: Float64Array, from: number, to: number, out: Float64Array): number {
  next: for (let exponent = 0; exponent < POWERS.length; exponent++) {
    const power = POWERS[exponent]!
    for (let i = from; i < to; i++) {
      const value = values[i]!
      const whole = Math.round(value * power)
      if (!(whole <= SCALE_LIMIT && whole >= -SCALE_LIMIT && whole / power === value)) continue next
      // -0 equals 0, but is not its bits.
      if (whole === 0 && Object.is(value, -0)) return -1
      out[i - from] = whole
    }
    return exponent === 0 ? halved(out, to - from) : exponent
  }
  return -1
}

/** Takes out the powers of two that all have: pages, sectors. */
function halved(out: Float64Array, count: number): number {
  let bits = 0
  // `|` sees a number modulo 2^32, which keeps its lowest bits.
  for (let i = 0; i < count; i++) bits |= out[i]!
  if (bits === 0 || (bits & 1) === 1) return 0
  const shift = 31 - Math.clz32(bits & -bits)
  const divisor = 2 ** shift
  for (let i = 0; i < count; i++) out[i] = out[i]! / divisor
  return BINARY + shift
}

/** What whole numbers of a scale are divided by. */
export function divisorOf(code: number): number {
  return code < BINARY ? POWERS[code]! : 2 ** (BINARY - code)
}
