import { expect, test } from 'vitest'

import { seeded } from '#core/random.ts'
import type { Verdict } from '#core/score.ts'

import { Joint } from './joint.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)
const DAY = 1440
/** A batch of a quarter of its time; not a part of a day. */
const PERIOD = 107

interface Told extends Verdict {
  readonly minute: number
  readonly value: number
  readonly blamed: readonly string[]
}

class Series {
  readonly joint = new Joint({ budget_per_week: 1 })
  readonly #row: number
  readonly #random = seeded(5)
  #minute = 0

  constructor() {
    this.#row = this.joint.add()
  }

  get minute(): number {
    return this.#minute
  }

  /** Feeds `minutes` samples of what `load` says of a minute, with noise, and gives all verdicts. */
  feed(minutes: number, load: (minute: number) => number): Told[] {
    return Array.from({ length: minutes }, () => {
      const minute = this.#minute++
      const value = load(minute) + 2 * (this.#random() - 0.5)
      const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
      this.joint.step(this.#row, START + minute * MINUTE, value, verdict)
      return { ...verdict, minute, value, blamed: verdict.score >= 1 ? this.joint.blamed() : [] }
    })
  }
}

const batch = (minute: number): number => (minute % PERIOD < PERIOD / 4 ? 60 : 10)
const anomalous = (told: readonly Told[]): number[] => told.flatMap(({ score, minute }) => (score >= 1 ? [minute] : []))
/** The median distance of values from what was expected, without the samples in which a batch begins or ends. */
const off = (told: readonly Told[]): number => {
  const all = told.map(({ value, expected }) => Math.abs(value - expected)).toSorted((a, b) => a - b)
  return all[Math.floor(0.95 * all.length)]!
}

test('a batch that comes every 107 minutes is expected', () => {
  const series = new Series()
  series.feed(5 * DAY, batch)
  const told = series.feed(3 * DAY, batch)
  expect(anomalous(told)).toEqual([])
  expect(off(told)).toBeLessThan(10)
  const within = told.filter(({ value, lower, upper }) => value >= lower && value <= upper)
  expect(within.length / told.length).toBeGreaterThan(0.99)
})

test('one that does not come is told at once, and the cycle is among those who say so', () => {
  const series = new Series()
  const begin = 50 * PERIOD
  series.feed(begin, batch)
  const told = series.feed(PERIOD, () => 10).find(({ score }) => score >= 1)!
  expect(told.minute - begin).toBeLessThan(10)
  expect(told.expected).toBeGreaterThan(30)
  expect(told.blamed[1]).toBe('cycle')
})

test('a batch that comes in between is told', () => {
  const series = new Series()
  const begin = 50 * PERIOD
  series.feed(begin, batch)
  const told = series.feed(PERIOD, (minute) => (minute > begin + 60 && minute < begin + 75 ? 60 : batch(minute)))
  expect(anomalous(told)[0]! - begin).toBeLessThan(65)
})

test('a period that becomes longer little by little is followed', () => {
  const series = new Series()
  series.feed(4 * DAY, batch)
  let phase = (series.minute % PERIOD) / PERIOD
  const told = series.feed(10 * DAY, (minute) => {
    const period = PERIOD * (1 + 0.05 * Math.min(1, (minute - 4 * DAY) / (8 * DAY)))
    phase = (phase + 1 / period) % 1
    return phase < 0.25 ? 60 : 10
  })
  expect(off(told.slice(-2 * DAY))).toBeLessThan(15)
  expect(anomalous(told).length).toBeLessThanOrEqual(2)
})

test('a cycle that is over gives way to another', () => {
  const series = new Series()
  series.feed(2 * DAY, batch)
  const calm = series.feed(5 * DAY, () => 10)
  expect(off(calm.slice(-2 * DAY))).toBeLessThan(2)
  expect(anomalous(calm.slice(DAY))).toEqual([])
  const other = (minute: number): number => (minute % 61 < 20 ? 60 : 10)
  series.feed(5 * DAY, other)
  expect(off(series.feed(2 * DAY, other))).toBeLessThan(10)
})

test('a day with a cycle in it is still compared with the day', () => {
  const series = new Series()
  const day = (minute: number): number => 200 * Math.sin((2 * Math.PI * minute) / DAY)
  series.feed(14 * DAY - 360, (minute) => 400 + day(minute) + batch(minute))
  const night = series.minute
  const told = series.feed(360, (minute) => 400 + day(night) + batch(minute))
  expect(anomalous(told).length).toBeGreaterThan(0)
})

test('over a restart, and in a copy, a cycle goes on as it was', () => {
  const series = new Series()
  series.feed(3 * DAY, batch)
  const loaded = new Joint({ budget_per_week: 1 })
  loaded.load(series.joint.save())
  const copy = new Joint({ budget_per_week: 1 })
  copy.add()
  copy.take(0, loaded, 0)
  const step = (joint: Joint, minute: number): Verdict => {
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    joint.step(0, START + minute * MINUTE, batch(minute) + ((minute * minute) % 7) * 0.2, verdict)
    return verdict
  }
  for (let minute = 3 * DAY; minute < 5 * DAY; minute++) {
    const said = step(series.joint, minute)
    expect(step(loaded, minute)).toEqual(said)
    expect(step(copy, minute)).toEqual(said)
  }
})
