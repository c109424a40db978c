/** The low half of the digits. */
const LOW = 1e8
/** Values from here to there are scaled by an exact power of ten. */
const LEAST = 1e-5
const MOST = 1e15
/** What is nearer than this to a choice is left to the general way: beyond it every step below is exact. */
const CLOSE = 1e-4
/** Dekker's: it splits a double into halves whose products are exact. */
const SPLIT = 2 ** 27 + 1

const TENS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))
const TENS_HIGH = TENS.map(upperHalf)
const TENS_LOW = TENS.map((ten, i) => ten - TENS_HIGH[i]!)
/** Half a unit in the last place, by the bits of the exponent. */
const HALF_ULP = Float64Array.from({ length: 2047 }, (_, bits) => 2 ** (bits - 1076))

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
/** Which word of a double has the exponent. */
const HIGH_WORD = new Uint32Array(Float64Array.of(1).buffer)[1] === 0 ? 0 : 1

function upperHalf(value: number): number {
  const large = value * SPLIT
  return large - (large - value)
}

/**
 * The shortest decimal digits that read back as a double, as `String` finds them, for positive values in `[1e-5, 1e15)`; for some of them, and all
 * others, it says that it does not know. Scaled by a power of ten that is exact, as the exact sum of two doubles (Dekker's product), a value has 17
 * digits before its point, and whatever lies within half a unit in the last place (also scaled, and exact) reads back the same: of the multiples of the
 * largest power of ten among those the nearest is meant.
 */
export class Shortest {
  /** The first nine digits, and the eight behind them. */
  high = 0
  low = 0
  /** Digits behind the point, trailing zeros among them. */
  places = 0

  /** Of the value before: neighbours are alike. */
  #places = 0

  find(value: number): boolean {
    if (!(value >= LEAST && value < MOST)) return false
    double[0] = value
    const word = words[HIGH_WORD]!
    // A power of two has neighbours at different distances.
    if ((word & 0xf_ff_ff) === 0 && words[1 - HIGH_WORD] === 0) return false
    const places = this.#placesOf(value)
    const ten = TENS[places]!
    const product = value * ten
    const a = upperHalf(value)
    const b = value - a
    const c = TENS_HIGH[places]!
    const d = TENS_LOW[places]!
    const rest = a * c - product + a * d + b * c + b * d
    const half = HALF_ULP[(word >>> 20) & 0x7_ff]! * ten
    const high = Math.floor(product / LOW)
    return this.#round(high, product - high * LOW + rest, half)
  }

  /** `low` is exact to less than a millionth. */
  #round(high: number, low: number, half: number): boolean {
    let unit = 1
    let best = Math.round(low)
    if (Math.abs(Math.abs(low - best) - 0.5) < CLOSE || Math.abs(low - best) > half - CLOSE) return false
    for (;;) {
      const next = unit * 10
      if (next === LOW) return false
      const multiple = Math.round(low / next) * next
      const distance = Math.abs(low - multiple)
      if (distance > half + CLOSE) break
      if (distance > half - CLOSE || Math.abs(distance - next / 2) < CLOSE) return false
      unit = next
      best = multiple
    }
    if (best < 0 || best >= LOW || high < LOW || high >= 10 * LOW) return false
    this.high = high
    this.low = best
    return true
  }

  /** So that the scaled value has 17 digits. */
  #placesOf(value: number): number {
    let places = this.#places
    while (places < 22 && value * TENS[places]! < 1e16) places++
    while (places > 0 && value * TENS[places]! >= 1e17) places--
    this.#places = places
    this.places = places
    return places
  }
}
