import { ServiceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

const RAW = 0
const RUNS = 1
const PLACES = 2
/** Of a dictionary, so that a place in it is a byte. */
const DISTINCT = 256
const SLOTS = 1024
const NOBODY = 0xffff
const RUN_BYTES = 12

/**
 * Times of one request: few distinct ones in any order. As runs of equal ones, else as a dictionary and a byte each, else as they are. Keeps its memory.
 */
export class TimeColumn {
  /** The dictionary, and an open hash table of places in it. */
  readonly #distinct = new Float64Array(DISTINCT)
  readonly #slots = new Uint16Array(SLOTS)
  #places = new Uint8Array(256)

  write(writer: ByteWriter, times: Float64Array): void {
    const start = writer.length
    writer.u8(RUNS)
    if (writeRuns(writer, times)) return
    writer.cut(start)
    const distinct = this.#place(times)
    if (distinct === 0) {
      writer.u8(RAW)
      writer.column(times)
      return
    }
    writer.u8(PLACES)
    writer.u8(distinct - 1)
    writer.column(this.#distinct.subarray(0, distinct))
    writer.column(this.#places.subarray(0, times.length))
  }

  /** Fills `into`; throws `ServiceError('bad_data')` for bytes that are none. */
  read(reader: ByteReader, into: Float64Array): void {
    const { length } = into
    const form = reader.u8()
    if (form === RAW) reader.into(into, length)
    else if (form === RUNS) readRuns(reader, into)
    else if (form === PLACES) {
      const distinct = reader.u8() + 1
      reader.into(this.#distinct, distinct)
      const places = reader.raw(length)
      for (let i = 0; i < length; i++) {
        const place = places[i]!
        if (place >= distinct) throw new ServiceError('bad_data', `time ${place} is not in its dictionary`)
        into[i] = this.#distinct[place]!
      }
    } else throw new ServiceError('bad_data', `times have the form ${form}`)
  }

  /** The dictionary of `times` and the place of each in it; returns its length, 0 where there is none. */
  #place(times: Float64Array): number {
    if (times.length > this.#places.length) this.#places = new Uint8Array(times.length * 2)
    const [places, dictionary, slots] = [this.#places, this.#distinct, this.#slots]
    slots.fill(NOBODY)
    let distinct = 0
    for (let i = 0; i < times.length; i++) {
      const time = times[i]!
      // A zero has a sign, and what is no number equals nothing.
      if (time === 0 || Number.isNaN(time)) return 0
      let slot = Math.imul(time | 0, 0x9e37_79b1) >>> 22
      let place = slots[slot]!
      while (place !== NOBODY && dictionary[place] !== time) {
        slot = (slot + 1) & (SLOTS - 1)
        place = slots[slot]!
      }
      if (place === NOBODY) {
        if (distinct === DISTINCT) return 0
        place = distinct++
        dictionary[place] = time
        slots[slot] = place
      }
      places[i] = place
    }
    return distinct
  }
}

/** False as soon as there are too many runs. */
function writeRuns(writer: ByteWriter, times: Float64Array): boolean {
  const { length } = times
  let left = Math.floor(length / RUN_BYTES)
  for (let i = 0; i < length;) {
    if (left-- === 0) return false
    const from = i
    const time = times[i]!
    i++
    // A zero has a sign: each is a run of its own.
    if (time !== 0) while (i < length && times[i] === time) i++
    writer.f64(time)
    writer.u32(i - from)
  }
  return true
}

function readRuns(reader: ByteReader, into: Float64Array): void {
  for (let i = 0; i < into.length;) {
    const time = reader.f64()
    const run = reader.u32()
    if (run < 1 || run > into.length - i) throw new ServiceError('bad_data', 'a run of times does not fit')
    into.fill(time, i, i + run)
    i += run
  }
}
