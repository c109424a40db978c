import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Verdict } from '#core/score.ts'

import { Rolling } from './detector.ts'
import { expectLevels, learnLevels } from './levels.ts'
import { CADENCE, COUNTS, LEVEL, MEAN, Page, SD, SEEN, STATE, UNIT } from './page.ts'
import { beginUnit } from './season.ts'
import * as sample from './strip.ts'
import { ask, expectMedian, fillWindow, learnMedian, settle } from './window.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = Date.UTC(2026, 0, 5)
const context = { budget_per_week: 1 }
const day = { window: 60, slots: 288, season_ms: 24 * HOUR }

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

const { strip } = sample
const MEAN_EXPECTED = sample.said(sample.EXPECTED, sample.EWMA)
const MEAN_DISTANCE = sample.said(sample.DISTANCE, sample.EWMA)
const MEDIAN_EXPECTED = sample.said(sample.EXPECTED, sample.MEDIAN)
const MEDIAN_WIDTH = sample.said(sample.WIDTH, sample.MEDIAN)
const SEASONAL_EXPECTED = sample.said(sample.EXPECTED, sample.SEASONAL)
const SEASONAL_WIDTH = sample.said(sample.WIDTH, sample.SEASONAL)

/** Makes the strip one sample of row 0, which nobody has looked at. */
function take(value: number, { dt_ms = MINUTE, seen = 100, slot = 0 } = {}): void {
  strip.length = 1
  sample.ROW[0] = 0
  sample.PLACE[0] = 0
  sample.SEEN_BEFORE[0] = seen
  sample.PART[0] = slot
  sample.VALUE[0] = value
  sample.DT_MS[0] = dt_ms
  for (const column of [sample.FLOOR, sample.EXPECTED, sample.WIDTH, sample.DISTANCE, sample.SCORE]) column.fill(0)
}

/** The upper MAD as its definition has it, and the plain median. */
function robust(values: readonly number[]): { median: number; mad: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
  return { median, mad: values.map((x) => Math.abs(x - median)).toSorted((a, b) => a - b)[half]! }
}

/** What a window of up to 32 keeps of its n-th value: a float32 whose lowest five bits are its place in the ring. */
function kept(value: number, place: number): number {
  const float = Float32Array.of(Math.abs(value) < 1e-30 ? 1e-30 : value)
  const word = new Int32Array(float.buffer)
  word[0] = (word[0]! & ~31) | place
  return float[0]!
}

test('the window has the median and the MAD of brute force whenever it is asked, ties included', () => {
  const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.float({ noNaN: true, min: -1e6, max: 1e6 }))
  fc.assert(
    fc.property(
      fc.integer({ min: 17, max: 32 }),
      fc.array(fc.tuple(value, fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 90 }),
      (window, stream) => {
        const page = new Page(1, { window, slots: 2 })
        fillWindow(page, 0, stream[0]![0], 1)
        const held = [kept(stream[0]![0], 0)]
        for (const [i, [x, isPeak, everyBand]] of stream.entries()) {
          if (i === 0) continue
          take(x)
          MEAN_DISTANCE[0] = isPeak ? -3 : 1
          ask(page, everyBand)
          settle(page)
          expectMedian(page)
          if (isPeak || everyBand) expect(strip.asks).toBe(1)
          if (strip.asks === 1) {
            const { median, mad } = robust(held)
            expect(MEDIAN_EXPECTED[0]).toBe(median)
            expect(MEDIAN_WIDTH[0]).toBeCloseTo(1.4826 * mad, 9)
            expect([...page.sorted.subarray(0, held.length)]).toEqual(held.toSorted((a, b) => a - b))
          }
          learnMedian(page)
          held.push(kept(x, i % window))
          expect(Math.abs(held.at(-1)! - x)).toBeLessThanOrEqual(8e-6 * Math.abs(x) + 1e-29)
          if (held.length > window) held.shift()
        }
      },
    ),
  )
})

