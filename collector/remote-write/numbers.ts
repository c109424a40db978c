import { BYTES, type Cursor, type FIXED64, type VARINT } from '../wire/cursor.ts'

const TWO_63 = 2 ** 63

/** An `int64`, which protobuf writes as an unsigned varint; exact up to 2^53 on both sides. */
export function int64(cursor: Cursor): number {
  const from = cursor.at
  const value = cursor.varint()
  if (value < TWO_63) return value
  cursor.at = from
  return Number(BigInt.asIntN(64, cursor.varint64()))
}

/** An `sint64` or `sint32`: zigzag. */
export function zigzag(cursor: Cursor): number {
  const value = cursor.varint()
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2
}

/** Prometheus' NaN that ends a series; another bit is set where somebody has touched it as a number. */
export function isStaleNaN(view: DataView, at: number): boolean {
  if (view.getUint32(at, true) !== 2) return false
  const high = view.getUint32(at + 4, true)
  return high === 0x7ff00000 || high === 0x7ff80000
}

/** Values that may come packed or one by one. */
export function repeated(cursor: Cursor, into: number[], read: (cursor: Cursor) => number): void {
  if (cursor.wire !== BYTES) {
    into.push(read(cursor))
    return
  }
  const outer = cursor.enter()
  while (cursor.at < cursor.end) into.push(read(cursor))
  cursor.leave(outer)
}

/** Whether the field has a form in which `repeated` reads numbers of this wire type. */
export function holds(cursor: Cursor, wire: typeof VARINT | typeof FIXED64): boolean {
  return cursor.wire === wire || cursor.wire === BYTES
}
