import { expect, test } from 'vitest'

import { CivilTime } from '#core/civil-time.ts'
import { seeded } from '#core/random.ts'
import type { Verdict } from '#core/score.ts'

import type { Detector } from './kind.ts'
import { createDetector, parseDetector } from './registry.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** A Monday. */
const START = Date.UTC(2026, 0, 5)

interface Stream {
  readonly from_ms?: number
  readonly days: number
  readonly step_ms?: number
  readonly value: (time_ms: number) => number
}

/** Event times of anomalous samples, of a series with a little noise. */
function anomalous(detector: Detector, { from_ms = START, days, step_ms = 5 * MINUTE, value }: Stream): number[] {
  const random = seeded(3)
  const row = detector.add()
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const found: number[] = []
  for (let time_ms = from_ms; time_ms < from_ms + days * DAY; time_ms += step_ms) {
    detector.step(row, time_ms, value(time_ms) + 4 * (random() - 0.5), verdict)
    if (verdict.score >= 1) found.push(time_ms)
  }
  return found
}

const seasonal = (period: string, zone = 'UTC'): Detector =>
  createDetector(parseDetector({ kind: 'seasonal', period }), { budget_per_week: 1, civil: new CivilTime({ zone }) })

const office = (time_ms: number): number => {
  const weekday = Math.floor((time_ms - START) / DAY) % 7
  const hour = (time_ms % DAY) / HOUR
  return weekday < 5 && hour >= 8 && hour < 18 ? 300 : 100
}

test('a week knows its weekends: a Saturday like a Monday is told', () => {
  const at = START + 26 * DAY + 10 * HOUR
  const value = (time_ms: number): number => {
    const hour = (time_ms % DAY) / HOUR
    const busy = Math.max(0, Math.sin((Math.PI * (hour - 6)) / 12))
    return Math.floor((time_ms - START) / DAY) % 7 < 5 || (time_ms >= at && time_ms < at + 4 * HOUR)
      ? 100 + 200 * busy
      : 100
  }
  const found = (period: string): boolean[] => {
    const times = anomalous(seasonal(period), { days: 28, value }).filter((time_ms) => time_ms >= START + 15 * DAY)
    return [times.some((time_ms) => time_ms < at), times.some((time_ms) => time_ms >= at && time_ms < at + 4 * HOUR)]
  }
  expect(found('1w')).toEqual([false, true])
})

test.each(['7h', '90m', '25h'])('a period of any length is known once it is over: %s', (period) => {
  const length_ms = { '7h': 7, '90m': 1.5, '25h': 25 }[period]! * HOUR
  const value = (time_ms: number): number => 200 + 100 * Math.sin((2 * Math.PI * time_ms) / length_ms)
  const days = 8
  expect(anomalous(seasonal(period), { days, step_ms: MINUTE, value }).length).toBeLessThanOrEqual(4)
  const at = START + 7 * DAY
  const flat = (time_ms: number): number => (time_ms >= at ? 200 : value(time_ms))
  const found = anomalous(seasonal(period), { days, step_ms: MINUTE, value: flat })
  expect(found.some((time_ms) => time_ms >= at && time_ms < at + length_ms)).toBe(true)
})

test('says nothing in its first period', () => {
  const found = anomalous(seasonal('1w'), {
    days: 7,
    value: (time_ms) => office(time_ms) * 3 ** Math.floor((time_ms - START) / DAY),
  })
  expect(found).toEqual([])
})

test('a week goes by the clocks of its place, over a change to summer time', () => {
  const from_ms = Date.UTC(2026, 2, 2)
  const change = Date.UTC(2026, 2, 29, 1)
  /** At a quarter past nine in Berlin. */
  const expectedAt = (zone: string): number => {
    const detector = seasonal('1w', zone)
    const value = (time_ms: number): number => {
      const hour = ((time_ms + (time_ms >= change ? 2 : 1) * HOUR) % DAY) / HOUR
      return 100 + 200 * Math.max(0, Math.sin((Math.PI * (hour - 6)) / 12))
    }
    anomalous(detector, { from_ms, days: 27, value })
    const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    detector.step(0, Date.UTC(2026, 2, 30, 7, 15), 250, verdict)
    return verdict.expected
  }
  const right = 100 + 200 * Math.sin((Math.PI * 3.25) / 12)
  expect(Math.abs(expectedAt('Europe/Berlin') - right)).toBeLessThan(6)
  expect(Math.abs(expectedAt('UTC') - right)).toBeGreaterThan(20)
})

test('what is no period is refused in words', () => {
  expect(() => parseDetector({ kind: 'seasonal', period: '1m' })).toThrow('period: from 10m to 28d')
  expect(() => parseDetector({ kind: 'seasonal', period: 'week' })).toThrow(/duration/)
})