test('a window begins anew in order, whatever the sign', () => {
  for (const level of [-7.25, 0, 7.25]) {
    const page = new Page(1, { window: 60, slots: 2 })
    fillWindow(page, 0, level, 3)
    const held = [...page.sorted.subarray(0, 3)]
    expect(held).toEqual(held.toSorted((a, b) => a - b))
    expect([...page.words.subarray(0, 3)].map((word) => word & 63).toSorted((a, b) => a - b)).toEqual([0, 1, 2])
    for (const value of held) expect(value).toBeCloseTo(level, 3)
  }
})

/** Mean and variance, and additive Holt-Winters, as they would be written for one series of objects. */
class Model {
  mean: number
  variance = 0
  level: number
  trend = 0
  residual = 0
  readonly season = new Map<number, number>()

  constructor(first: number) {
    this.mean = first
    this.level = first
  }

  ahead(slot: number): number {
    return this.level + this.trend + (this.season.get(slot) ?? 0)
  }

  learn(x: number, slot: number, { dt_ms, slot_ms, seen }: { dt_ms: number; slot_ms: number; seen: number }): void {
    const weight = Math.max(0.02, 1 / (seen + 1))
    const clip = seen < sample.YOUNG ? Infinity : sample.CLIP
    const within = (move: number, sd: number): number => Math.max(-clip * sd, Math.min(clip * sd, move))
    const move = within(x - this.mean, Math.max(Math.sqrt(this.variance), 0.003 * Math.abs(this.mean)))
    const error = within(x - this.ahead(slot), Math.max(Math.sqrt(this.residual), 0.003 * Math.abs(this.mean)))
    this.mean += weight * move
    this.variance = (1 - weight) * (this.variance + weight * move * move)
    this.residual += weight * (error * error - this.residual)
    const gain = Math.max(dt_ms / (dt_ms + HOUR), 1 / (seen + 1))
    this.level += this.trend + gain * error
    this.trend = 0.98 * (this.trend + 0.02 * gain * error)
    if (seen >= sample.YOUNG) {
      const share = 0.3 * Math.min(1, dt_ms / slot_ms)
      this.season.set(slot, (this.season.get(slot) ?? 0) + share * error)
    }
  }
}

test('mean, variance and Holt-Winters are those of a plain model, but for the precision of what is kept', () => {
  const slots = 24
  const page = new Page(1, { window: 12, slots })
  const random = uniform(3)
  const value = (i: number): number => 500 + 80 * Math.sin((2 * Math.PI * i) / (slots * 6)) + 10 * (random() - 0.5)
  const first = value(0)
  page.state[MEAN] = first
  page.state[LEVEL] = first
  page.state[CADENCE] = 10 * MINUTE
  const model = new Model(first)
  let worst = 0
  for (let i = 1; i < 3000; i++) {
    const slot = Math.floor(i / 6) % slots
    const dt_ms = 10 * MINUTE
    const x = value(i)
    take(x, { dt_ms, seen: i, slot })
    expectLevels(page)
    if (i === sample.YOUNG) beginUnit(page, 0, SEASONAL_WIDTH[0]!)
    expect(MEAN_EXPECTED[0]).toBeCloseTo(model.mean, 2)
    expect(page.state[SD]).toBeCloseTo(Math.sqrt(model.variance), 2)
    if (i > 100) {
      const off = Math.abs(SEASONAL_EXPECTED[0]! - model.ahead(slot))
      worst = Math.max(worst, off / SEASONAL_WIDTH[0]!)
    }
    learnLevels(page, HOUR)
    model.learn(x, slot, { dt_ms, slot_ms: HOUR, seen: i })
  }
  expect(page.state[UNIT]).toBeGreaterThan(0)
  // A fraction of a standard deviation: what the whole numbers of the season cost.
  expect(worst).toBeLessThan(0.1)
})

