import { expect, test } from 'vitest'

import { Joint } from './joint.ts'

const MINUTE = 60_000
const DAY = 1440
const START = Date.UTC(2026, 0, 5)
/** Five calm days are known by then. */
const T = 5 * DAY

/** From minute `from`, inclusive, to `to`, exclusive, so much is added; in minutes from `T`. */
type Change = readonly [from: number, to: number, by: number]

/** A day of ±20 around 100 with a wobble of about one, changed; the minutes of the next days in which something was told, and in which a level was adopted. */
function toldOf(...changes: readonly Change[]) {
  const joint = new Joint({ budget_per_week: 1 })
  const row = joint.add()
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const told: number[] = []
  const adopted: number[] = []
  for (let i = 0; i < T + 4 * DAY; i++) {
    const wobble = Math.sin(i * 1.7) + Math.sin(i * 0.61) / 2
    const by = changes.reduce((sum, [from, to, size]) => (i - T >= from && i - T < to ? sum + size : sum), 0)
    joint.step(row, START + i * MINUTE, 100 + 20 * Math.sin((i / DAY) * 2 * Math.PI) + wobble + by, verdict)
    if (i < T) continue
    if (verdict.score >= 1) told.push(i - T)
    if (joint.adopted()) adopted.push(i - T)
  }
  return { told, adopted }
}

test('a job of some minutes is told once where it comes at the same hour of the next day, and again at another hour', () => {
  expect(toldOf([0, 5, 60], [DAY, DAY + 5, 60]).told).toEqual([0])
  expect(toldOf([0, 5, 60], [1.5 * DAY, 1.5 * DAY + 5, 60]).told).toEqual([0, 1.5 * DAY])
})

test('what is far larger than the job of the day before is told', () => {
  expect(toldOf([0, 5, 60], [DAY, DAY + 5, 200]).told).toEqual([0, DAY])
})

test('trouble of an hour is told when it comes again on the next day', () => {
  expect(toldOf([0, 60, 60], [DAY, DAY + 60, 60]).told).toContain(DAY)
})

test('what goes on is told within the hour, though the like of it lasted some minutes on the day before', () => {
  for (const minutes of [60, 180])
    expect(toldOf([0, 5, 60], [DAY, DAY + minutes, 60]).told.slice(0, 2)).toEqual([0, DAY + 45])
})

test('the way back from a level that was adopted is not told, and is the normal again soon', () => {
  const { told, adopted } = toldOf([0, DAY, 60])
  expect(told[0]).toBe(0)
  expect(told.filter((minute) => minute >= DAY)).toEqual([])
  expect(adopted).toEqual([120, DAY + 15])
})

test('a fall from that level to where the row never was is told, and so is the level when it comes back', () => {
  expect(toldOf([0, DAY, 60], [DAY, 2 * DAY, -90]).told).toContain(DAY)
  expect(toldOf([0, DAY, 60], [2 * DAY, 3 * DAY, 60]).told).toContain(2 * DAY)
  expect(toldOf([0, DAY, 60], [DAY, 2 * DAY, -90], [2 * DAY, 3 * DAY, 60]).told).toContain(2 * DAY)
})

test('where a row that begins in an incident goes back to it, that is told', () => {
  expect(toldOf([-T, -T + 60, 200], [0, 60, 200]).told).toContain(0)
})

test('what was left is known no longer once the row is back: the same again some days later is told', () => {
  expect(toldOf([0, 400, 60], [3 * DAY, 3 * DAY + 36, 60]).told).toContain(3 * DAY)
})
