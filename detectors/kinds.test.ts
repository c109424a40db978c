// The contract that every kind on THE LIST keeps.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Verdict } from '#core/score.ts'

import * as kinds from './kinds.ts'
import type { Detector } from './kinds/kind.ts'
import { createDetector, KIND_NAMES, parseDetector } from './kinds/registry.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)
const context = { budget_per_week: 1 }

/** Seeded uniform numbers (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function gaussian(seed: number): () => number {
  const random = uniform(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

const make = (kind: string): Detector => createDetector(parseDetector(kind), context)

/** All scores of a stream, a value a minute. */
function scores(detector: Detector, values: Iterable<number>, { row = detector.add(), from = START } = {}): number[] {
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const out: number[] = []
  let time_ms = from
  for (const value of values) {
    detector.step(row, (time_ms += MINUTE), value, verdict)
    out.push(verdict.score)
    expect(verdict.score).toBeGreaterThanOrEqual(0)
  }
  return out
}

function noise(length: number, level = 100, seed = 1): number[] {
  const next = gaussian(seed)
  return Array.from({ length }, () => level + next())
}

const sane = fc.double({ min: -1e6, max: 1e6, noNaN: true })
const anything = fc.oneof(
  { weight: 4, arbitrary: sane },
  fc.constantFrom(NaN, Infinity, -Infinity, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 0, -0),
)
const steps = fc.array(fc.record({ dt_ms: fc.integer({ min: 1, max: 90_000_000 }), value: anything }), {
  maxLength: 200,
})

test('the list is what the registry knows', () => {
  expect(KIND_NAMES).toEqual(Object.values(kinds).map(({ kind }) => kind))
  expect(() => parseDetector('magic')).toThrow(/no detector kind "magic"; there are absence, auto, band/)
  expect(() => parseDetector({ kind: 'band', window: 'long' })).toThrow(/not a duration/)
  expect(() => parseDetector({ kind: 'auto', knob: 1 })).toThrow(/knob/)
  expect(parseDetector(undefined)).toEqual({ kind: 'auto' })
})

