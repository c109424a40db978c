// The contract that every kind on THE LIST keeps.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Verdict } from '#core/score.ts'

import * as kinds from './kinds.ts'
import { type Correctable, type Detector, isCorrectable, type Kind } from './kinds/kind.ts'
import { BARE, natureOf } from './kinds/nature.ts'
import { createDetector, KIND_NAMES, parseDetector } from './kinds/registry.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
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

/** Whether each value is anomalous or outside the band: what began lasts while values stay outside. */
function lasting(
  detector: Detector,
  values: readonly number[],
  { row, from }: { row: number; from: number },
): boolean[] {
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  return values.map((value, i) => {
    detector.step(row, from + (i + 1) * MINUTE, value, verdict)
    return verdict.score >= 1 || value > verdict.upper || value < verdict.lower
  })
}

function noise(length: number, level = 100, seed = 1): number[] {
  const next = gaussian(seed)
  return Array.from({ length }, () => level + next())
}

/** A column of numbers, and a series by whose name something is believed of it while it is young. */
const NATURES = [
  BARE,
  natureOf({ metric: 'requests_total', unit: '1/s', rate: true }),
  natureOf({ metric: 'errors_ratio', unit: '1', rate: false }),
]

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

describe.each(KIND_NAMES.filter((kind) => isCorrectable(make(kind))))(
  '%s can take back what it learned: a copy',
  (name) => {
    const made = (): Correctable => make(name) as Correctable
    const values = (length: number): number[] => noise(length, 100, 7).map((value, i) => value + 20 * Math.sin(i / 229))

    test('scores on as its row does', () => {
      const [one, other] = [made(), made()]
      const row = one.add()
      scores(one, values(5000), { row })
      const copy = other.add()
      other.take(copy, one, row)
      const from = START + 5000 * MINUTE
      const next = values(8000).slice(5000)
      next[100] = 300
      expect(scores(other, next, { row: copy, from })).toEqual(scores(one, next, { row, from }))
    })

    test('shares nothing with its row, and leaves the others as they are', () => {
      const one = made()
      const [row, beside] = [one.add(), one.add()]
      for (const each of [row, beside]) scores(one, values(5000), { row: each })
      const other = made()
      const [copy] = [other.add(), other.add()]
      other.take(copy, one, row)
      const before = one.save()
      scores(other, noise(3000, 500), { row: copy, from: START + 5000 * MINUTE })
      expect(Buffer.compare(one.save(), before)).toBe(0)
      for (let again = 0; again < 3; again++) one.take(row, other, copy)
      const from = START + 8000 * MINUTE
      expect(scores(one, values(500), { row, from })).toEqual(scores(other, values(500), { row: copy, from }))
      const bytes = one.bytes
      for (let again = 0; again < 50; again++) one.take(row, other, copy)
      expect(one.bytes).toBe(bytes)
    })
  },
)

/** Instants at which nothing is wrong with a series, whatever its samples do. */
interface Instant {
  /** Event times of anomalous samples. */
  readonly run: (kind: string) => number[]
  readonly days: number
  /** When it happens: nothing is anomalous within the hour. */
  readonly at: readonly number[]
}

const INSTANTS: Readonly<Record<string, Instant>> = {
  'a gap over midnight': {
    days: 3,
    at: [START + DAY + 2 * HOUR, START + 2 * DAY + 2 * HOUR],
    run(kind) {
      const random = gaussian(11)
      return timed(kind, { days: 3, value: () => 50 + random(), skip: (at) => at % DAY < 2 * HOUR && at > START + DAY })
    },
  },
  'the hour that summer time leaves out, and the one that it gives back': {
    days: 5,
    at: [START + 2 * DAY, START + 4 * DAY],
    run(kind) {
      const random = gaussian(12)
      const shift = (at: number): number => (at >= START + 2 * DAY && at < START + 4 * DAY ? HOUR : 0)
      const skip = (at: number): boolean => at >= START + 2 * DAY && at < START + 2 * DAY + HOUR
      return timed(kind, { days: 5, value: () => 50 + random(), skip, stamp: (at) => at - shift(at) })
    },
  },
  'the 29th of February': {
    days: 4,
    at: [Date.UTC(2028, 1, 29), Date.UTC(2028, 2, 1)],
    run(kind) {
      const random = gaussian(13)
      return timed(kind, { from: Date.UTC(2028, 1, 27), days: 4, value: () => 50 + random() })
    },
  },
}

interface Timed {
  readonly from?: number
  readonly days: number
  readonly step?: number
  readonly value: (at: number) => number
  readonly skip?: (at: number) => boolean
  readonly stamp?: (at: number) => number
}

