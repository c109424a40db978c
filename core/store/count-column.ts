import { ServiceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

const FLOATS = 0
const INTEGERS = 1

/** Counts of observations: four bytes each while all are whole numbers below 2^32, else eight. Keeps its memory. */
export class CountColumn {
  #integers = new Uint32Array(256)

  write(writer: ByteWriter, counts: Float64Array): void {
    if (counts.length > this.#integers.length) this.#integers = new Uint32Array(counts.length * 2)
    const integers = this.#integers
    let whole = true
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i]!
      const integer = count >>> 0
      integers[i] = integer
      // A zero has a sign.
      if (integer === count && (integer !== 0 || Object.is(count, 0))) continue
      whole = false
      break
    }
    writer.u8(whole ? INTEGERS : FLOATS)
    writer.column(whole ? integers.subarray(0, counts.length) : counts)
  }

  /** Fills `into`; throws `ServiceError('bad_data')` for bytes that are none. */
  read(reader: ByteReader, into: Float64Array): void {
    const form = reader.u8()
    if (form === FLOATS) reader.into(into, into.length)
    else if (form === INTEGERS) {
      if (into.length > this.#integers.length) this.#integers = new Uint32Array(into.length * 2)
      reader.into(this.#integers, into.length)
      for (let i = 0; i < into.length; i++) into[i] = this.#integers[i]!
    } else throw new ServiceError('bad_data', `counts have the form ${form}`)
  }
}
