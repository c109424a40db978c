import { expect, test } from 'vitest'

import { scoresOf } from './scored.ts'

const MINUTE = 60_000

test('what comes before a later beginning is not seen: it scores 0, and the rest scores as if the series began there', () => {
  const time_ms = Float64Array.from({ length: 3000 }, (_, i) => i * MINUTE)
  // A step in what is hidden is learned by nobody.
  const value = Float64Array.from({ length: 3000 }, (_, i) => (i < 400 ? 900 : 100) + ((i * 7919) % 101) / 29)
  value[2900] = 300
  const auto = { detector: 'auto', budget_per_week: 1 }
  const scores = scoresOf({ time_ms, value }, { ...auto, later_ms: 500 * MINUTE })
  const began = scoresOf({ time_ms: time_ms.subarray(500), value: value.subarray(500) }, auto)
  expect(scores.subarray(0, 500).every((score) => score === 0)).toBe(true)
  expect(scores.subarray(500)).toEqual(began)
  expect(scores[2900]).toBeGreaterThanOrEqual(1)
})