interface Sample {
  readonly row: number
  readonly time_ms: number
  readonly value: number
}

/** Score and band of each sample, one by one. */
function oneByOne(detector: Rolling, batch: readonly Sample[]): Verdict[] {
  return batch.map(({ row, time_ms, value }) => {
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    detector.step(row, time_ms, value, verdict)
    return verdict
  })
}

function asBatch(detector: Rolling, batch: readonly Sample[], everyBand = true): Verdict[] {
  const length = batch.length
  const out = {
    score: new Float64Array(length),
    bands: new Float64Array(3 * length),
    blamed: new Uint8Array(length),
    everyBand,
  }
  detector.steps(
    {
      length,
      row: Uint32Array.from(batch, ({ row }) => row),
      time_ms: Float64Array.from(batch, ({ time_ms }) => time_ms),
      value: Float64Array.from(batch, ({ value }) => value),
    },
    out,
  )
  return batch.map((_, i) => {
    const [expected = NaN, lower = NaN, upper = NaN] = out.bands.subarray(i * 3, i * 3 + 3)
    return { score: out.score[i]!, expected, lower, upper }
  })
}

describe('batches', () => {
  test('say bit for bit what the samples say one by one: rows that repeat, pages, values that are none, a restart', () => {
    const rows = 17_000
    const random = uniform(11)
    const single = new Rolling({ window: 12, slots: 4, season_ms: HOUR }, context)
    const batched = new Rolling({ window: 12, slots: 4, season_ms: HOUR }, context)
    for (let i = 0; i < rows; i++) expect([single.add(), batched.add()]).toEqual([i, i])
    const busy = [0, 1, 2, 63, 64, 5000, 16_383, 16_384, 16_385, 16_999]
    let time_ms = START
    const resumed = new Rolling({ window: 12, slots: 4, season_ms: HOUR }, context)
    for (let round = 0; round < 150; round++) {
      if (round === 140) resumed.load(batched.save())
      const batch = Array.from({ length: 40 }, () => {
        const value = random() < 0.02 ? NaN : 100 + 5 * random() + (random() < 0.01 ? 500 : 0)
        return { row: busy[Math.floor(random() * busy.length)]!, time_ms: (time_ms += MINUTE), value }
      })
      const verdicts = asBatch(batched, batch)
      expect(verdicts).toEqual(oneByOne(single, batch))
      if (round >= 140) expect(asBatch(resumed, batch)).toEqual(verdicts)
    }
  })

  test('whose bands nobody asks for say of anomalies what others say, and of nothing else', () => {
    const random = uniform(23)
    const normal = (): number => Array.from({ length: 12 }, random).reduce((sum, x) => sum + x, -6)
    const asked = new Rolling({ window: 12, slots: 4, season_ms: HOUR }, context)
    const quiet = new Rolling({ window: 12, slots: 4, season_ms: HOUR }, context)
    const resumed = new Rolling({ window: 12, slots: 4, season_ms: HOUR }, context)
    const rows = Array.from({ length: 50 }, () => (quiet.add(), asked.add()))
    const anomalies = (verdicts: readonly Verdict[]): unknown[] =>
      verdicts.map((verdict) => (verdict.score >= 1 ? verdict : verdict.score >= 0.6 ? verdict.score : 'normal'))
    let found = 0
    for (let round = 0; round < 400; round++) {
      if (round === 211) resumed.load(quiet.save())
      const batch = rows.map((row) => {
        // Levels that last from some time on, peaks, and values now and then that are none.
        const level = round > 7 * row && row % 5 === 0 ? 40 : 0
        const peak = random() < 0.01 ? 100 * normal() : 0
        return { row, time_ms: START + round * MINUTE, value: random() < 0.01 ? NaN : level + peak + normal() }
      })
      // Now and then bands are wanted.
      const expected = anomalies(asBatch(asked, batch))
      expect(anomalies(asBatch(quiet, batch, round % 50 === 3))).toEqual(expected)
      if (round >= 211) expect(anomalies(asBatch(resumed, batch, false))).toEqual(expected)
      found += expected.filter((verdict) => typeof verdict === 'object').length
    }
    expect(found).toBeGreaterThan(100)
  })

  test('an anomaly names at least two experts, and a band ends where the score is 1', () => {
    const detector = new Rolling(day, context)
    const row = detector.add()
    const random = uniform(5)
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    for (let i = 0; i < 500; i++) detector.step(row, START + i * MINUTE, 50 + random() + random(), verdict)
    const bytes = detector.save()
    const at = (value: number): { score: number; experts: readonly string[] } => {
      const copy = new Rolling(day, context)
      copy.load(bytes)
      copy.step(row, START + 500 * MINUTE, value, verdict)
      return { score: verdict.score, experts: copy.blamed() }
    }
    at(51)
    const { lower, upper } = verdict
    expect(at(upper).score).toBeCloseTo(1, 9)
    expect(at(lower).score).toBeCloseTo(1, 9)
    expect(at(upper + 1).experts.length).toBeGreaterThanOrEqual(2)
    expect(at(90).experts).toEqual(['ewma', 'median_mad', 'seasonal'])
    expect(at(51).experts).toEqual([])
  })
})