describe.each(Object.values(kinds).map(({ kind, scores: judges }) => ({ kind, judges })))(
  '$kind',
  ({ kind, judges }) => {
    test('its default configuration parses', () => {
      expect(parseDetector(kind)).toMatchObject({ kind })
    })

    test('scores are finite and not negative, and values are finite or missing, whatever comes', () => {
      fc.assert(
        fc.property(steps, (stream) => {
          const detector = make(kind)
          const row = detector.add()
          const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
          let time_ms = START
          for (const { dt_ms, value } of stream) {
            detector.step(row, (time_ms += dt_ms), value, verdict)
            expect(Number.isFinite(verdict.score) && verdict.score >= 0).toBe(true)
            expect(Number.isFinite(value) || verdict.score === 0).toBe(true)
            for (const cell of [verdict.expected, verdict.lower, verdict.upper])
              expect(Math.abs(cell)).not.toBe(Infinity)
          }
        }),
        { numRuns: 60 },
      )
    })

    test('the same input gives the same scores, and saving in mid-stream changes nothing bit for bit', () => {
      const values = noise(3000).map((value, i) => (i % 700 === 699 ? value + 40 : value + 10 * Math.sin(i / 229)))
      const whole = make(kind)
      const expected = scores(whole, values)
      const first = make(kind)
      const row = first.add()
      const before = scores(first, values.slice(0, 2111), { row })
      const second = make(kind)
      second.load(first.save())
      const after = scores(second, values.slice(2111), { row, from: START + 2111 * MINUTE })
      expect([...before, ...after]).toEqual(expected)
      expect(second.save()).toEqual(whole.save())
      expect(() => second.load(new Uint8Array([9, 9]))).toThrow(/cut short/)
    })

    test('memory is bounded by rows, not by samples, and a removed row is forgotten', () => {
      const detector = make(kind)
      const row = detector.add()
      scores(detector, noise(4000), { row })
      const size = detector.bytes
      scores(detector, noise(4000), { row, from: START + 4000 * MINUTE })
      expect(detector.bytes).toBe(size)
      detector.remove(row)
      expect(detector.live).toBe(0)
      expect(detector.add()).toBe(row)
      expect(scores(detector, noise(500), { row })).toEqual(scores(make(kind), noise(500)))
    })

    test.skipIf(!judges)(
      'a shift of ten sigma is seen and adopted after its time, and a gap or a huge value poisons nothing',
      () => {
        const detector = make(kind)
        const row = detector.add()
        const days = noise(3 * 1440)
        const calm = scores(detector, days, { row })
        expect(calm.filter((score) => score >= 1).length).toBeLessThanOrEqual(3)
        let from = START + days.length * MINUTE
        const once = scores(detector, [1e300, ...noise(30)], { row, from })
        expect(once[0]).toBeGreaterThanOrEqual(1)
        expect(once.slice(1).filter((score) => score >= 1)).toEqual([])
        from += 31 * MINUTE + 6 * 3_600_000
        expect(scores(detector, noise(60), { row, from }).filter((score) => score >= 1)).toEqual([])
        from += 60 * MINUTE
        const shifted = scores(detector, noise(360, 112), { row, from })
        expect(shifted[0]).toBeGreaterThanOrEqual(1)
        expect(shifted.slice(0, 60).filter((score) => score >= 1).length).toBeGreaterThan(50)
        expect(shifted.slice(-60).filter((score) => score >= 1)).toEqual([])
      },
    )

    test.skipIf(!judges)('the further a value lies out, the higher it scores', () => {
      const detector = make(kind)
      const row = detector.add()
      scores(detector, noise(2 * 1440), { row })
      const bytes = detector.save()
      const heights = [100, 102, 105, 110, 150, 1000].map((value) => {
        const copy = make(kind)
        copy.load(bytes)
        return scores(copy, [value], { row, from: START + 2 * 1440 * MINUTE })[0]!
      })
      expect(heights).toEqual(heights.toSorted((a, b) => a - b))
      expect(new Set(heights).size).toBe(heights.length)
    })

    test('constant and quantised series rest in peace', () => {
      for (const values of [
        Array.from({ length: 4000 }, () => 0),
        Array.from({ length: 4000 }, () => 0.37),
        Array.from({ length: 4000 }, () => 1e12),
        noise(4000).map((value) => Math.round(value)),
        noise(4000, 3).map((value) => Math.max(0, Math.round(value / 2))),
      ]) {
        expect(scores(make(kind), values).filter((score) => score >= 1).length).toBeLessThanOrEqual(2)
      }
    })
  },
)

test('absence knows the cadence of a row and scores only its silence', () => {
  const detector = make('absence')
  const row = detector.add()
  scores(detector, noise(100), { row })
  const last = START + 100 * MINUTE
  const overdue = (minutes: number): number => detector.overdue?.(row, last + minutes * MINUTE) ?? NaN
  expect(overdue(1)).toBeLessThan(1)
  expect(overdue(4.9)).toBeLessThan(1)
  expect(overdue(5)).toBeCloseTo(1)
  expect(overdue(50)).toBeCloseTo(10)
})

test('auto has a band after ten samples and does not wake anyone while it is young', () => {
  const detector = make('auto')
  const row = detector.add()
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  for (const [i, value] of noise(10).entries()) detector.step(row, START + i * MINUTE, value, verdict)
  expect(verdict.lower).toBeLessThan(95)
  expect(verdict.upper).toBeGreaterThan(105)
  for (let seed = 1; seed <= 20; seed++) {
    expect(scores(make('auto'), noise(60, 100, seed)).filter((score) => score >= 1)).toEqual([])
  }
})

test('auto learns the shape of the day', () => {
  const detector = make('auto')
  const row = detector.add()
  const next = gaussian(7)
  const shape = (i: number): number => 100 + 50 * Math.sin((2 * Math.PI * i) / 1440) + next()
  scores(
    detector,
    Array.from({ length: 4 * 1440 }, (_, i) => shape(i)),
    { row },
  )
  // In the trough, the level of the peak: ordinary as a value, not at this time.
  const from = START + 4 * 1440 * MINUTE
  const trough = scores(
    detector,
    Array.from({ length: 1080 }, (_, i) => shape(i)),
    { row, from },
  )
  expect(trough.filter((score) => score >= 1).length).toBeLessThanOrEqual(1)
  expect(scores(detector, [150], { row, from: from + 1080 * MINUTE })[0]).toBeGreaterThanOrEqual(2)
})
