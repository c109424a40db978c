import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Rows } from '../rows.ts'
import { newsFrom, Novelty } from './novelty.ts'
import { Sample } from './sample.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.UTC(2026, 0, 5)

const sampleOf = (after_ms: number, value: number, count: number): Sample =>
  Object.assign(new Sample(), { time_ms: START + after_ms, value, count })

interface Made {
  readonly step: (after_ms: number, value: number) => number
  readonly gather: (after_ms: number) => void
}

function made(): Made {
  const rows = new Rows()
  const novelty = new Novelty(rows)
  const row = rows.add()
  return {
    step: (after_ms, value) => novelty.step(row, sampleOf(after_ms, value, 1000)),
    gather: (after_ms) => novelty.gather(row, START + after_ms),
  }
}

/** Days of values that fill 0 to 100, once every ten minutes. */
function filled(days: number): Made & { readonly end_ms: number } {
  const one = made()
  const end_ms = days * DAY
  for (let at = 0; at < end_ms; at += 10 * MINUTE) one.step(at, (at / MINUTE / 10) % 101)
  return { ...one, end_ms: end_ms + 3 * HOUR }
}

test('what was there before is no news, what is far from all of it is the more the further it is', () => {
  const { step, end_ms } = filled(8)
  expect(step(end_ms, 50)).toBe(0)
  const near = step(end_ms + 1, 103)
  const far = step(end_ms + 2, 150)
  expect(near).toBeGreaterThan(0)
  expect(near).toBeLessThan(newsFrom(1))
  expect(far).toBeGreaterThan(newsFrom(1))
})

test('a hole within the range is as new as what lies beyond it', () => {
  const { step } = made()
  for (let at = 0; at < 8 * DAY; at += 10 * MINUTE) step(at, (at / MINUTE / 10) % 2 === 0 ? 10 : 90)
  expect(step(8 * DAY + 3 * HOUR, 50)).toBeGreaterThan(newsFrom(1))
})

test('what climbs step by step within two hours becomes as new as what jumps; after that it is known', () => {
  const { step, end_ms } = filled(8)
  const climb = Array.from({ length: 50 }, (_, i) => step(end_ms + i * MINUTE, 101 + i))
  expect(climb.at(-1)).toBeGreaterThan(newsFrom(1))
  expect(climb.toSorted((a, b) => a - b)).toEqual(climb)
  expect(step(end_ms + 3 * HOUR, 150)).toBe(0)
})

test('what was told is known at once, what goes on from there is not', () => {
  const { step, gather, end_ms } = filled(8)
  expect(step(end_ms, 150)).toBeGreaterThan(newsFrom(1))
  gather(end_ms)
  expect(step(end_ms + MINUTE, 150)).toBe(0)
  expect(step(end_ms + 2 * MINUTE, 220)).toBeGreaterThan(newsFrom(1))
})

test('the same distance is more news after three weeks than after one day', () => {
  const news = [1, 7, 21, 28].map((days) => {
    const { step, end_ms } = filled(days)
    return step(end_ms, 110)
  })
  expect(news.slice(0, 3)).toEqual(news.slice(0, 3).toSorted((a, b) => a - b))
  expect(news[3]).toBeCloseTo(news[2]!, 1)
})

test('of few samples the same distance is less news', () => {
  const news = [50, 1000].map((count) => {
    const rows = new Rows()
    const novelty = new Novelty(rows)
    const row = rows.add()
    for (let i = 0; i < 50; i++) novelty.step(row, sampleOf(i * 3 * HOUR, i % 10, i))
    return novelty.step(row, sampleOf(7 * DAY, 12, count))
  })
  expect(news[0]).toBeGreaterThan(0)
  expect(news[0]).toBeLessThan(news[1]!)
})

test('values are forgotten when they stay away for half a year', () => {
  const { step, end_ms } = filled(7)
  let at = end_ms
  for (; at < 90 * DAY; at += HOUR) step(at, 20 + ((at / HOUR) % 5))
  expect(step(at, 80)).toBe(0)
  for (; at < 300 * DAY; at += HOUR) step(at, 20 + ((at / HOUR) % 5))
  expect(step(at, 80)).toBeGreaterThan(newsFrom(1))
})

test('a smaller budget asks for more', () => {
  const asked = [10, 2, 1, 0.1, 0.001].map(newsFrom)
  expect(asked).toEqual(asked.toSorted((a, b) => a - b))
  expect(new Set(asked).size).toBe(5)
})

test('whatever comes, news is finite and not below 0, and a value seen hours ago is none', () => {
  const any = fc.oneof(
    fc.double({ noNaN: true, min: -1e37, max: 1e37 }),
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom(1e9, 1e9 + 1e-6, 5e-324),
  )
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 60 }), (values) => {
      const { step } = made()
      for (const [i, value] of values.entries()) {
        const news = step(i * HOUR, value)
        expect(news).toBeGreaterThanOrEqual(0)
        expect(news).toBeLessThan(10)
      }
      const later_ms = (values.length + 3) * HOUR
      for (const value of values) step(later_ms, value)
      for (const value of values) expect(step(later_ms + 3 * HOUR, value)).toBe(0)
    }),
  )
})
