import { formatValue } from './number.ts'

const ZERO = 48
const MINUS = 45
const POINT = 46
/** Below it, a whole number has but one decimal form, and so has one with so many digits behind the point. */
const EXACT = 1e15
const HALF = 1e8
/** Decimal places that are tried before the general way. */
const SCALES = [1e3, 1e6] as const

/** Points up to their values, one behind the other, with the comma before each but the first; and where each ends. */
interface Begins {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
}

function beginsOf(time_ms: Float64Array): Begins {
  const json = new JsonBytes()
  const ends = new Uint32Array(time_ms.length)
  for (let i = 0; i < time_ms.length; i++) {
    if (i > 0) json.text(',')
    json.begin(time_ms[i]!)
    ends[i] = json.bytes.length
  }
  return { bytes: json.bytes, ends }
}

/** JSON text as UTF-8, written where it stays: numbers become digits without a string in between. */
export class JsonBytes {
  #bytes = Buffer.allocUnsafe(1 << 16)
  #length = 0
  /** The times of the last points, and how they begin where they came twice: those of series over one grid are the same array. */
  #times: Float64Array = new Float64Array(0)
  #begins: Begins | undefined

  /** A view of what was written. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Text that is JSON already. */
  text(text: string): void {
    const { length } = text
    this.#reserve(length * 3)
    const bytes = this.#bytes
    let at = this.#length
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) {
        this.#length += bytes.write(text, this.#length, 'utf8')
        return
      }
      bytes[at++] = code
    }
    this.#length = at
  }

  /** `[seconds,"value"]`, both as Prometheus writes them. */
  point(time_ms: number, value: number): void {
    this.begin(time_ms)
    this.#value(value)
    this.#bytes[this.#length++] = 34
    this.#bytes[this.#length++] = 93
  }

  /** Points, a comma between two. */
  points(time_ms: Float64Array, value: Float64Array): void {
    if (time_ms !== this.#times) {
      this.#times = time_ms
      this.#begins = undefined
      for (let i = 0; i < time_ms.length; i++) {
        if (i > 0) this.text(',')
        this.point(time_ms[i]!, value[i]!)
      }
      return
    }
    const { bytes: begins, ends } = (this.#begins ??= beginsOf(time_ms))
    let from = 0
    for (let i = 0; i < time_ms.length; i++) {
      this.#reserve(64)
      const bytes = this.#bytes
      let at = this.#length
      for (const end = ends[i]!; from < end; from++) bytes[at++] = begins[from]!
      this.#length = at
      this.#value(value[i]!)
      this.#bytes[this.#length++] = 34
      this.#bytes[this.#length++] = 93
    }
  }

  /** A point up to its value. */
  begin(time_ms: number): void {
    this.#reserve(64)
    this.#bytes[this.#length++] = 91
    this.#seconds(Math.round(time_ms))
    this.#bytes[this.#length++] = 44
    this.#bytes[this.#length++] = 34
  }

  /** No fraction, or exactly three decimals. */
  #seconds(time_ms: number): void {
    const whole_ms = this.#positive(time_ms)
    const rest_ms = whole_ms % 1000
    this.#digits((whole_ms - rest_ms) / 1000, 1)
    if (rest_ms === 0) return
    this.#bytes[this.#length++] = POINT
    this.#digits(rest_ms, 3)
  }

  #value(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < EXACT && !Object.is(value, -0)) {
      this.#digits(this.#positive(value), 1)
      return
    }
    for (const scale of SCALES) {
      const scaled = Math.round(value * scale)
      // It is the double nearest to these decimals, and no shorter ones can be near to it.
      if (scaled / scale === value && Math.abs(scaled) < EXACT && scaled !== 0) {
        this.#decimal(this.#positive(scaled), scale)
        return
      }
    }
    this.text(formatValue(value))
  }

  #decimal(scaled: number, scale: number): void {
    const rest = scaled % scale
    this.#digits((scaled - rest) / scale, 1)
    this.#bytes[this.#length++] = POINT
    this.#digits(rest, scale === 1e3 ? 3 : 6)
    while (this.#bytes[this.#length - 1] === ZERO) this.#length--
  }

  #positive(value: number): number {
    if (value >= 0) return value
    this.#bytes[this.#length++] = MINUS
    return -value
  }

  /** A whole number below 1e16, with zeros before it up to so many digits. */
  #digits(value: number, least: number): void {
    if (value < HALF) {
      this.#small(value, least)
      return
    }
    const high = Math.floor(value / HALF)
    this.#small(high, least - 8)
    this.#small(value - high * HALF, 8)
  }

  #small(value: number, least: number): void {
    let digits = 1
    for (let bound = 10; bound <= value; bound *= 10) digits++
    if (digits < least) digits = least
    const bytes = this.#bytes
    let rest = value | 0
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const shorter = (rest / 10) | 0
      bytes[at] = ZERO + rest - shorter * 10
      rest = shorter
    }
    this.#length += digits
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
