import { expect, test } from 'vitest'

import { seeded } from '#core/random.ts'
import type { Verdict } from '#core/score.ts'

import { natureOf } from '../nature.ts'
import { Joint } from './joint.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)
const ratio = natureOf({ metric: 'errors_ratio', unit: '1', rate: false })
const amount = natureOf({ metric: 'requests_total', unit: '1/s', rate: true })

/** The last verdict on a row of this nature, a value every 5 s. */
function last(nature: number | undefined, minutes: number, value: (minute: number) => number): Verdict {
  const joint = new Joint({ budget_per_week: 1 })
  const row = joint.add(nature)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  for (let at_ms = 0; at_ms <= minutes * MINUTE; at_ms += 5000)
    joint.step(row, START + at_ms, value(at_ms / MINUTE), verdict)
  return verdict
}

test('a band has ends from the tenth sample on, within what the unit allows', () => {
  const random = seeded(2)
  const { lower, expected, upper } = last(ratio, 1, () => 0.9 + 0.02 * random())
  expect(lower).toBeGreaterThanOrEqual(0)
  expect(lower).toBeLessThan(expected)
  expect(upper).toBe(1)
})

test('a value that the unit forbids shows that it is another one', () => {
  const { upper } = last(ratio, 30, (minute) => (minute < 10 ? 0.9 : 90))
  expect(upper).toBeGreaterThan(90)
})

test('what was never below 0 has no band below it, until it is', () => {
  const unsigned = natureOf({ metric: 'temperature', unit: 'Cel', rate: false })
  const random = seeded(3)
  expect(last(unsigned, 30, () => 3 + random()).lower).toBe(0)
  expect(last(unsigned, 30, (minute) => 3 + random() - (minute < 10 ? 0 : 3.5)).lower).toBeLessThan(0)
})

test('of what is 0 most of the time no single burst is told for two hours, then its first one', () => {
  const burst = (from: number) => (minute: number) => (minute >= from ? 5 : 0)
  expect(last(amount, 60, burst(60)).score).toBe(0)
  expect(last(amount, 150, burst(150)).score).toBeGreaterThan(1)
})

test('what falls to nothing and stays there becomes the new normal, though it was 0 most of the time by then', () => {
  const random = seeded(5)
  const joint = new Joint({ budget_per_week: 1 })
  const row = joint.add(amount)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const adopted: number[] = []
  let lower = 0
  for (let minute = 0; minute < 90; minute++) {
    joint.step(row, START + minute * MINUTE, minute < 40 ? 20 + 4 * random() : 0, verdict)
    if (minute === 78) lower = verdict.lower
    if (joint.adopted()) adopted.push(minute)
  }
  expect(lower).toBeGreaterThan(5)
  expect(adopted).toEqual([84])
})

test('of what bursts every five minutes no burst of the first two hours is told; of a bare column the first one is', () => {
  const bursts = (minute: number): number => (Math.floor(minute) % 5 === 0 && minute % 1 < 0.1 ? 50 : 0)
  for (let minute = 5; minute <= 120; minute += 5) expect(last(amount, minute, bursts).score).toBeLessThan(1)
  expect(last(undefined, 5, (minute) => (minute < 1 ? 0 : bursts(minute))).score).toBeGreaterThan(1)
})

test('ten times the level is told at once of a steady one from ten minutes on', () => {
  const random = seeded(4)
  const steady = (change: number, from: number) => (minute: number) =>
    (40 + 4 * random()) * (minute >= from ? change : 1)
  expect(last(amount, 12, steady(10, 12)).score).toBeGreaterThan(1)
})
