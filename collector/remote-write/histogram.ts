import type { NativeHistogram } from '../normal/native.ts'
import { BYTES, type Cursor, FIXED64, VARINT } from '../wire/cursor.ts'
import { holds, int64, isStaleNaN, repeated, zigzag } from './numbers.ts'

/** `Histogram` of the wire; both versions have the same up to field 16. */
export interface WireHistogram extends NativeHistogram {
  readonly time_ms: number
  /** From when it counts; 0 where that is not said. */
  readonly start_ms: number
  /** The end of its series; the rest means nothing then. */
  readonly stale: boolean
  /** It may go down: what is, not what was counted. */
  readonly gauge: boolean
}

const GAUGE = 3

interface Side {
  readonly spans: number[]
  readonly deltas: number[]
  readonly counts: number[]
}

function span(cursor: Cursor, into: number[]): void {
  let [offset, length] = [0, 0]
  const outer = cursor.enter()
  while (cursor.tag()) {
    if (cursor.field === 1 && cursor.wire === VARINT) offset = zigzag(cursor)
    else if (cursor.field === 2 && cursor.wire === VARINT) length = cursor.varint()
    else cursor.skip()
  }
  cursor.leave(outer)
  into.push(offset, length)
}

/** A field of one side, `field` counted from that of its spans; false where it is none. */
function sideField(cursor: Cursor, side: Side, field: number): boolean {
  if (field === 0 && cursor.wire === BYTES) span(cursor, side.spans)
  else if (field === 1 && holds(cursor, VARINT)) repeated(cursor, side.deltas, zigzag)
  else if (field === 2 && holds(cursor, FIXED64)) repeated(cursor, side.counts, (one) => one.double())
  else return false
  return true
}

function sideOf({ spans, deltas, counts }: Side, integers: boolean): NativeHistogram['positive'] {
  return { spans, counts: integers ? deltas : counts, deltas: integers }
}

interface Scalars {
  count: number
  sum: number
  schema: number
  zero_threshold: number
  zero_count: number
  time_ms: number
  start_ms: number
  stale: boolean
  gauge: boolean
  integers: boolean
}

function scalar(cursor: Cursor, into: Scalars): boolean {
  const { field, wire } = cursor
  if (wire === FIXED64) {
    if (field === 3) {
      const at = cursor.take(8)
      into.stale = isStaleNaN(cursor.view, at)
      into.sum = cursor.view.getFloat64(at, true)
    } else if (field === 2) {
      into.count = cursor.double()
      into.integers = false
    } else if (field === 5) into.zero_threshold = cursor.double()
    else if (field === 7) into.zero_count = cursor.double()
    else return false
    return true
  }
  if (wire !== VARINT) return false
  if (field === 1) into.count = cursor.varint()
  else if (field === 4) into.schema = zigzag(cursor)
  else if (field === 6) into.zero_count = cursor.varint()
  else if (field === 14) into.gauge = cursor.varint() === GAUGE
  else if (field === 15) into.time_ms = int64(cursor)
  else if (field === 17) into.start_ms = int64(cursor)
  else return false
  return true
}

/** Reads the message that the cursor has entered. */
export function readHistogram(cursor: Cursor): WireHistogram {
  const positive: Side = { spans: [], deltas: [], counts: [] }
  const negative: Side = { spans: [], deltas: [], counts: [] }
  const custom: number[] = []
  const scalars: Scalars = {
    count: 0,
    sum: 0,
    schema: 0,
    zero_threshold: 0,
    zero_count: 0,
    time_ms: 0,
    start_ms: 0,
    stale: false,
    gauge: false,
    integers: true,
  }
  while (cursor.tag()) {
    if (scalar(cursor, scalars)) continue
    const { field } = cursor
    if (field >= 8 && field <= 10 && sideField(cursor, negative, field - 8)) continue
    if (field >= 11 && field <= 13 && sideField(cursor, positive, field - 11)) continue
    if (field === 16 && holds(cursor, FIXED64)) repeated(cursor, custom, (one) => one.double())
    else cursor.skip()
  }
  const { integers } = scalars
  return { ...scalars, positive: sideOf(positive, integers), negative: sideOf(negative, integers), custom }
}