/** Event times of anomalous samples; what goes back in time is left out, as scoring does. */
function timed(kind: string, { from = START, days, step = MINUTE, value, skip, stamp }: Timed): number[] {
  const detector = make(kind)
  const row = detector.add()
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const found: number[] = []
  let last = -Infinity
  for (let at = from; at < from + days * DAY; at += step) {
    const time_ms = stamp?.(at) ?? at
    const seen = value(at)
    if (skip?.(at) === true || time_ms <= last) continue
    detector.step(row, (last = time_ms), seen, verdict)
    if (verdict.score >= 1) found.push(time_ms)
  }
  return found
}

describe.each(
  Object.values(kinds as Record<string, Kind>).map(({ kind, scores: judges, judges: what }) => ({
    kind,
    single: judges && what === undefined,
  })),
)('$kind', ({ kind, single }) => {
  test('its default configuration parses', () => {
    expect(parseDetector(kind)).toMatchObject({ kind })
  })

  test('scores are finite and not negative, and values are finite or missing, whatever comes', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(...NATURES), (stream, nature) => {
        const detector = make(kind)
        const row = detector.add(nature)
        const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
        let time_ms = START
        for (const { dt_ms, value } of stream) {
          detector.step(row, (time_ms += dt_ms), value, verdict)
          expect(Number.isFinite(verdict.score) && verdict.score >= 0).toBe(true)
          expect(Number.isFinite(value) || verdict.score === 0).toBe(true)
          for (const cell of [verdict.expected, verdict.lower, verdict.upper]) expect(Math.abs(cell)).not.toBe(Infinity)
        }
      }),
      { numRuns: 60 },
    )
  })

  // Over all kinds together, a million.
  test.each([400, 1e6])(
    'a long stream of anything, a new row each %i samples, neither throws nor gives a NaN, and holds no more at its end than at its middle',
    (life) => {
      const random = uniform(21)
      const odd = [NaN, Infinity, -Infinity, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 0, -0, 1e300]
      const detector = make(kind)
      const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
      const count = Math.ceil(1e6 / KIND_NAMES.length)
      let row = 0
      let time_ms = START
      let held = 0
      let wrong = 0
      for (let i = 0; i < count; i++) {
        if (i % life === 0) {
          if (i > 0) detector.remove(row)
          row = detector.add(NATURES[(i / life) % NATURES.length])
        }
        const scale = 10 ** Math.floor(12 * random() - 6)
        const value = random() < 0.05 ? odd[Math.floor(random() * odd.length)]! : scale * (random() - 0.5)
        time_ms += random() < 0.001 ? 90_000_000 * random() : 1 + 120_000 * random()
        detector.step(row, time_ms, value, verdict)
        const cells = [verdict.expected, verdict.lower, verdict.upper]
        if (!(verdict.score >= 0 && verdict.score < Infinity) || cells.some((cell) => Math.abs(cell) === Infinity))
          wrong++
        if (i === count >> 1) held = detector.bytes
      }
      expect(wrong).toBe(0)
      expect(detector.bytes).toBe(held)
    },
  )

  test.each(NATURES)(
    'the same input gives the same scores, and saving in mid-stream changes nothing bit for bit: nature %i',
    (nature) => {
      const values = noise(3000).map((value, i) => (i % 700 === 699 ? value + 40 : value + 10 * Math.sin(i / 229)))
      for (const cut of [7, 37, 2111]) {
        const whole = make(kind)
        const expected = scores(whole, values, { row: whole.add(nature) })
        const first = make(kind)
        const row = first.add(nature)
        const before = scores(first, values.slice(0, cut), { row })
        const second = make(kind)
        second.load(first.save())
        const after = scores(second, values.slice(cut), { row, from: START + cut * MINUTE })
        expect([...before, ...after]).toEqual(expected)
        expect(second.save()).toEqual(whole.save())
      }
      const second = make(kind)
      expect(() => second.load(new Uint8Array([9, 9]))).toThrow(/cut short/)
    },
  )

  test('a row of which little is known says so, and two days later no more', () => {
    const detector = make(kind)
    if (detector.confident === undefined) return
    const row = detector.add()
    expect(detector.confident(row)).toBe(false)
    scores(detector, noise(2 * 1440), { row })
    expect(detector.confident(row)).toBe(true)
    detector.remove(row)
    expect(detector.confident(detector.add())).toBe(false)
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
    for (const nature of NATURES) {
      const again = make(kind)
      expect(detector.add(nature)).toBe(row)
      expect(scores(detector, noise(500), { row })).toEqual(scores(again, noise(500), { row: again.add(nature) }))
      detector.remove(row)
    }
  })

  test.skipIf(!single)(
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
      const shifted = lasting(detector, noise(360, 112), { row, from })
      expect(shifted[0]).toBe(true)
      expect(shifted.slice(0, 60).filter(Boolean).length).toBeGreaterThan(50)
      expect(shifted.slice(-60).filter(Boolean).length).toBeLessThanOrEqual(1)
    },
  )

  test.skipIf(!single)('the further a value lies out, the higher it scores', () => {
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

  test.each(Object.entries(INSTANTS))('%s is no finding', (_name, { run, days, at }) => {
    const found = run(kind)
    // What a budget of one a week allows, and one.
    expect(found.length).toBeLessThanOrEqual(1 + Math.ceil(days / 7))
    for (const instant of at) expect(found.filter((time) => time >= instant && time < instant + HOUR)).toEqual([])
  })

  test('series with a sample an hour find at most half as much again as the budget allows', () => {
    const days = 30
    const found = [14, 15, 16, 17, 18, 19, 20, 21].map((seed) => {
      const random = gaussian(seed)
      return timed(kind, { days, step: HOUR, value: () => 50 + random() }).length
    })
    const mean = found.reduce((sum, count) => sum + count, 0) / found.length
    expect(mean).toBeLessThanOrEqual((1.5 * days) / 7)
  })

  test('a second and a minute between samples find about as little', () => {
    for (const step of [1000, MINUTE]) {
      const random = gaussian(15)
      const days = step === MINUTE ? 4 : 0.5
      expect(timed(kind, { days, step, value: () => 20 + 2 * random() }).length).toBeLessThanOrEqual(4)
    }
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
})

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

test('flat scores the more the longer a series stands still, and absence the longer it stays away', () => {
  const [flat, absence] = [make('flat'), make('absence')]
  for (const detector of [flat, absence]) scores(detector, noise(500), { row: detector.add() })
  const still = scores(
    flat,
    Array.from({ length: 200 }, () => 100),
    { row: 0, from: START + 500 * MINUTE },
  )
  const away = still.map((_, i) => absence.overdue!(0, START + (501 + i) * MINUTE))
  for (const rising of [still.slice(1), away]) {
    expect(rising).toEqual(rising.toSorted((a, b) => a - b))
    expect(new Set(rising).size).toBe(rising.length)
  }
})

test('flat sees a series that stands still longer than it ever did, and not one that never moved', () => {
  const detector = make('flat')
  const row = detector.add()
  scores(detector, noise(500), { row })
  const still = scores(
    detector,
    Array.from({ length: 60 }, () => 100),
    { row, from: START + 500 * MINUTE },
  )
  expect(still[0]).toBeLessThan(1)
  expect(still.findIndex((score) => score >= 1)).toBe(5)
  expect(detector.shape?.()).toBe('flat')
  expect(scores(detector, noise(1), { row, from: START + 560 * MINUTE })).toEqual([0])
  // Two hours of nothing are a gap, not stillness.
  const gap = scores(detector, [noise(1)[0]!, ...noise(5)], { row, from: START + 700 * MINUTE })
  expect(gap.every((score) => score < 1)).toBe(true)
})

test.each([
  ['level', (i: number, noisy: number) => noisy + (i >= 2880 ? 3 : 0), 'level', 90],
  ['trend', (i: number, noisy: number) => noisy - Math.max(0, i - 2880) / 8, 'level', 240],
  ['variance', (i: number, noisy: number) => (i >= 2880 ? 100 + 4 * (noisy - 100) : noisy), 'variance', 120],
])('shift sees a change of the %s that no single value shows', (_aspect, change, aspect, within) => {
  const detector = make('shift')
  const row = detector.add()
  const values = noise(2880 + within, 100, 3).map((noisy, i) => change(i, noisy))
  const before = scores(detector, values.slice(0, 2880), { row })
  expect(before.filter((score) => score >= 1)).toEqual([])
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const blamed = values.slice(2880).map((value, i) => {
    detector.step(row, START + (2881 + i) * MINUTE, value, verdict)
    return verdict.score >= 1 ? detector.blamed() : []
  })
  expect(blamed.flat()).toContain(aspect)
})

test('shift judges the mean of a stretch, and forgets its verdict with the level that it adopts', () => {
  const detector = make('shift')
  const row = detector.add()
  scores(detector, noise(2880), { row })
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  let adopted = false
  for (let i = 1; i <= 360; i++) {
    detector.step(row, START + (2880 + i) * MINUTE, i % 2 === 0 ? 108 : 112, verdict)
    if (verdict.score >= 1) expect(detector.shape?.()).toMatch(/^(?:level_up|drift|variance)$/)
    if (i > 60) expect(Math.abs((detector.judged?.() ?? NaN) - 110)).toBeLessThan(1.5)
    if (adopted) expect(verdict.score).toBeLessThan(1)
    adopted ||= detector.adopted?.() ?? false
  }
  expect(adopted).toBe(true)
})

test('auto has a band after ten samples and does not wake anyone while it is young', () => {
  const detector = make('auto')
  const row = detector.add()
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  for (const [i, value] of noise(10).entries()) detector.step(row, START + i * MINUTE, value, verdict)
  expect(verdict.lower).toBeLessThan(95)
  expect(verdict.upper).toBeGreaterThan(105)
  expect(detector.confident?.(row)).toBe(false)
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
