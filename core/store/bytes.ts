import { ServiceError } from '../errors.ts'

const encoder = new TextEncoder()
/** A mark that begins a text is part of it. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** Varints hold whole numbers below this, the largest that a double counts exactly. */
const VARINT_LIMIT = 2 ** 53
/** A text of so many characters is written one by one where it is ASCII: a call of the encoder costs more. */
const SHORT = 64

/** Writes a little-endian byte string that grows as needed. `clear()` and write again to reuse its memory. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #used = 0

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#used
  }

  clear(): void {
    this.#used = 0
  }

  /** Room for so many bytes more: until they are used up nothing is moved. */
  reserve(more: number): void {
    const needed = this.#used + more
    if (needed > this.#bytes.length) this.#move(needed)
  }

  /** Takes back what was written behind the first `length` bytes. */
  cut(length: number): void {
    this.#used = Math.min(this.#used, length)
  }

  /** What was written: a view, valid until the next write or `clear`. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#used)
  }

  /** What was written: a copy. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#used)
  }

  u8(value: number): void {
    this.#room(1)
    this.#bytes[this.#used++] = value
  }

  u32(value: number): void {
    this.#room(4)
    this.#view.setUint32(this.#used, value, true)
    this.#used += 4
  }

  /** Overwrites four bytes written before: a length or checksum known only afterwards. */
  u32At(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true)
  }

  f64(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.#used, value, true)
    this.#used += 8
  }

  /** A whole number from 0 to 2^53 − 1, seven bits a byte, lowest first. */
  varint(value: number): void {
    this.#room(8)
    let rest = value
    while (rest >= 128) {
      this.#bytes[this.#used++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#used++] = rest
  }

  /** Any whole number of at most 2^52 in magnitude: small ones of either sign are short. */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#used)
    this.#used += bytes.length
  }

  /** The memory of a typed array as it is. */
  column(values: ArrayBufferView): void {
    this.raw(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }

  /** Any string: UTF-8, or UTF-16 where a lone surrogate would not survive UTF-8. */
  text(value: string): void {
    if (value.length <= SHORT && this.#ascii(value)) return
    if (value.isWellFormed()) {
      const bytes = encoder.encode(value)
      this.varint(bytes.length * 2)
      this.raw(bytes)
    } else {
      const bytes = Buffer.from(value, 'utf16le')
      this.varint(bytes.length * 2 + 1)
      this.raw(bytes)
    }
  }

  /** A short text; false, and nothing is written, where it is not ASCII. */
  #ascii(value: string): boolean {
    const { length } = value
    const start = this.#used
    this.varint(length * 2)
    this.#room(length)
    const bytes = this.#bytes
    let at = this.#used
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 127) {
        this.#used = start
        return false
      }
      bytes[at++] = code
    }
    this.#used = at
    return true
  }

  #room(more: number): void {
    const needed = this.#used + more
    if (needed > this.#bytes.length) this.#move(Math.max(needed, this.#bytes.length * 2))
  }

  #move(size: number): void {
    const larger = new Uint8Array(size)
    larger.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

/** Reads what `ByteWriter` wrote. Whatever the bytes are, it throws `ServiceError('bad_data')` and never reads beyond them. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    // A Buffer's slice() is no copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale < VARINT_LIMIT; scale *= 128) {
      const byte = this.#bytes[this.#take(1)]!
      value += (byte & 127) * scale
      if (byte < 128) {
        if (value >= VARINT_LIMIT) break
        return value
      }
    }
    throw new ServiceError('bad_data', 'a number is too long')
  }

  signed(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** A number of things that take at least `bytesEach` bytes: one that cannot be there is refused before memory is asked for. */
  count(bytesEach: number): number {
    const count = this.varint()
    if (count * bytesEach > this.left) throw new ServiceError('bad_data', `${count} items do not fit`)
    return count
  }

  /** A view of the next `length` bytes. */
  raw(length: number): Uint8Array {
    // A length that was calculated from damaged bytes may be anything.
    if (!(Number.isInteger(length) && length >= 0)) throw new ServiceError('bad_data', 'a length is no length')
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  floats(length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#aligned(length * 8))
  }

  shorts(length: number): Uint16Array<ArrayBuffer> {
    return new Uint16Array(this.#aligned(length * 2))
  }

  integers(length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#aligned(length * 4))
  }

  /** The memory of the first `length` entries of a typed array, as `column` wrote it. */
  into(values: Uint8Array | Uint32Array | Float64Array, length: number): void {
    const size = length * values.BYTES_PER_ELEMENT
    new Uint8Array(values.buffer, values.byteOffset, size).set(this.raw(size))
  }

  text(): string {
    const header = this.varint()
    if (header === 0) return ''
    const bytes = this.raw(Math.floor(header / 2))
    if (header % 2 === 0) return decoder.decode(bytes)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf16le')
  }

  #aligned(length: number): ArrayBuffer {
    const at = this.#take(length)
    return this.#bytes.slice(at, at + length).buffer
  }

  #take(length: number): number {
    const at = this.#at
    if (!(length <= this.#bytes.length - at)) throw new ServiceError('bad_data', 'the bytes end too early')
    this.#at = at + length
    return at
  }
}
