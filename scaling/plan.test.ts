import { expect, test } from 'vitest'

import type { Forecast } from '#core/forecast.ts'
import type { Hint } from '#core/hint.ts'
import { Labels } from '#core/series.ts'

import { plan, quantileAt, replicasFor } from './plan.ts'
import { leadOf, type Policy, policySchema } from './policy.ts'

const MINUTE = 60_000
const policy: Policy = policySchema.parse({
  name: 'checkout',
  target: { kind: 'Deployment', namespace: 'shop', name: 'checkout' },
  demand: 'checkout_demand',
  capacity: 100,
  min: 2,
  max: 40,
  lead: '3m',
  quantile: 0.9,
})

/** Demand that rises by 100 a minute from `start`; the 0.9 quantile lies 50 above the median. */
function rising(start: number, trust: 0 | 1 = 1): Forecast {
  const target_ms = Float64Array.from({ length: 30 }, (_, i) => i * MINUTE)
  const median = target_ms.map((_, i) => start + i * 100)
  return {
    rule: 'checkout_demand',
    labels: Labels.empty,
    made_ms: 0,
    model: 'seasonal_naive',
    trust,
    skill: 0.2,
    coverage: new Map(),
    step_ms: MINUTE,
    target_ms,
    quantiles: [0.1, 0.5, 0.9],
    values: [median.map((v) => v - 50), median, median.map((v) => v + 50)],
  }
}

const at = (present: number, forecast?: Forecast, recent: readonly Hint[] = [], as_of_ms = 0): Hint =>
  plan(policy, { as_of_ms, expires_ms: as_of_ms + 5 * MINUTE, present, forecast }, recent)

test('replicas carry the demand, and a hair above is rounding', () => {
  expect([0, 1, 100, 100.000_000_001, 101].map((d) => replicasFor(d, 100))).toEqual([0, 1, 1, 1, 2])
})

test('capacity is there before the demand: the hint looks one lead ahead, and until the next could be ready', () => {
  const hint = at(400, rising(400), [], 1)
  // Ready a moment after 3 min, the next decision's capacity after 6 min, in the step that ends at 7: its 0.9 quantile is 400 + 700 + 50.
  expect(hint).toMatchObject({ value: 12, needed_now: 4, target_ms: 7 * MINUTE, trust: 1, quantile: 0.9, demand: 1150 })
})

test('a step of the forecast that is longer than the lead is looked into', () => {
  const hourly = { ...rising(400), step_ms: 60 * MINUTE }
  const forecast = { ...hourly, target_ms: hourly.target_ms.map((_, i) => (i + 1) * 60 * MINUTE) }
  for (const minute of [0, 30, 50]) {
    expect(at(10, forecast, [], minute * MINUTE)).toMatchObject({ value: 5, trust: 1, target_ms: 60 * MINUTE })
  }
  expect(at(10, forecast, [], 56 * MINUTE)).toMatchObject({ value: 6, target_ms: 120 * MINUTE })
})

test('without a trusted forecast the present demand decides', () => {
  expect(at(640, rising(640, 0))).toMatchObject({ value: 7, trust: 0, quantile: Number.NaN })
  expect(at(640)).toMatchObject({ value: 7, trust: 0 })
})

test('a forecast that ends before new capacity would be ready decides nothing', () => {
  expect(at(640, rising(100), [], 60 * MINUTE)).toMatchObject({ value: 7, lower: 7, upper: 7, trust: 0 })
})

test('the lead is what the policy says, and three minutes where it says none', () => {
  const leads = ['5m', 'auto', undefined].map((lead) => leadOf(policySchema.parse({ ...policy, down: {}, lead })))
  expect(leads).toEqual([5 * MINUTE, 3 * MINUTE, 3 * MINUTE])
})

test('a forecast below the present demand does not take away what is needed now', () => {
  expect(at(2000, rising(100)).value).toBe(20)
})

test('never below min, never above max', () => {
  expect(at(0).value).toBe(2)
  expect(at(1e9).value).toBe(40)
})

test('down goes by steps of a fifth within the stabilisation window, and not below the need', () => {
  const high = at(2000)
  const next = at(300, undefined, [high], MINUTE)
  expect([high.value, next.value]).toEqual([20, 16])
  expect(at(300, undefined, [next, high], 2 * MINUTE).value).toBe(16)
})

test('after a gap the first numbers take no more away than a step; after an hour nothing is known of what runs', () => {
  const high = at(2000)
  const back = at(300, undefined, [high], 30 * MINUTE)
  const on = at(300, undefined, [back, high], 31 * MINUTE)
  expect([back.value, on.value]).toEqual([16, 16])
  expect(at(300, undefined, [on, back, high], 42 * MINUTE).value).toBe(13)
  expect(at(300, undefined, [high], 61 * MINUTE).value).toBe(3)
})

test('a quantile between two that were made is read off the line between them', () => {
  expect(quantileAt(rising(0), 0, 0.7)).toBeCloseTo(25)
  expect([0.01, 0.99].map((q) => quantileAt(rising(0), 0, q))).toEqual([-50, 50])
  expect(quantileAt(rising(0), 30, 0.5)).toBeNaN()
})

test('costs say how careful to be: nine times dearer to be short is the 0.9 quantile', () => {
  const { quantile: _, ...rest } = { ...policy, down: {} }
  const byCost = policySchema.parse({ ...rest, lead: '3m', cost: { short: 9, idle: 1 } })
  expect(plan(byCost, { as_of_ms: 0, expires_ms: 1, present: 400, forecast: rising(400) }, []).value).toBe(11)
})

test('a policy that cannot be is refused', () => {
  expect(policySchema.safeParse({ ...policy, down: {}, lead: '3m', min: 50 }).success).toBe(false)
  expect(policySchema.safeParse({ ...policy, down: {}, lead: '3m', cost: { short: 1, idle: 1 } }).success).toBe(false)
})
