import { ServiceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

const FLOATS = 0
const INTEGERS = 1
const BYTES = 2
const SHORTS = 3

/** Counts of observations: while all are whole numbers below 2^32 as many bytes each as the largest needs (one, two, four), else eight. Keeps its memory. */
export class CountColumn {
  #integers = new Uint32Array(256)

  write(writer: ByteWriter, counts: Float64Array): void {
    if (counts.length > this.#integers.length) this.#integers = new Uint32Array(counts.length * 2)
    const integers = this.#integers
    let whole = true
    let bits = 0
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i]!
      const integer = count >>> 0
      integers[i] = integer
      bits |= integer
      // A zero has a sign.
      if (integer === count && (integer !== 0 || Object.is(count, 0))) continue
      whole = false
      break
    }
    const written = integers.subarray(0, counts.length)
    if (!whole) {
      writer.u8(FLOATS)
      writer.column(counts)
    } else if (bits >>> 16 !== 0) {
      writer.u8(INTEGERS)
      writer.column(written)
    } else if (bits >>> 8 !== 0) {
      writer.u8(SHORTS)
      writer.column(new Uint16Array(written))
    } else {
      writer.u8(BYTES)
      writer.column(new Uint8Array(written))
    }
  }

  /** Fills `into`; throws `ServiceError('bad_data')` for bytes that are none. */
  read(reader: ByteReader, into: Float64Array): void {
    const form = reader.u8()
    if (form === FLOATS) reader.into(into, into.length)
    else if (form === BYTES) into.set(reader.raw(into.length))
    else if (form === SHORTS) into.set(reader.shorts(into.length))
    else if (form === INTEGERS) {
      if (into.length > this.#integers.length) this.#integers = new Uint32Array(into.length * 2)
      reader.into(this.#integers, into.length)
      for (let i = 0; i < into.length; i++) into[i] = this.#integers[i]!
    } else throw new ServiceError('bad_data', `counts have the form ${form}`)
  }
}