test('pages grow without a loss, and a removed row comes back empty', () => {
  const alone = new Rolling(day, context)
  const crowd = new Rolling(day, context)
  alone.add()
  crowd.add()
  const random = uniform(7)
  for (let i = 0; i < 300; i++) {
    if (i % 3 === 0) for (let k = 0; k < 20; k++) crowd.add()
    const batch = [{ row: 0, time_ms: START + i * 5 * MINUTE, value: 10 + random() }]
    // The share of the budget is another one, so the limits are; what is expected is the same.
    expect(asBatch(crowd, batch)[0]?.expected).toBe(asBatch(alone, batch)[0]?.expected)
  }
  crowd.remove(0)
  expect(crowd.add()).toBe(0)
  expect(asBatch(crowd, [{ row: 0, time_ms: START, value: 1e6 }])[0]?.score).toBe(0)
})

test('a season far higher than its noise is learned: the unit of its whole numbers grows with it', () => {
  const detector = new Rolling({ window: 12, slots: 24, season_ms: 24 * HOUR }, context)
  const row = detector.add()
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const shape = (i: number): number => (i % 24 < 12 ? 0 : 1e6) + Math.sin(i * 1.7)
  for (let i = 0; i < 24 * 40; i++) detector.step(row, START + i * HOUR, shape(i), verdict)
  const found = [0, 1, 2].map((day_ahead) => {
    detector.step(row, START + (24 * 40 + day_ahead) * HOUR, shape(day_ahead), verdict)
    return verdict.score
  })
  expect(Math.max(...found)).toBeLessThan(1)
  expect(detector.save().length).toBeLessThan(2000)
})

test('a part of the season is told to be another one whenever it is, and mostly is none', () => {
  const random = uniform(7)
  const detector = new Rolling({ window: 12, slots: 24, season_ms: 24 * HOUR }, context)
  const rows = Array.from({ length: 39 }, () => detector.add())
  const known = new Map<object, string>()
  const fresh: number[] = []
  for (let i = 0; i < 24 * 30; i++) {
    const batch = rows.map((row) => {
      // A season that outgrows its unit, noise that goes, and rows that are others from now on.
      const scale = row % 3 === 0 && i > 300 ? 1e4 : row % 3 === 1 && i > 300 ? 0.01 : 1
      return { row, time_ms: START + i * HOUR, value: (i % 24 < 12 ? 0 : scale) + scale * random() }
    })
    asBatch(detector, batch)
    if (i % 200 === 199) {
      detector.remove(rows[5]!)
      expect(detector.add()).toBe(rows[5])
    }
    if (i === 450) rows.push(detector.add())
    const before = known.size
    for (const part of detector.views()) {
      if (!('steady' in part)) continue
      const bytes = Buffer.from(part.steady).toString('hex')
      expect(known.get(part.version) ?? bytes).toBe(bytes)
      known.set(part.version, bytes)
    }
    fresh.push(known.size - before)
  }
  expect(fresh[0]).toBe(24)
  expect(fresh.filter((count) => count === 1).length).toBeGreaterThan(fresh.length / 2)
  expect(Math.max(...fresh.slice(1))).toBe(24)
})

