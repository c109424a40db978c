import { expect, test } from 'vitest'

import { seeded } from '#core/random.ts'

import { pinball } from './errors.ts'
import { toGrid } from './grid.ts'
import { makeForecast } from './make.ts'

const MINUTE = 60_000
const DAY = 1440

/** A daily wave with noise, one sample a minute. */
function wave(days: number, noise = 2, level = 100): { time_ms: Float64Array; value: Float64Array } {
  const random = seeded(7)
  const time_ms = Float64Array.from({ length: days * DAY }, (_, i) => i * MINUTE)
  const value = time_ms.map(
    (_, i) => level + 50 * Math.sin((2 * Math.PI * i) / DAY) + noise * (random() + random() + random() - 1.5),
  )
  return { time_ms, value }
}

const options = { horizon_ms: 120 * MINUTE, step_ms: MINUTE, quantiles: [0.1, 0.5, 0.9], model: 'auto' }

test('a daily wave is forecast within its noise, better than the same time yesterday', () => {
  const { time_ms, value } = wave(11)
  const known = 10 * DAY
  const made = makeForecast(time_ms.subarray(0, known), value.subarray(0, known), options)
  expect(made.model).not.toBe('seasonal_naive')
  expect(made.trust).toBe(1)
  expect(made.skill).toBeGreaterThan(0.1)
  expect(made.target_ms[0]).toBe(known * MINUTE)
  const errors = made.values[1]!.map((v, i) => Math.abs(v - value[known + i]!))
  expect(errors.reduce((sum, e) => sum + e, 0) / errors.length).toBeLessThan(3)
})

test.each([1, 5, 30, 60, 120])('targets stand where they are said to, with samples every %i min', (every) => {
  const length = (6 * DAY) / every
  const time_ms = Float64Array.from({ length }, (_, i) => i * every * MINUTE)
  const truth = (time: number): number => 100 + 50 * Math.sin((2 * Math.PI * time) / (DAY * MINUTE))
  const step_ms = every * MINUTE
  const made = makeForecast(time_ms, time_ms.map(truth), { ...options, step_ms, horizon_ms: 12 * 60 * MINUTE })
  for (const [i, target] of made.target_ms.entries()) {
    // The first two minutes are those of the first cell.
    if (i < 2 && every < 5) continue
    expect(Math.abs(made.values[1]![i]! - truth(target))).toBeLessThan(0.2)
  }
})

/** Five days of 100 and two of 40, with a wave over the day and noise in proportion; nothing at night, every five minutes. */
function week(days: number): { time_ms: Float64Array; value: Float64Array } {
  const random = seeded(3)
  const time_ms = Float64Array.from({ length: (days * DAY) / 5 }, (_, i) => i * 5 * MINUTE)
  const value = time_ms.map((time) => {
    const day = Math.floor(time / (DAY * MINUTE)) % 7
    const byDay = Math.max(0, -Math.cos((2 * Math.PI * time) / (DAY * MINUTE)))
    return (day < 5 ? 100 : 40) * byDay * (1 + 0.2 * (random() - 0.5))
  })
  return { time_ms, value }
}

test('the day after the weekend is forecast as the same day a week ago, not as the day before', () => {
  const { time_ms, value } = week(15)
  const known = (14 * DAY) / 5
  const made = makeForecast(time_ms.subarray(0, known), value.subarray(0, known), {
    ...options,
    step_ms: 5 * MINUTE,
    horizon_ms: DAY * MINUTE,
  })
  expect(made).toMatchObject({ model: 'seasonal_regression', trust: 1 })
  expect(made.skill).toBeGreaterThan(0.3)
  const noon = made.target_ms.findIndex((time) => time % (DAY * MINUTE) === (DAY / 2) * MINUTE)
  expect(made.values[1]![noon]!).toBeGreaterThan(80)
})

test('errors grow with what is expected where they did: a band is wide by day, and nothing where nothing ever was', () => {
  const { time_ms, value } = week(5)
  const made = makeForecast(time_ms, value, { ...options, step_ms: 5 * MINUTE, horizon_ms: DAY * MINUTE })
  const width = (hour: number): number => {
    const at = made.target_ms.findIndex((time) => time % (DAY * MINUTE) === hour * 60 * MINUTE)
    return made.values[2]![at]! - made.values[0]![at]!
  }
  expect(width(12)).toBeGreaterThan(5)
  expect(width(2)).toBeLessThan(1)
})

test('quantiles never cross and stay finite, whatever the history', () => {
  for (const [days, noise, level] of [
    [0.01, 0, 5],
    [0.5, 1, 0],
    [3, 30, 0],
    [10, 0, 100],
  ] as const) {
    const { time_ms, value } = wave(days, noise, level)
    const { values } = makeForecast(time_ms, value, { ...options, quantiles: [0.05, 0.5, 0.95] })
    for (let i = 0; i < values[0]!.length; i++) {
      const [low, mid, high] = [values[0]![i]!, values[1]![i]!, values[2]![i]!]
      expect(low <= mid && mid <= high && Number.isFinite(low + high)).toBe(true)
    }
  }
})

test('what was never negative is not forecast to be', () => {
  const time_ms = Float64Array.from({ length: 600 }, (_, i) => i * MINUTE)
  const value = time_ms.map((_, i) => (i % 7 === 0 ? 1 : 0))
  expect(Math.min(...makeForecast(time_ms, value, options).values[0]!)).toBeGreaterThanOrEqual(0)
})

test('one sample gives an honest, untrusted forecast; none is refused', () => {
  const made = makeForecast(Float64Array.of(0), Float64Array.of(42), options)
  expect(made).toMatchObject({ trust: 0, model: 'seasonal_naive' })
  expect(made.values[1]![0]).toBe(42)
  expect(() => makeForecast(new Float64Array(0), new Float64Array(0), options)).toThrow('no history')
  expect(() => makeForecast(Float64Array.of(0), Float64Array.of(Number.NaN), options)).toThrow('no history')
})

test('a gap is filled with the day before, else with the last value', () => {
  const grid = toGrid(Float64Array.of(0, 300_000, 1_200_000), Float64Array.of(1, 2, 5), 300_000)
  expect([...grid!.value]).toEqual([1, 2, 2, 2, 5])
})

test('the pinball loss is what the quantile minimises', () => {
  expect(pinball(10, 8, 0.9)).toBeCloseTo(1.8)
  expect(pinball(8, 10, 0.9)).toBeCloseTo(0.2)
})
