import { BYTES, type Cursor, FIXED64, VARINT } from '../wire/cursor.ts'
import { int64, isStaleNaN } from './numbers.ts'
import type { WriteSink } from './sink.ts'

const VALUE_TAG = 0x09
const TIME_TAG = 0x10

/** `Sample`, the same in both versions, but that only 2 says from when it counts; the cursor stands before its length. */
export function readSample(cursor: Cursor, sink: WriteSink): void {
  const outer = cursor.enter()
  const { view, bytes } = cursor
  let [time_ms, value, stale, start_ms] = [0, 0, false, 0]
  const from = cursor.at
  // As everybody writes it: the value, then the time.
  if (cursor.end - from > 10 && bytes[from] === VALUE_TAG && bytes[from + 9] === TIME_TAG) {
    stale = isStaleNaN(view, from + 1)
    value = view.getFloat64(from + 1, true)
    cursor.at = from + 10
    time_ms = int64(cursor)
  }
  while (cursor.tag()) {
    if (cursor.field === 1 && cursor.wire === FIXED64) {
      const at = cursor.take(8)
      stale = isStaleNaN(view, at)
      value = view.getFloat64(at, true)
    } else if (cursor.field === 2 && cursor.wire === VARINT) time_ms = int64(cursor)
    else if (cursor.field === 3 && cursor.wire === VARINT) start_ms = int64(cursor)
    else cursor.skip()
  }
  cursor.leave(outer)
  sink.float(time_ms, value, stale, start_ms)
}

/** What exemplars of both versions share; `labels` reads the rest. */
export function readExemplar(cursor: Cursor, onLabels: (cursor: Cursor) => void): { time_ms: number; value: number } {
  let [time_ms, value] = [0, 0]
  while (cursor.tag()) {
    if (cursor.field === 1) onLabels(cursor)
    else if (cursor.field === 2 && cursor.wire === FIXED64) value = cursor.double()
    else if (cursor.field === 3 && cursor.wire === VARINT) time_ms = int64(cursor)
    else cursor.skip()
  }
  return { time_ms, value }
}

/** Passes over a value that is to be a message; undefined for what is none. */
export function messageRange(cursor: Cursor): readonly [start: number, end: number] | undefined {
  if (cursor.wire === BYTES) return [cursor.range(), cursor.at]
  cursor.skip()
  return undefined
}
