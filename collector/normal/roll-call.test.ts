import { expect, test } from 'vitest'

import { RollCall } from './roll-call.ts'

const MINUTE_MS = 60_000

/** A call, and a book of `length` entries. */
function called(length: number) {
  let now_ms = 0
  const roll = new RollCall(() => now_ms)
  const pass = (minutes: number): void => void (now_ms += minutes * MINUTE_MS)
  expect(roll.mostAreGone(length)).toBe(false)
  return { roll, pass }
}

const come = (roll: RollCall, from: number, to: number): void => {
  for (let entry = from; entry < to; entry++) roll.came(entry)
}

test('a book that is small is never called', () => {
  expect(called(9999).roll.isOn).toBe(false)
})

test('most are gone when fewer than half came in a quarter of an hour', () => {
  const { roll, pass } = called(10_000)
  come(roll, 0, 4999)
  pass(14)
  expect(roll.mostAreGone(10_000)).toBe(false)
  pass(1)
  expect(roll.mostAreGone(10_000)).toBe(true)
  expect(roll.isOn).toBe(false)
})

test('entries that are made meanwhile came', () => {
  const { roll, pass } = called(10_000)
  come(roll, 0, 2500)
  // As codes of what is not known yet, too.
  roll.came(12_000)
  roll.came(-1)
  pass(15)
  expect(roll.mostAreGone(15_000)).toBe(false)
})

test('the next call is when there are twice as many as were used', () => {
  const { roll, pass } = called(10_000)
  come(roll, 0, 8000)
  pass(15)
  expect(roll.mostAreGone(10_000)).toBe(false)
  expect([roll.mostAreGone(15_999), roll.isOn]).toEqual([false, false])
  expect([roll.mostAreGone(16_000), roll.isOn]).toEqual([false, true])
})

test('a clock that was set ends a call, and those that had no time to come are called again', () => {
  const { roll, pass } = called(20_000)
  come(roll, 0, 15_000)
  pass(-600)
  expect(roll.mostAreGone(20_000)).toBe(false)
  expect(roll.isOn).toBe(false)
})
