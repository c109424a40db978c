import fc from 'fast-check'
import { expect, test } from 'vitest'

import { BelievedTime } from './aging.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const YEAR = 365 * DAY
const NOW = 1_795_000_000_000

function read(believed: BelievedTime, times: readonly number[]): readonly [earliest: number, latest: number] {
  for (const time_ms of times) believed.read(time_ms)
  return [believed.earliest_ms, believed.latest_ms]
}

test('a clock that goes on is believed', () => {
  expect(read(new BelievedTime(), [NOW])).toEqual([NOW, NOW])
  expect(read(new BelievedTime(), [NOW, NOW + 1000, NOW + DAY, NOW + DAY - HOUR])).toEqual([
    NOW + DAY - HOUR,
    NOW + DAY - HOUR,
  ])
})

test.each([YEAR, -YEAR])('one that was set by %i ms is believed an hour later', (by_ms) => {
  const believed = new BelievedTime()
  const set_ms = NOW + by_ms
  const both = [Math.min(NOW, set_ms), Math.max(NOW, set_ms + HOUR - 1000)]
  expect(read(believed, [NOW, set_ms, set_ms + HOUR - 1000])).toEqual(both)
  expect(read(believed, [set_ms + HOUR])).toEqual([set_ms + HOUR, set_ms + HOUR])
})

test('one that was wrong for a while leaves no trace an hour after it was set right', () => {
  const believed = new BelievedTime()
  expect(read(believed, [NOW, NOW + YEAR, NOW + 1000])).toEqual([NOW, NOW + YEAR])
  expect(read(believed, [NOW + 2 * HOUR])).toEqual([NOW + 2 * HOUR, NOW + 2 * HOUR])
})

test('a restart forgets no doubt; what an older version left is believed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: NOW - YEAR, max: NOW + YEAR }), { maxLength: 6 }),
      fc.nat(6),
      (times, cut) => {
        const [whole, before, after] = [new BelievedTime(), new BelievedTime(), new BelievedTime()]
        read(before, times.slice(0, cut))
        after.load(before.save().split(' '), undefined)
        expect(read(after, times.slice(cut))).toEqual(read(whole, times))
        expect(after.save()).toBe(whole.save())
      },
    ),
  )
  const older = new BelievedTime()
  older.load([], NOW)
  expect(read(older, [])).toEqual([NOW, NOW])
})
