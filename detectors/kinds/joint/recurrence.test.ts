import { expect, test } from 'vitest'

import { Rows } from '../rows.ts'
import { Recurrence } from './recurrence.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = Date.UTC(2026, 0, 5)

/** Whether each onset, a time and a deviation, is usual. */
function told(onsets: readonly (readonly [after_ms: number, deviation: number])[], allowed = 9): boolean[] {
  const rows = new Rows()
  const recurrence = new Recurrence(rows)
  rows.add()
  return onsets.map(([after_ms, deviation]) => recurrence.usual(rows.live - 1, START + after_ms, deviation, allowed))
}

/** One a day or so, of 100 or so. */
const daily = (days: number): [number, number][] =>
  Array.from({ length: days }, (_, i) => [i * DAY + ((i * 4) % 7) * HOUR, 100 + ((i * 37) % 11)])

test('three occasions of about the same size are news, more are not', () => {
  expect(told(daily(6))).toEqual([false, false, false, true, true, true])
})

test('what comes at the same distance again is known at the third occasion', () => {
  const every = (hours: readonly number[]): boolean[] => told(hours.map((hour) => [hour * HOUR, 100]))
  expect(every([0, 24, 48, 72])).toEqual([false, false, true, true])
  expect(every([0, 24, 47])).toEqual([false, false, true])
  expect(every([0, 24, 45])).toEqual([false, false, false])
  expect(every([0, 2, 4])).toEqual([false, false, false])
})

test('what lasted some minutes is known when it comes at the same hour of the next day, whatever else came between', () => {
  const second = (lasted: number, hours: number): unknown[] => {
    const rows = new Rows()
    const recurrence = new Recurrence(rows)
    const row = rows.add()
    recurrence.usual(row, START, 100, 9)
    recurrence.passed(row, { time_ms: START + lasted * 60_000, cadence_ms: 60_000 })
    const between = recurrence.usual(row, START + 9 * HOUR, 10, 9)
    return [between, recurrence.usual(row, START + hours * HOUR, 110, 9), recurrence.assumed]
  }
  for (const hours of [23, 24, 25]) expect(second(5, hours)).toEqual([false, true, true])
  for (const hours of [2, 12, 22, 26, 48]) expect(second(5, hours)).toEqual([false, false, false])
  expect(second(45, 24)).toEqual([false, false, false])
})

test('what lasted some minutes and came again soon is known the next day only if that passed as soon', () => {
  const next = (passed: number): boolean => {
    const rows = new Rows()
    const recurrence = new Recurrence(rows)
    const row = rows.add()
    for (const [minute, lasted] of [[0, 5] as const, [60, passed] as const]) {
      recurrence.usual(row, START + minute * 60_000, 100, 9)
      recurrence.passed(row, { time_ms: START + (minute + lasted) * 60_000, cadence_ms: 60_000 })
    }
    return recurrence.usual(row, START + DAY, 100, 9)
  }
  expect([10, 90].map(next)).toEqual([true, false])
})

test('what comes on a day of the week at its hour is known at the third occasion', () => {
  const weekly = (hours: readonly number[]): boolean[] =>
    told(hours.map((hour, week) => [week * 7 * DAY + hour * HOUR, 100]))
  expect(weekly([0, 0.5, 0, 0])).toEqual([false, false, true, true])
  expect(weekly([0, 5, 0, 5, 0])).toEqual([false, false, false, false, false])
  const day = (days: readonly number[]): boolean[] => told(days.map((at) => [at * DAY, 100]))
  expect(day([0, 5, 10, 15])).toEqual([false, false, false, false])
})

test('onsets of one occasion count once', () => {
  expect(told([0, 1, 2, 3, 4].map((hours) => [hours * HOUR, 100]))).toEqual([false, false, false, false, false])
})

test('a row so young that the budget allows less is told less of what recurs, but the first in any case', () => {
  expect(told(daily(3), 0.1)).toEqual([false, true, true])
  expect(told(daily(3), 0.9)).toEqual([false, false, true])
  for (const deviation of [300, 40, -100]) expect(told([...daily(2), [2 * DAY, deviation]], 0.1).at(-1)).toBe(false)
})

test('what is clearly smaller is no news in the six hours after what is larger', () => {
  const smaller = (hours: number): boolean[] =>
    told([
      [0, 100],
      [hours * HOUR, 40],
    ])
  expect(smaller(5)).toEqual([false, true])
  expect(smaller(7)).toEqual([false, false])
  expect(
    told([
      [0, 100],
      [HOUR, 90],
    ]),
  ).toEqual([false, false])
  expect(
    told([
      [0, 100],
      [HOUR, -40],
    ]),
  ).toEqual([false, false])
})

test('what is twice as large as all before of its side outgrows them, but not on the way up', () => {
  const rows = new Rows()
  const recurrence = new Recurrence(rows)
  const row = rows.add()
  expect(recurrence.outgrown(row, START, 100)).toBe(false)
  for (const [at, size] of [100, 30].entries()) recurrence.usual(row, START + at * DAY, size, 9)
  const outgrown = (hours: number, deviation: number): boolean =>
    recurrence.outgrown(row, START + DAY + hours * HOUR, deviation)
  expect([250, 150, 60, -250].map((deviation) => outgrown(2, deviation))).toEqual([true, false, false, false])
  expect(outgrown(0.5, 250)).toBe(false)
  expect(outgrown(20 * 24, 250)).toBe(false)
})

test('what is larger or on the other side is news, what is smaller than what recurs is not', () => {
  const after = 6 * DAY
  for (const deviation of [160, -60, -100]) expect(told([...daily(6), [after, deviation]]).at(-1)).toBe(false)
  for (const deviation of [110, 60]) expect(told([...daily(6), [after, deviation]]).at(-1)).toBe(true)
})

test('three occasions of sizes that differ make what is smaller than all of them no news', () => {
  const sizes = [450, 900, 200]
  const onsets = sizes.map((size, day): [number, number] => [day * DAY, size])
  expect(told([...onsets, [3 * DAY, 100]])).toEqual([false, false, false, true])
  expect(told([...onsets, [3 * DAY, 310]]).at(-1)).toBe(false)
})

test('what comes far more often than before is news', () => {
  const last = daily(6).at(-1)![0]
  expect(told([...daily(6), [last + 2 * HOUR, 100]]).at(-1)).toBe(false)
  expect(told([...daily(6), [last + 12 * HOUR, 100]]).at(-1)).toBe(true)
})

test('what is rare never becomes usual, and what stays away for two weeks is forgotten', () => {
  expect(told(Array.from({ length: 8 }, (_, i) => [i * 4 * DAY, 100]))).not.toContain(true)
  expect(told([...daily(6), [15 * DAY, 100]]).at(-1)).toBe(true)
  expect(told([...daily(6), [25 * DAY, 100]]).at(-1)).toBe(false)
})

test('three sizes of a side are remembered, the one not seen for longest gives way', () => {
  const sizes = [1000, 100, 10]
  const onsets = Array.from({ length: 4 }, (_, day) =>
    sizes.map((size, i): [number, number] => [day * DAY + i * HOUR, size]),
  ).flat()
  expect(told(onsets).slice(-3)).toEqual([true, true, true])
  const another: [number, number] = [4 * DAY, 10_000]
  expect(told([...onsets, another, [4 * DAY + 7 * HOUR, 100]]).at(-1)).toBe(true)
  expect(told([...onsets, another, [4 * DAY + 7 * HOUR, 1000]]).at(-1)).toBe(false)
})
