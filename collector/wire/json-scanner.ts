const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44
const OPEN = 123
const CLOSE = 125
const OPEN_LIST = 91
const CLOSE_LIST = 93

/**
 * What a scanner throws where JSON is not written as it expects: malformed, or only unusual. The body is read the slow way
 * then, which says what is wrong.
 */
export class Unusual extends Error {}
const unusual = new Unusual('unusual JSON')

export function giveUp(): never {
  throw unusual
}

/** Names of fields, found by their bytes. */
export class FieldNames {
  /** By length: the names, each with its number. */
  readonly #names: (readonly { readonly bytes: Uint8Array; readonly number: number }[])[] = []

  /** A name's number is its place in the list. */
  constructor(names: readonly string[]) {
    for (const [number, name] of names.entries()) {
      const bytes = Buffer.from(name)
      this.#names[bytes.length] = [...(this.#names[bytes.length] ?? []), { bytes, number }]
    }
  }

  /** The number of the name in `[start, end)`; -1 for another. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const names = this.#names[end - start]
    if (names === undefined) return -1
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!.bytes
      let at = name.length - 1
      while (at >= 0 && name[at] === bytes[start + at]) at--
      if (at < 0) return names[i]!.number
    }
    return -1
  }
}

const TENS = Float64Array.from({ length: 23 }, (_, i) => 10 ** i)
/** As many digits a double counts exactly. */
const EXACT_DIGITS = 15

function isSpace(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

/** Moves over JSON text in bytes that are known to be UTF-8. Throws `Unusual`, never reads beyond the end. */
export class JsonScanner {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly #text: Buffer
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The byte that stands next, spaces passed over. */
  peek(): number {
    const { bytes } = this
    let byte = bytes[this.at]!
    while (isSpace(byte)) byte = bytes[++this.at]!
    return byte
  }

  take(byte: number): void {
    if (this.peek() !== byte) giveUp()
    this.at++
  }

  /** Enters an object; false where it is empty, and left again. */
  open(): boolean {
    this.take(OPEN)
    if (this.peek() !== CLOSE) return true
    this.at++
    return false
  }

  /** Enters a list; false where it is empty, and left again. */
  openList(): boolean {
    this.take(OPEN_LIST)
    if (this.peek() !== CLOSE_LIST) return true
    this.at++
    return false
  }

  /** Behind a value of an object: true where another follows. */
  more(): boolean {
    return this.#more(CLOSE)
  }

  moreItems(): boolean {
    return this.#more(CLOSE_LIST)
  }

  #more(close: number): boolean {
    const byte = this.peek()
    this.at++
    if (byte === COMMA) return true
    return byte === close ? false : giveUp()
  }

  /** The number of the key that stands next; the value is next then. A key that is not among the names is unusual. */
  key(names: FieldNames): number {
    const start = this.peek() === QUOTE ? this.at + 1 : giveUp()
    const number = names.find(this.bytes, start, this.#stringEnd(start))
    if (number < 0) giveUp()
    this.take(58)
    return number
  }

  /** Passes over a value. Its grammar is not judged beyond strings and brackets. */
  skip(): void {
    const byte = this.peek()
    if (byte === OPEN || byte === OPEN_LIST) this.#skipNested(this.bytes.length)
    else if (byte === QUOTE) this.at = this.#behindString(this.at + 1)
    else this.#skipWord()
  }

  /** The same with a value of no more than about so many bytes; false for a longer one, which is next then as it was. */
  skipWithin(most: number): boolean {
    const byte = this.peek()
    if (this.bytes.length - this.at > most && (byte === OPEN || byte === OPEN_LIST)) {
      return this.#skipNested(this.at + most)
    }
    const from = this.at
    this.skip()
    if (this.at - from <= most) return true
    this.at = from
    return false
  }

  /** A string of digits in quotes as time in ns, in whole ms. */
  time_ms(): number {
    this.take(QUOTE)
    const start = this.at
    const end = this.#stringEnd(start)
    const length = end - start
    if (length === 0 || length > 19) giveUp()
    let value = 0
    for (let at = start; at < end; at++) {
      const digit = this.bytes[at]! - 48
      if (!(digit >= 0 && digit <= 9)) giveUp()
      if (at < end - 6) value = value * 10 + digit
    }
    // From 2^63 on it is nobody's clock.
    return value < 9_223_372_036_854 ? value : giveUp()
  }

  /** A number, in quotes or not. */
  number(): number {
    if (this.peek() !== QUOTE) return this.#number()
    this.at++
    const value = this.#number()
    return this.bytes[this.at++] === QUOTE ? value : giveUp()
  }

  boolean(): boolean {
    this.peek()
    const start = this.at
    this.#skipWord()
    const word = this.#text.toString('latin1', start, this.at).trimEnd()
    return word === 'true' ? true : word === 'false' ? false : giveUp()
  }

  #number(): number {
    const { bytes } = this
    const start = this.at
    let at = start
    const negative = bytes[at] === 45
    if (negative) at++
    const first = at
    let mantissa = 0
    while (isDigit(bytes[at]!)) mantissa = mantissa * 10 + bytes[at++]! - 48
    let digits = at - first
    // JSON knows no leading zeros.
    if (digits === 0 || (digits > 1 && bytes[first] === 48)) giveUp()
    let decimals = 0
    if (bytes[at] === 46) {
      const point = ++at
      while (isDigit(bytes[at]!)) mantissa = mantissa * 10 + bytes[at++]! - 48
      decimals = at - point
      digits += decimals
      if (decimals === 0) giveUp()
    }
    const plain = bytes[at] !== 101 && bytes[at] !== 69
    if (!plain) at = this.#exponentEnd(at + 1)
    this.at = at
    // Both are exact, so that their quotient is the nearest double (Clinger, 1990).
    if (plain && digits <= EXACT_DIGITS) return (negative ? -mantissa : mantissa) / TENS[decimals]!
    return Number(this.#text.toString('latin1', start, at))
  }

  #exponentEnd(from: number): number {
    let at = from
    if (this.bytes[at] === 43 || this.bytes[at] === 45) at++
    const first = at
    while (isDigit(this.bytes[at]!)) at++
    return at === first ? giveUp() : at
  }

  /** The closing quote of a string without escapes that begins at `start`; `at` moves behind it. */
  #stringEnd(start: number): number {
    const { bytes } = this
    let at = start
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (byte === QUOTE) break
      if (byte === BACKSLASH || byte < 32) giveUp()
    }
    if (at === bytes.length) giveUp()
    this.at = at + 1
    return at
  }

  #behindString(start: number): number {
    const { bytes } = this
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (byte === QUOTE) return at + 1
      if (byte === BACKSLASH) at++
    }
    return giveUp()
  }

  /** False, and nothing is passed over, where it does not end before `end`. */
  #skipNested(end: number): boolean {
    const { bytes } = this
    let depth = 0
    for (let at = this.at; at < end; at++) {
      const byte = bytes[at]!
      if (byte === QUOTE) at = this.#behindString(at + 1) - 1
      else if (byte === OPEN || byte === OPEN_LIST) depth++
      else if ((byte === CLOSE || byte === CLOSE_LIST) && --depth === 0) {
        this.at = at + 1
        return true
      }
    }
    return end < bytes.length ? false : giveUp()
  }

  #skipWord(): void {
    const { bytes } = this
    const start = this.at
    let at = start
    while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== CLOSE && bytes[at] !== CLOSE_LIST) at++
    this.at = at === start ? giveUp() : at
  }
}