/** Three rows, some of whose values are peaks; batches of which nobody wants bands. */
function* goldenStream(from: number, to: number): Generator<Sample[]> {
  for (let i = from; i < to; i++) {
    const value = (row: number): number => 50 + row + 3 * Math.sin(i * i + row) + (i % 9 === row ? 7 : 0)
    yield [0, 1, 2].map((row) => ({ row, time_ms: START + i * MINUTE, value: value(row) }))
  }
}

test('state of every version loads, and goes on alike', () => {
  const shape = { window: 12, slots: 4, season_ms: HOUR }
  const known = new Rolling(shape, context)
  for (let row = 0; row < 3; row++) known.add()
  for (const batch of goldenStream(0, 95)) asBatch(known, batch, false)
  const restored = [1, 2].map((version) => {
    const detector = new Rolling(shape, context)
    detector.load(readFileSync(join(import.meta.dirname, `../../../tests/golden/rolling-${version}.bin`)))
    return detector
  })
  for (const batch of goldenStream(95, 120)) {
    const expected = asBatch(known, batch)
    for (const detector of restored) expect(asBatch(detector, batch)).toEqual(expected)
  }
})

test('state of another shape or version is refused', () => {
  const detector = new Rolling(day, context)
  detector.add()
  const bytes = detector.save()
  expect(() => new Rolling({ ...day, window: 30 }, context).load(bytes)).toThrow(/30|60 values/)
  expect(() => new Rolling(day, context).load(bytes.subarray(0, -1))).toThrow(/another length/)
})

test('a row costs what its columns say, and less than 1 KB with a day of 288 slots', () => {
  const detector = new Rolling(day, context)
  for (let i = 0; i < 16_384; i++) detector.add()
  expect(detector.bytes / 16_384).toBeLessThan(1000)
  expect(new Page(1, day).state).toHaveLength(STATE)
  expect(new Page(1, day).counts[SEEN]).toBe(0)
  expect(new Page(2, day).counts).toHaveLength(2 * COUNTS)
})

test.each([1, 15, 60])(
  'a row is learning until its window is full and an hour has passed, at a sample every %i s',
  (seconds) => {
    const detector = new Rolling(day, context)
    const row = detector.add()
    const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    const random = uniform(9)
    let known_ms = NaN
    for (let age_ms = 0; age_ms < 3 * HOUR && Number.isNaN(known_ms); age_ms += seconds * 1000) {
      detector.step(row, START + age_ms, 100 + random(), verdict)
      if (detector.confident(row)) known_ms = age_ms
    }
    expect(known_ms).toBeGreaterThanOrEqual(HOUR)
    expect(known_ms).toBeLessThan(1.25 * HOUR)
  },
)

test('a level that is adopted makes no row young', () => {
  const detector = new Rolling(day, context)
  const row = detector.add()
  const verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const random = uniform(9)
  let adopted = 0
  for (let i = 0; i < 2 * 1440; i++) {
    detector.step(row, START + i * 60_000, (i < 1440 ? 100 : 50) + random(), verdict)
    if (i < 1440) continue
    if (verdict.expected < 60) adopted++
    expect(detector.confident(row)).toBe(true)
  }
  expect(adopted).toBeGreaterThan(1000)
})
