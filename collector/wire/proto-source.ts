import { ServiceError } from '#core/errors.ts'

import type { Catalogue } from '../normal/catalogue.ts'
import type { Allowance } from './allowance.ts'
import { nanosToMs } from './cursor.ts'
import type { Points } from './points.ts'

/** Bytes that points are read from: a body, or a piece of it that had to be put together. */
export interface ProtoSource {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Its number among the sources of `points`. */
  readonly source: number
  readonly points: Points
  readonly catalogue: Catalogue
  readonly allowance: Allowance
}

/** Where the value that `varint` read last ends: two results without an object, for the loops that read every point. */
export let behind = 0

export function malformed(what: string): never {
  throw new ServiceError('bad_data', `malformed protobuf: ${what}`)
}

/** An unsigned varint at `at`, which must end before `end`; above 2^53 it is rounded. Sets `behind`. */
export function varint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0
  let scale = 1
  for (let i = at; i < end && i < at + 10; i++) {
    const byte = bytes[i]!
    value += (byte & 127) * scale
    if (byte < 128) {
      behind = i + 1
      return value
    }
    scale *= 128
  }
  return malformed(end - at >= 10 ? 'a varint of more than 10 bytes' : 'the bytes end in a varint')
}

/** The offset behind the value of a field whose tag, at `at`, nobody wants. */
export function skipField(bytes: Uint8Array, at: number, end: number): number {
  const tag = varint(bytes, at, end)
  if (tag < 8 || tag >= 2 ** 32) malformed(`tag ${tag}`)
  const wire = tag & 7
  if (wire === 0) {
    varint(bytes, behind, end)
    return behind
  }
  const size =
    wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? varint(bytes, behind, end) : malformed(`wire type ${wire}`)
  const to = behind + size
  return to > end ? malformed(`${size} bytes announced, ${end - behind} there`) : to
}

/** The time and the start that were read last: their bits, low and high, and what they are in ms. */
const timeBits = new Int32Array(4)
const times_ms = new Float64Array(2)
export const TIME_READ = 0
export const START_READ = 1

/**
 * A time in ns at `at` as whole ms. Points of a request have few different ones, and to divide takes a third of what a point takes: the last
 * one of its kind is remembered. Read back from there in any case, so that the compiler knows it for a number and makes no object of it.
 */
export function timeAt(view: DataView, at: number, kind: typeof TIME_READ | typeof START_READ): number {
  const low = view.getInt32(at, true)
  const high = view.getInt32(at + 4, true)
  if (timeBits[kind * 2] !== low || timeBits[kind * 2 + 1] !== high) {
    timeBits[kind * 2] = low
    timeBits[kind * 2 + 1] = high
    times_ms[kind] = nanosToMs(high >>> 0, low >>> 0)
  }
  return times_ms[kind]!
}

/** Pieces of one message, one behind the other, are the message: protobuf merges so. */
export function joined(bytes: Uint8Array, pieces: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (let i = 0; i < pieces.length; i += 2) parts.push(bytes.subarray(pieces[i], pieces[i + 1]))
  return Buffer.concat(parts)
}

/** All fields of a message with this tag (of one byte), each with its tag, as pairs of offsets. */
export function fieldsOf(bytes: Uint8Array, tag: number, start: number, end: number): number[] {
  const pieces: number[] = []
  for (let at = start; at < end;) {
    const to = skipField(bytes, at, end)
    if (bytes[at] === tag) pieces.push(at, to)
    at = to
  }
  return pieces
}

/** The code of attributes that stand in `[from, to)`, or, where `split`, in several places of the message `[start, end)`. */
export function codeOf(
  { view, source, points, catalogue }: ProtoSource,
  from: number,
  to: number,
  metric: number,
): number {
  const alias = catalogue.points.find(view, from, to, metric)
  return alias >= 0 ? alias : points.miss(source, from, to, metric)
}

/**
 * The code of the attributes whose first field stands at `at`, where they are the ones that are expected and no more follow; -1 otherwise. Their
 * fields need not be walked then.
 */
export function expectedCode(
  { bytes, view, catalogue }: ProtoSource,
  at: number,
  stop: number,
  tag: number,
  metric: number,
): number {
  const { points } = catalogue
  const alias = points.guess(view, at, stop, metric)
  if (alias < 0) return alias
  const to = at + points.sizeOf(alias)
  if (to < stop && bytes[to] === tag) return -1
  points.met(alias)
  return alias
}

/** The code of attributes that stand in several places of the message `[start, end)`. */
export function splitCode(from: ProtoSource, tag: number, start: number, end: number, metric: number): number {
  const whole = joined(from.bytes, fieldsOf(from.bytes, tag, start, end))
  const source = from.points.source(whole)
  return codeOf({ ...from, view: from.points.sources[source]!, source }, 0, whole.length, metric)
}
