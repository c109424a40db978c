import { ServiceError } from '#core/errors.ts'

import { type Allowance, unlimited } from './allowance.ts'

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5

const TWO_32 = 2 ** 32

function malformed(what: string): never {
  throw new ServiceError('bad_data', `malformed protobuf: ${what}`)
}

/**
 * Nanoseconds in two halves → whole milliseconds, rounded down, exactly. NaN from 2^63 on (year 2262): nobody's clock,
 * but what a negative time looks like.
 */
export function nanosToMs(high: number, low: number): number {
  if (high >= 2 ** 31) return NaN
  return high * 4294 + Math.floor((high * 967_296 + low) / 1e6)
}

/**
 * Reads protobuf's wire format from a range of bytes. Whatever the bytes are, it throws `ServiceError('bad_data')` and
 * never reads beyond its end. Source: protobuf.dev, Encoding.
 */
export class Cursor {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Each message that is entered counts. */
  readonly allowance: Allowance
  at: number
  end: number
  /** Of the newest `tag()`. */
  field = 0
  wire = 0
  /** The same bytes: it makes short texts faster than a decoder does. */
  #buffer: Buffer | undefined

  constructor(bytes: Uint8Array, allowance = unlimited) {
    this.bytes = bytes
    this.allowance = allowance
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = 0
    this.end = bytes.length
  }

  /** Moves to the next field; false at the end of the range. */
  tag(): boolean {
    if (this.at >= this.end) return false
    const tag = this.varint()
    if (tag < 8 || tag >= 2 ** 32) malformed(`tag ${tag}`)
    this.wire = tag & 7
    this.field = tag >>> 3
    return true
  }

  /** An unsigned varint as a number: above 2^53 it is rounded. */
  varint(): number {
    const { bytes, end } = this
    let at = this.at
    if (at < end && bytes[at]! < 128) {
      this.at = at + 1
      return bytes[at]!
    }
    let value = 0
    for (let scale = 1; at < end; scale *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * scale
      if (byte < 128) {
        this.at = at
        return value
      }
      if (at - this.at === 10) malformed('a varint of more than 10 bytes')
    }
    return malformed('the bytes end in a varint')
  }

  /** A varint exactly, 64 bits. */
  varint64(): bigint {
    const from = this.at
    this.varint()
    let value = 0n
    for (let i = this.at - 1; i >= from; i--) value = (value << 7n) | BigInt(this.bytes[i]! & 127)
    return BigInt.asUintN(64, value)
  }

  /** The start of a length-delimited value, `at` behind it: read `[start, at)`. */
  range(): number {
    const length = this.varint()
    const start = this.at
    if (length > this.end - start) malformed(`${length} bytes announced, ${this.end - start} there`)
    this.at = start + length
    return start
  }

  /** Narrows to the next length-delimited value; gives the outer end, for `leave`. */
  enter(): number {
    this.allowance.take()
    const start = this.range()
    const outer = this.end
    this.end = this.at
    this.at = start
    return outer
  }

  /** Goes on behind the value that was entered. */
  leave(outer: number): void {
    this.at = this.end
    this.end = outer
  }

  /** What is no UTF-8 becomes U+FFFD. */
  text(encoding: 'utf8' | 'hex' | 'base64' = 'utf8'): string {
    this.#buffer ??= Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
    const start = this.range()
    return this.#buffer.toString(encoding, start, this.at)
  }

  /** The offset of the next `size` bytes. */
  take(size: number): number {
    const start = this.at
    if (size > this.end - start) malformed('the bytes end in a number')
    this.at = start + size
    return start
  }

  double(): number {
    return this.view.getFloat64(this.take(8), true)
  }

  /** Unsigned 64 bits as a number: above 2^53 rounded to the nearest. */
  fixed64(): number {
    const start = this.take(8)
    return this.view.getUint32(start + 4, true) * TWO_32 + this.view.getUint32(start, true)
  }

  sfixed64(): number {
    const start = this.take(8)
    return this.view.getInt32(start + 4, true) * TWO_32 + this.view.getUint32(start, true)
  }

  /** A time in ns as whole ms; see `nanosToMs`. */
  time_ms(): number {
    const start = this.take(8)
    return nanosToMs(this.view.getUint32(start + 4, true), this.view.getUint32(start, true))
  }

  /** Passes over the value of the newest tag. */
  skip(): void {
    if (this.wire === VARINT) this.varint()
    else if (this.wire === FIXED64) this.take(8)
    else if (this.wire === BYTES) this.range()
    else if (this.wire === FIXED32) this.take(4)
    else malformed(`wire type ${this.wire}`)
  }
}
