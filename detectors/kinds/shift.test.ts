import { describe, expect, test } from 'vitest'

import { seeded } from '#core/random.ts'
import type { Verdict } from '#core/score.ts'

import { withoutLastColumns } from '../testing/older-state.fixture.ts'
import type { Detector } from './kind.ts'
import { createDetector, parseDetector } from './registry.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)
const DAYS_BEFORE = 2 * 1440

const make = (): Detector => createDetector(parseDetector('shift'), { budget_per_week: 1 })

/** Minutes after two quiet days in which a change of the level by `size`, `minutes` long, is told, and those in which one is adopted. */
function heard(size: number, minutes: number): { told: number[]; adopted: number[] } {
  const random = seeded(3)
  const noise = (): number => random() + random() + random() - 1.5
  const detector = make()
  const row = detector.add()
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const told: number[] = []
  const adopted: number[] = []
  for (let minute = -DAYS_BEFORE; minute < 1440; minute++) {
    const value = 100 + noise() + (minute >= 0 && minute < minutes ? size : 0)
    detector.step(row, START + minute * MINUTE, value, verdict)
    if (minute >= 0 && verdict.score >= 1) told.push(minute)
    if (minute >= 0 && detector.adopted!()) adopted.push(minute)
  }
  return { told, adopted }
}

describe.each([-1000, -50, -5, 5, 50, 1000])('a level that moves by %i', (size) => {
  test.each([20, 45])(
    'for %i minutes is over within a stretch and a half, and never becomes the normal one',
    (minutes) => {
      const { told, adopted } = heard(size, minutes)
      expect(told.length).toBeGreaterThan(0)
      expect(told[0]).toBeLessThan(30)
      expect(told.at(-1)).toBeLessThan(minutes + 46)
      expect(adopted).toEqual([])
    },
  )

  test('for ten hours is adopted after about two, and so is the one before when it comes back', () => {
    const { told, adopted } = heard(size, 600)
    expect(told.filter((minute) => minute >= 160 && minute < 600)).toEqual([])
    expect(told.some((minute) => minute >= 600 && minute < 640)).toBe(true)
    expect(adopted.map((minute) => Math.floor(minute / 60))).toEqual([2, 12])
  })
})

test('state that was saved before strides were kept is taken up', () => {
  const detector = make()
  const row = detector.add()
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  for (let minute = 0; minute < 300; minute++) detector.step(row, START + minute * MINUTE, minute % 7, verdict)
  const again = make()
  again.load(withoutLastColumns(detector.save(), { columns: 3, bytes: 24 * detector.live }))
  again.step(row, START + 300 * MINUTE, 3, verdict)
  expect(verdict.lower).toBeLessThan(3)
  expect(verdict.upper).toBeGreaterThan(3)
})

test('what stands still is no swing: it is flat', () => {
  const random = seeded(3)
  const detector = make()
  const row = detector.add()
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const shapes: (string | undefined)[] = []
  for (let minute = -DAYS_BEFORE; minute < 100; minute++) {
    detector.step(row, START + minute * MINUTE, minute < 0 ? 99 + 2 * random() : 100, verdict)
    if (minute >= 60 && verdict.score >= 1) shapes.push(detector.shape!())
  }
  expect(new Set(shapes)).toEqual(new Set(['flat']))
})
