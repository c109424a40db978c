import { ServiceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

const RAW = 0
const RUNS = 1
/** A run costs about as much as a number as it is, and more time: shorter ones on average are not worth it. */
const RUN_LENGTH = 2

/**
 * At least one number, all below 2^32, as runs that count up by one, each a step and a length, since a sender keeps its order; as they are where
 * there are too many runs.
 */
export function writeNumbers(writer: ByteWriter, numbers: Uint32Array): void {
  const start = writer.length
  writer.u8(RUNS)
  if (writeRuns(writer, numbers)) return
  writer.cut(start)
  writer.u8(RAW)
  writer.column(numbers)
}

/** False as soon as there are too many runs. */
function writeRuns(writer: ByteWriter, numbers: Uint32Array): boolean {
  const { length } = numbers
  let left = Math.floor(length / RUN_LENGTH)
  let expected = 0
  for (let i = 0; i < length;) {
    if (left-- === 0) return false
    const from = i
    const first = numbers[i]!
    i++
    while (i < length && numbers[i] === first + (i - from)) i++
    writer.signed(first - expected)
    writer.varint(i - from)
    expected = first + (i - from)
  }
  return true
}

/** Fills `into`; throws `ServiceError('bad_data')` for bytes that are none. */
export function readNumbers(reader: ByteReader, into: Uint32Array): void {
  const { length } = into
  const form = reader.u8()
  if (form === RAW) {
    reader.into(into, length)
    return
  }
  if (form !== RUNS) throw new ServiceError('bad_data', `numbers have the form ${form}`)
  let expected = 0
  for (let i = 0; i < length;) {
    const first = expected + reader.signed()
    const run = reader.varint()
    if (run < 1 || run > length - i || first < 0 || first + run > 2 ** 32) {
      throw new ServiceError('bad_data', 'a run of numbers does not fit')
    }
    for (let k = 0; k < run; k++) into[i + k] = first + k
    i += run
    expected = first + run
  }
}
