import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { seeded } from '#core/random.ts'
import type { Verdict } from '#core/score.ts'

import { natureOf } from '../nature.ts'
import { Joint } from './joint.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)
const rate = natureOf({ metric: 'requests_total', unit: '1/s', rate: true })

interface Told extends Verdict {
  readonly minute: number
  readonly since: number | undefined
  readonly blamed: readonly string[]
}

/** What is told of a row of this nature, a value every `step` seconds. */
function told(
  value: (minute: number) => number,
  {
    minutes,
    step = 5,
    nature = rate,
    budget_per_week = 1,
  }: { minutes: number; step?: number; nature?: number; budget_per_week?: number },
): Told[] {
  const joint = new Joint({ budget_per_week })
  const row = joint.add(nature)
  const all: Told[] = []
  for (let at_ms = 0; at_ms <= minutes * MINUTE; at_ms += step * 1000) {
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    joint.step(row, START + at_ms, value(at_ms / MINUTE), verdict)
    const since_ms = joint.since_ms(row)
    const since = since_ms === undefined ? undefined : (since_ms - START) / MINUTE
    if (verdict.score >= 1) all.push({ ...verdict, minute: at_ms / MINUTE, since, blamed: joint.blamed() })
  }
  return all
}

/** Scatters by a fifth either way; from a minute on something else. */
function from(minute: number, change: (usual: number) => number): (at: number) => number {
  const random = seeded(3)
  return (at) => {
    const usual = 100 * (0.8 + 0.4 * random())
    return at < minute ? usual : change(usual)
  }
}

describe.each([1, 5, 10, 15, 60])('a series that is six minutes old, a sample every %s s', (step) => {
  const watched = { minutes: 16, step }
  const age = step === 60 ? 12 : 6

  test('is told within three minutes of a fall to nothing, from where it fell, with what it was before', () => {
    const [first, ...more] = told(
      from(age, () => 0),
      watched,
    )
    expect(first!.minute).toBeLessThanOrEqual(age + 3)
    expect(first).toMatchObject({ since: age, blamed: ['below all', expect.any(String)] })
    expect(first!.lower).toBeGreaterThan(70)
    expect(first!.expected).toBeGreaterThan(first!.lower)
    expect(first!.upper).toBeGreaterThan(first!.expected)
    expect(more).toEqual([])
  })

  test('is told of five times as much, not of a third more', () => {
    expect(
      told(
        from(age, (usual) => 5 * usual),
        watched,
      ),
    ).toHaveLength(1)
    expect(
      told(
        from(age, (usual) => 1.33 * usual),
        watched,
      ),
    ).toEqual([])
  })
})

test.each([2, 3, 5, 10])('a sample every %s minutes: three of them outside are told, not the first two', (minutes) => {
  const hours = { minutes: 360, step: 60 * minutes }
  const [fallen, ...more] = told(
    from(300, () => 0),
    hours,
  )
  expect(fallen).toMatchObject({ minute: 300 + 2 * minutes, since: 300, blamed: ['below all', expect.any(String)] })
  expect(fallen!.lower).toBeGreaterThan(70)
  expect(more).toEqual([])
  const [grown] = told(
    from(300, (usual) => 6 * usual),
    hours,
  )
  expect(grown!.minute).toBeLessThanOrEqual(300 + 2 * minutes)
  expect(
    told(
      from(300, (usual) => 1.33 * usual),
      hours,
    ),
  ).toEqual([])
})

test('nothing is told of the first minutes, nor of one that has always crept upwards', () => {
  expect(
    told(
      from(4, () => 0),
      { minutes: 4.9 },
    ),
  ).toEqual([])
  expect(told((minute) => 100 + 10 * minute + Math.floor(minute / 3) * 8, { minutes: 120 })).toEqual([])
})

test('errors that begin and go on are told of a series that is a quarter of an hour old, a burst of them is not', () => {
  const random = seeded(5)
  const errors = (until: number) => (minute: number) => (minute >= 20 && minute < until ? 1 + random() : 0)
  expect(told(errors(30), { minutes: 30 }).map(({ blamed }) => blamed[0])).toEqual(['above all'])
  expect(told(errors(20.5), { minutes: 30 })).toEqual([])
})

test('a value that is worked out now and then and stands between is one look each time', () => {
  const quantile = (minute: number): number => (minute < 10 ? 0.012 : minute < 13 ? 0.002 : 0.011)
  expect(told(quantile, { minutes: 20, nature: natureOf({ metric: 'gc_duration', unit: 's', rate: false }) })).toEqual(
    [],
  )
})

test('one that falls to nothing twice is told twice where the budget allows it: trouble teaches nothing', () => {
  const twice = from(30, (usual) => usual)
  const down = (minute: number): boolean => (minute >= 30 && minute < 33) || (minute >= 180 && minute < 183)
  expect(told((minute) => twice(minute) * Number(!down(minute)), { minutes: 190, budget_per_week: 100 })).toHaveLength(
    2,
  )
})

test('whatever a young series does, its scores are finite and a state that is saved goes on the same', () => {
  const value = fc.oneof(
    fc.constant(0),
    fc.double({ noNaN: true, min: -1e30, max: 1e30 }),
    fc.integer({ min: 0, max: 9 }),
  )
  fc.assert(
    fc.property(fc.array(value, { minLength: 60, maxLength: 400 }), fc.nat(399), (values, cut) => {
      let joint = new Joint({ budget_per_week: 1 })
      const same = new Joint({ budget_per_week: 1 })
      joint.add(rate)
      same.add(rate)
      for (const [i, x] of values.entries()) {
        const one = { score: 0, expected: NaN, lower: NaN, upper: NaN }
        const other = { ...one }
        if (i === cut) {
          const bytes = joint.save()
          joint = new Joint({ budget_per_week: 1 })
          joint.load(bytes)
        }
        joint.step(0, START + i * 15_000, x, one)
        same.step(0, START + i * 15_000, x, other)
        expect(one).toEqual(other)
        expect(Number.isFinite(one.score)).toBe(true)
      }
    }),
    { numRuns: 60 },
  )
})
