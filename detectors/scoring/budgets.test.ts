import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'
import { seeded } from '#core/random.ts'
import type { Verdict } from '#core/score.ts'

import { Budgets, type Spender } from './budgets.ts'

const HOUR = 3_600_000
const WEEK = 168 * HOUR
const spender = (over: Partial<Spender> = {}): Spender => ({
  rule: 'file group Latency',
  allowed: 2,
  series: 1,
  service: () => 'shop',
  ...over,
})
const verdictOf = (score: number): Verdict => ({ score, expected: 10, lower: 8, upper: 12 })

test('within the budget nothing is changed; beyond it scores fall and bands widen, and time makes up for it', () => {
  const budgets = new Budgets(silentMeter)
  const strictness = (time_ms: number): number => {
    const verdict = verdictOf(2)
    budgets.apply(verdict, time_ms, spender())
    expect(verdict.upper - 10).toBeCloseTo((2 * 2) / verdict.score)
    expect(10 - verdict.lower).toBeCloseTo((2 * 2) / verdict.score)
    return 2 / verdict.score
  }
  for (let i = 0; i < 4; i++) budgets.alarm(i * HOUR, spender())
  expect(strictness(4 * HOUR)).toBe(1)
  for (let i = 4; i < 8; i++) budgets.alarm(i * HOUR, spender())
  const strict = strictness(8 * HOUR)
  expect(strict).toBeGreaterThan(1.5)
  expect(strictness(WEEK)).toBeLessThan(strict)
  expect(strictness(3 * WEEK)).toBe(1)
  for (let i = 0; i < 1000; i++) budgets.alarm(4 * WEEK + i * HOUR, spender())
  expect(strictness(4 * WEEK + 1000 * HOUR)).toBeCloseTo(3)
})

test('where very many series share a budget it may raise thresholds further: the farthest of more noise lies further out', () => {
  const most = (series: number): number => {
    const budgets = new Budgets(silentMeter)
    const many = spender({ series })
    for (let i = 0; i < 1000; i++) budgets.alarm(i * HOUR, many)
    const verdict = verdictOf(100)
    budgets.apply(verdict, 999 * HOUR, many)
    return 100 / verdict.score
  }
  expect([1, 8, 1000].map(most)).toEqual([expect.closeTo(3), expect.closeTo(6), expect.closeTo(30)])
})

test('a large budget is not in hand at once: four alarms are, the others are earned', () => {
  const budgets = new Budgets(silentMeter)
  const day = spender({ allowed: 20 * 7 })
  const verdict = verdictOf(2)
  for (let i = 0; i < 8; i++) budgets.alarm((i * HOUR) / 4, day)
  budgets.apply(verdict, 2 * HOUR, day)
  expect(verdict.score).toBeLessThan(2)
  const later = verdictOf(2)
  for (let i = 0; i < 8; i++) budgets.alarm(3 * 24 * HOUR + (i * HOUR) / 4, day)
  budgets.apply(later, 3 * 24 * HOUR + 2 * HOUR, day)
  expect(later.score).toBe(2)
})

test('a band that ends at 0 still does where the budget widens it', () => {
  const budgets = new Budgets(silentMeter)
  for (let i = 0; i < 9; i++) budgets.alarm(i * HOUR, spender())
  const verdict = { ...verdictOf(2), lower: 0 }
  budgets.apply(verdict, 9 * HOUR, spender())
  expect(verdict.upper).toBeGreaterThan(12)
  expect(verdict.lower).toBe(0)
})

test('an outage that many series see is one event to the budget', () => {
  const budgets = new Budgets(silentMeter)
  for (let i = 0; i < 500; i++) budgets.alarm(i * 1000, spender())
  const verdict = verdictOf(2)
  budgets.apply(verdict, HOUR, spender())
  expect(verdict.score).toBe(2)
})

