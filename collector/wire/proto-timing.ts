import { type Cursor, VARINT } from './cursor.ts'

/** How values of a metric follow each other: an `AggregationTemporality`, and whether they only grow. */
export interface Timing {
  readonly temporality: number
  readonly monotonic: boolean
}

const UNTIMED: Timing = { temporality: 0, monotonic: false }
const POINT = 0x0a
const TEMPORALITY = 0x10
const MONOTONIC = 0x18

/** As the fields in `[start, end)` of the data of a metric have it. */
export function timingOf(cursor: Cursor, start: number, end: number): Timing {
  cursor.at = start
  cursor.end = end
  let { temporality, monotonic } = UNTIMED
  while (cursor.tag()) {
    if (cursor.field === 2 && cursor.wire === VARINT) temporality = cursor.varint()
    else if (cursor.field === 3 && cursor.wire === VARINT) monotonic = cursor.varint() !== 0
    else cursor.skip()
  }
  return { temporality, monotonic }
}

/**
 * What the last bytes of the data look like: senders write its fields in order, points first. To know it, all points would have to be
 * walked before any is read. They may be bytes of the last point: who has read the points sees where those end. Other orders are walked.
 */
export function likelyTiming(cursor: Cursor, start: number, end: number): Timing {
  const { bytes } = cursor
  if (bytes[start] !== POINT) return timingOf(cursor, start, end)
  const isMonotonic = bytes[end - 2] === MONOTONIC && bytes[end - 1]! <= 1
  const at = isMonotonic ? end - 4 : end - 2
  if (at < start || bytes[at] !== TEMPORALITY) return UNTIMED
  return { temporality: bytes[at + 1]!, monotonic: isMonotonic && bytes[end - 1] === 1 }
}

export function sameTiming(a: Timing, b: Timing): boolean {
  return a.temporality === b.temporality && a.monotonic === b.monotonic
}
