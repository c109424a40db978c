import { ServiceError } from '#core/errors.ts'
import { atOnce, type Steps } from '#core/steps.ts'

import type { Allowance } from './allowance.ts'
import { BYTES, Cursor, FIXED32, FIXED64, VARINT } from './cursor.ts'
import type { Field, Message, Scalar } from './schema.ts'

/** A message as OTLP/JSON has it: int64 as text, ids in hex, numbers JSON cannot say as text. */
export type JsonObject = Record<string, unknown>

/** As deep as `AnyValue` may be nested; deeper than any sender's, far from the stack's end. */
export const MAX_DEPTH = 100

/** Bytes that are read in one step. */
const STEP = 2 ** 16

/** As JSON can carry it; `-0` would lose its sign as a number. */
function jsonDouble(value: number): number | string {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}

const low32 = (value: bigint): number => Number(BigInt.asIntN(32, value))

function zigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1)
}

interface Reader {
  readonly wire: number
  readonly read: (cursor: Cursor) => unknown
}

const SCALARS: Readonly<Record<Scalar, Reader>> = {
  string: { wire: BYTES, read: (cursor) => cursor.text() },
  bytes: { wire: BYTES, read: (cursor) => cursor.text('base64') },
  hex: { wire: BYTES, read: (cursor) => cursor.text('hex') },
  bool: { wire: VARINT, read: (cursor) => cursor.varint64() !== 0n },
  int32: { wire: VARINT, read: (cursor) => low32(cursor.varint64()) },
  uint32: { wire: VARINT, read: (cursor) => low32(cursor.varint64()) >>> 0 },
  sint32: { wire: VARINT, read: (cursor) => zigzag(low32(cursor.varint64())) },
  int64: { wire: VARINT, read: (cursor) => String(BigInt.asIntN(64, cursor.varint64())) },
  uint64: { wire: VARINT, read: (cursor) => String(cursor.varint64()) },
  fixed32: { wire: FIXED32, read: (cursor) => cursor.view.getUint32(cursor.take(4), true) },
  fixed64: { wire: FIXED64, read: (cursor) => String(cursor.view.getBigUint64(cursor.take(8), true)) },
  sfixed64: { wire: FIXED64, read: (cursor) => String(cursor.view.getBigInt64(cursor.take(8), true)) },
  double: { wire: FIXED64, read: (cursor) => jsonDouble(cursor.double()) },
}

function listIn(into: JsonObject, name: string): unknown[] {
  const list = (into[name] as unknown[] | undefined) ?? []
  into[name] = list
  return list
}

/** A message that is read. */
interface Place {
  readonly message: Message
  readonly into: JsonObject
  /** Where the one around it ends. */
  readonly end: number
}

/** What a message within another goes to. One that is given twice is one: the second goes over the first. */
function objectIn(into: JsonObject, { name, repeated }: Field): JsonObject {
  const known = repeated ? undefined : (into[name] as JsonObject | undefined)
  if (known !== undefined) return known
  const object: JsonObject = {}
  if (repeated) listIn(into, name).push(object)
  else into[name] = object
  return object
}

function simple(cursor: Cursor, { name, repeated }: Field, scalar: Reader, into: JsonObject): void {
  if (!repeated) {
    into[name] = scalar.read(cursor)
  } else if (cursor.wire === BYTES && scalar.wire !== BYTES) {
    const outer = cursor.enter()
    const list = listIn(into, name)
    while (cursor.at < cursor.end) list.push(scalar.read(cursor))
    cursor.leave(outer)
  } else {
    listIn(into, name).push(scalar.read(cursor))
  }
}

function fits({ wire }: Cursor, { type, repeated }: Field): boolean {
  if (typeof type === 'function') return wire === BYTES
  return wire === SCALARS[type].wire || (repeated && wire === BYTES)
}

/** The field that stands next and what it excludes gone; undefined where it is unknown and passed over. */
function fieldIn({ message, into }: Place, cursor: Cursor): Field | undefined {
  const field = message.get(cursor.field)
  if (field === undefined || !fits(cursor, field)) {
    cursor.skip()
    return undefined
  }
  if (field.oneof !== '') {
    for (const other of message.values()) {
      if (other.oneof === field.oneof && other.name !== field.name && other.name in into) delete into[other.name]
    }
  }
  return field
}

/**
 * Protobuf → OTLP/JSON by table, in steps. Slow beside the metrics reader: for logs, traces, recordings, and what is read once.
 * Unknown fields are left out. Throws `ServiceError`: `bad_data`, `too_large` (beyond the allowance).
 */
export function* readingOtlpJson(bytes: Uint8Array, message: Message, allowance?: Allowance): Steps<JsonObject> {
  const cursor = new Cursor(bytes, allowance)
  const whole: JsonObject = {}
  const around: Place[] = []
  let place: Place = { message, into: whole, end: cursor.end }
  let rest = STEP
  for (;;) {
    if (!cursor.tag()) {
      cursor.leave(place.end)
      const outer = around.pop()
      if (outer === undefined) return whole
      place = outer
      continue
    }
    const field = fieldIn(place, cursor)
    if (field === undefined) continue
    if (typeof field.type === 'function') {
      if (around.length === MAX_DEPTH) refuseDepth()
      around.push(place)
      place = { message: field.type(), end: cursor.enter(), into: objectIn(place.into, field) }
    } else simple(cursor, field, SCALARS[field.type], place.into)
    if (cursor.at < rest) continue
    rest = cursor.at + STEP
    yield
  }
}

function refuseDepth(): never {
  throw new ServiceError('bad_data', `malformed protobuf: nested more than ${MAX_DEPTH} deep`)
}

/** The same at once. */
export function toOtlpJson(bytes: Uint8Array, message: Message, allowance?: Allowance): JsonObject {
  return atOnce(readingOtlpJson(bytes, message, allowance))
}