test('a service and everything have budgets of their own', () => {
  const budgets = new Budgets(silentMeter, { total: 200, services: { shop: 1 } })
  for (let i = 0; i < 20; i++) budgets.alarm(i * HOUR, spender({ rule: `r${i}`, allowed: 1 }))
  const scored = (service: string): number => {
    const verdict = verdictOf(2)
    budgets.apply(verdict, 20 * HOUR, spender({ rule: 'new', service: () => service }))
    return verdict.score
  }
  expect(scored('shop')).toBeLessThan(1)
  expect(scored('pay')).toBe(2)
  const names = budgets.rates().map(({ attributes }) => `${attributes['scope']} ${attributes['name']}`.trim())
  expect(names).toContain('service shop')
  expect(names).toContain('total')
  budgets.keep(new Map([['r1', 1]]))
  expect(budgets.rates()).toHaveLength(3)
})

test('a budget that a reload changes holds at once, and a rule that went while we were away leaves nothing', () => {
  const before = new Budgets(silentMeter)
  for (let hour = 0; hour < 8; hour++) before.alarm(hour * HOUR, spender())
  const budgets = new Budgets(silentMeter)
  const { rule } = spender()
  budgets.keep(new Map([[rule, 1000]]))
  budgets.load(before.save())
  const verdict = verdictOf(3)
  budgets.apply(verdict, 9 * HOUR, { ...spender(), allowed: 1000 })
  expect(verdict.score).toBe(3)
  expect(budgets.rates()[0]?.value).toBeLessThan(0.01)
  budgets.keep(new Map())
  budgets.load(before.save())
  expect(budgets.rates()).toEqual([])
})

test('scores whose tail is too heavy for their thresholds come at the allowed rate in the long run', () => {
  const random = seeded(3)
  const budgets = new Budgets(silentMeter)
  const weeks = 52
  let alarms = 0
  let freely = 0
  // A score beyond 1 ten times a week, where 2 are allowed, with a tail of 1/x³.
  for (let hour = 0; hour < weeks * 168; hour++) {
    const verdict = verdictOf((10 / 168 / (1 - random())) ** (1 / 3))
    if (verdict.score >= 1) freely++
    budgets.apply(verdict, hour * HOUR, spender())
    if (verdict.score < 1) continue
    alarms++
    budgets.alarm(hour * HOUR, spender())
  }
  expect(freely / weeks).toBeGreaterThan(8)
  expect(alarms / weeks).toBeGreaterThan(1.2)
  expect(alarms / weeks).toBeLessThan(2.8)
  expect(budgets.rates()[0]!.value).toBeCloseTo(alarms / weeks / 2, 0)
})

test('what was spent outlives a restart, bit for bit', () => {
  const times = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 40 })
  fc.assert(
    fc.property(times, (hours) => {
      const budgets = new Budgets(silentMeter)
      for (const hour of hours) budgets.alarm(hour * HOUR, spender())
      const again = new Budgets(silentMeter)
      again.load(budgets.save())
      const [a, b] = [verdictOf(3), verdictOf(3)]
      budgets.apply(a, 1000 * HOUR, spender())
      again.apply(b, 1000 * HOUR, spender())
      expect(a).toEqual(b)
      expect(Number.isFinite(a.score)).toBe(true)
    }),
  )
  expect(() => new Budgets(silentMeter).load(new TextEncoder().encode('{"version":2}'))).toThrow(/cannot be read/)
})

test('what was spent before, as it was saved then, still counts', () => {
  const budgets = new Budgets(silentMeter, { total: 4, services: { shop: 1 } })
  budgets.load(readFileSync(join(import.meta.dirname, '../../tests/golden/budgets-1.json')))
  expect(budgets.rates().map(({ attributes }) => attributes?.['scope'])).toEqual(['rule', 'service', 'total'])
  const verdict = verdictOf(3)
  const time_ms = Date.UTC(2026, 0, 5) + 9 * HOUR
  budgets.apply(verdict, time_ms, { rule: 'cpu', allowed: 2, series: 1, service: () => 'shop' })
  // Nine alarms of a service that may spend one a week and four at once: five too many, at most log 3 / log 1.15 of them.
  expect(verdict.score).toBeLessThan(3)
  expect(verdict.score).toBeGreaterThan(1)
})
