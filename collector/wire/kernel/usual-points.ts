// AssemblyScript: `npm run kernel` compiles it. Reads what `readUsual` of `proto-numbers.ts` reads, and must take down the same of it.
import {
  CODE,
  FIELD,
  followerOf,
  keyOf,
  PAGES,
  POINT,
  ROOM,
  same,
  STAGE,
  START,
  START_MS,
  startAt,
  TIME,
  TIME_MS,
  timeAt,
  VALUE,
} from './stage'

export {
  BOUNDS_FROM,
  BOUNDS_PAGES,
  BOUNDS_TO,
  BUCKETS,
  BUCKETS_TO,
  CODE,
  COUNT,
  HEAP,
  MOST_PAGES,
  PAGES,
  ROOM,
  ROW,
  STAGE,
  STAGE_BYTES,
  START_MS,
  TIME_MS,
  VALUE,
} from './stage'

const ATTRIBUTES: i32 = 0x3a
const DOUBLE: i32 = 0x21
const INT: i32 = 0x31

/** Where the points end that `readNumbers` took. */
export let numbersEnd: i32 = 0

/**
 * The usual points of `[from, to)` of the stage, up to the first that is not one: attributes that are expected, first or last, a start or none, a
 * time and a value. `entries`: the address of the entries of the table, of four words each; `before`: the alias that came last. Returns how many
 * there were.
 */
export function readNumbers(from: i32, to: i32, metric: i32, entries: usize, before: i32): i32 {
  const end = STAGE + to
  let point = STAGE + from
  let alias = before
  let count = 0
  while (point < end && load<u8>(point) == POINT && count < ROOM) {
    let place = point + 2
    let size: usize = load<u8>(point, 1)
    if (size > 127) {
      const high: usize = load<u8>(place++)
      // Longer ones are not usual.
      if (high > 127) break
      size = (size & 127) | (high << 7)
    }
    const stop = place + size
    if (stop > end) break
    const guess = followerOf(entries, alias)
    const entry = entries + ((<usize>guess) << 4)
    if (load<i32>(entry) != metric) break
    const length: usize = load<u32>(entry, 4)
    const key = keyOf(PAGES, entry)
    const isFirst = load<u8>(place) == ATTRIBUTES
    if (isFirst) {
      if (length > stop - place || !same(place, key, length)) break
      place += length
    }
    const isStarted = load<u8>(place) == START
    if (isStarted) place += FIELD
    const tag: i32 = load<u8>(place, FIELD)
    if (load<u8>(place) != TIME || (tag != DOUBLE && tag != INT)) break
    const time = place + 1
    place += 2 * FIELD
    if (!isFirst) {
      if (place + length != stop || !same(place, key, length)) break
      place = stop
    }
    if (place != stop) break
    store<i32>(CODE + ((<usize>count) << 2), guess)
    const row: usize = (<usize>count) << 3
    store<f64>(TIME_MS + row, timeAt(time))
    store<f64>(START_MS + row, isStarted ? startAt(time - FIELD) : 0)
    store<f64>(VALUE + row, tag == DOUBLE ? load<f64>(time, FIELD) : <f64>load<i64>(time, FIELD))
    alias = guess
    point = stop
    count++
  }
  numbersEnd = <i32>(point - STAGE)
  return count
}
