import { describe, expect, test } from 'vitest'

import { seeded } from '#core/random.ts'
import type { Verdict } from '#core/score.ts'

import { withoutLastColumns } from '../testing/older-state.fixture.ts'
import type { Detector } from './kind.ts'
import { createDetector, parseDetector } from './registry.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const START = Date.UTC(2026, 0, 5)

const make = (kind: object): Detector => createDetector(parseDetector(kind), { budget_per_week: 1 })
const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }

describe.each([{ kind: 'band' }, { kind: 'band', method: 'ewma' }, { kind: 'seasonal' }])('%j', (kind) => {
  test('is not blinded by what has steep edges each day: its band stays within some times what the series does', () => {
    const random = seeded(3)
    const detector = make(kind)
    const row = detector.add()
    const days = 28
    let widest = 0
    let told = 0
    for (let time_ms = START; time_ms < START + days * DAY; time_ms += 5 * MINUTE) {
      const hour = (time_ms % DAY) / (60 * MINUTE)
      detector.step(row, time_ms, (hour >= 8 && hour < 18 ? 300 : 100) + 4 * random(), verdict)
      if (time_ms < START + 7 * DAY) continue
      widest = Math.max(widest, verdict.upper - verdict.lower)
      if (verdict.score >= 1) told++
    }
    expect(widest).toBeLessThan(1200)
    expect(told).toBe(0)
    detector.step(row, START + days * DAY, 1000, verdict)
    expect(verdict.score).toBeGreaterThanOrEqual(1)
  })
})

test.each([
  ['the farthest was kept', { columns: 1, bytes: 8 }],
  ['anybody could say what is usual', { columns: 3, bytes: 32 }],
])('state that was saved before %s is taken up', (_when, missing) => {
  const detector = make({ kind: 'band' })
  const row = detector.add()
  for (let minute = 0; minute < 300; minute++) detector.step(row, START + minute * MINUTE, minute % 7, verdict)
  const again = make({ kind: 'band' })
  again.load(withoutLastColumns(detector.save(), missing))
  detector.step(row, START + 300 * MINUTE, 3, verdict)
  const expected = { ...verdict }
  again.step(row, START + 300 * MINUTE, 3, verdict)
  expect(verdict).toEqual(expected)
})
