const encoder = new TextEncoder()
const TWO_32 = 2 ** 32
/** The bits by which Prometheus knows that a series has ended. They do not survive a typed array: written as they are. */
const STALE_LOW = 2
const STALE_HIGH = 0x7ff0_0000

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2

/** Bytes that `varint` writes for a whole number from 0 to 2^53. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

/** Bytes that `int64` writes. */
export function int64Length(value: number): number {
  return value < 0 ? 10 : varintLength(value)
}

export function sampleLength(time_ms: number): number {
  return 10 + int64Length(time_ms)
}

/** Writes protobuf into memory that grows and is used again. */
export class ProtoWriter {
  #bytes = new Uint8Array(4096)
  #view = new DataView(this.#bytes.buffer)
  #used = 0

  get length(): number {
    return this.#used
  }

  clear(): void {
    this.#used = 0
  }

  /** What was written: a view, valid until the next write or `clear`. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#used)
  }

  /** What was written: a copy. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#used)
  }

  tag(field: number, wire: number): void {
    this.varint(field * 8 + wire)
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.#room(8)
    let rest = value
    while (rest >= 128) {
      this.#bytes[this.#used++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#used++] = rest
  }

  /** An int64, two's complement: ten bytes where it is negative. */
  int64(value: number): void {
    if (value >= 0) {
      this.varint(value)
      return
    }
    this.#room(10)
    let low = ((value % TWO_32) + TWO_32) % TWO_32
    let high = Math.floor(value / TWO_32) >>> 0
    for (let i = 0; i < 9; i++) {
      this.#bytes[this.#used++] = (low & 127) | 128
      low = ((low >>> 7) | ((high & 127) << 25)) >>> 0
      high >>>= 7
    }
    this.#bytes[this.#used++] = low & 1
  }

  /** A sint64 in zigzag. `value` within ±2^52. */
  sint64(value: number): void {
    this.varint(value >= 0 ? value * 2 : -value * 2 - 1)
  }

  double(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.#used, value, true)
    this.#used += 8
  }

  /** A message `Sample`, as both versions have it: value, time; `sampleLength` bytes. */
  sample(time_ms: number, value: number, stale: boolean): void {
    this.#room(20)
    this.#bytes[this.#used++] = 0x09
    if (stale) this.staleNaN()
    else {
      this.#view.setFloat64(this.#used, value, true)
      this.#used += 8
    }
    this.#bytes[this.#used++] = 0x10
    this.int64(time_ms)
  }

  /** Value and time of a message `Exemplar`, as both versions have them. */
  measured(value: number, time_ms: number): void {
    this.tag(2, FIXED64)
    this.double(value)
    this.tag(3, VARINT)
    this.int64(time_ms)
  }

  staleNaN(): void {
    this.#room(8)
    this.#view.setUint32(this.#used, STALE_LOW, true)
    this.#view.setUint32(this.#used + 4, STALE_HIGH, true)
    this.#used += 8
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#used)
    this.#used += bytes.length
  }

  /** A field of UTF-8. */
  text(field: number, value: string): void {
    this.tag(field, BYTES)
    // Up to three bytes a unit: written where it will lie when its length takes one byte, which it nearly always does.
    this.#room(value.length * 3 + 8)
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#used + 1))
    const size = varintLength(written)
    if (size > 1) this.#bytes.copyWithin(this.#used + size, this.#used + 1, this.#used + 1 + written)
    this.varint(written)
    this.#used += written
  }

  /** A field of bytes that are there already. */
  bytes(field: number, value: Uint8Array): void {
    this.tag(field, BYTES)
    this.varint(value.length)
    this.raw(value)
  }

  #room(more: number): void {
    const needed = this.#used + more
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}
