import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Rows } from '../rows.ts'
import { Evidence } from './evidence.ts'
import { perBlock } from './extremes.ts'
import { Runs } from './runs.ts'
import { Sample } from './sample.ts'

const MINUTE = 60_000
const DAY = 1440
/** Standard deviations of noise that knows no neighbours, the same at each run. */
const noise = (i: number): number => ((i * 7919) % 101) / 29 - 100 / 58

function watch() {
  const rows = new Rows()
  const evidence = new Evidence(rows)
  const runs = new Runs(rows, 8)
  const row = rows.add()
  const sample = new Sample()
  sample.cadence_ms = MINUTE
  sample.passed_ms = MINUTE
  runs.begin(row, 0)
  const allowed = { alarms_per_block: perBlock(1), onset_ms: -Infinity }
  const step = (z: number): number => {
    sample.time_ms += MINUTE
    sample.z = z
    const beyond = runs.step(row, sample, evidence)
    if (sample.time_ms % (6 * 60 * MINUTE) === 0) {
      runs.learn(row, sample.time_ms, allowed)
      runs.move(row, 0)
    }
    return beyond
  }
  return { runs, evidence, row, sample, step }
}

const most = (beyond: readonly number[]): number => beyond.reduce((a, b) => Math.max(a, b), -Infinity)

test('four samples on one side are a run, where one of the same size is none, nor are four that take turns', () => {
  const beyond = [[4.5, 4.5, 4.5, 4.5], [4.5], [4.5, -4.5, 4.5, -4.5]].map((sizes) => {
    const { step } = watch()
    for (let i = 0; i < 7 * DAY; i++) step(noise(i))
    return most(sizes.map(step))
  })
  expect(beyond[0]).toBeGreaterThan(0)
  expect(beyond[1]).toBeLessThan(0)
  expect(beyond[2]).toBeLessThan(0)
})

test('noise whose neighbours resemble one another asks for more', () => {
  const beyond = [1, 4].map((alike) => {
    const { step } = watch()
    for (let i = 0; i < 7 * DAY; i++) step(noise(Math.floor(i / alike)))
    return most([3.5, 3.5, 3.5, 3.5].map(step))
  })
  expect(beyond[0]).toBeGreaterThan(beyond[1]! + 0.1)
})

test('the side is that of the sum', () => {
  const { runs, row, step } = watch()
  for (const z of [-3, -3, 1]) step(z)
  expect(runs.up).toBe(false)
  for (const z of [5, 5]) step(z)
  expect(runs.up).toBe(true)
  expect(runs.sum(row)).toBeGreaterThan(5)
})

test('nothing is said before a day is known, nor where an onset was told, nor over a gap', () => {
  const { evidence, row, sample, step } = watch()
  for (let i = 0; i < DAY - 10; i++) step(noise(i))
  expect(most([30, 30, 30].map(step))).toBe(-Infinity)
  for (let i = 0; i < 7 * DAY; i++) step(noise(i))
  evidence.mute(row, sample.time_ms, true)
  expect(most([9, 9, 9].map(step))).toBeLessThan(0)
  expect(most([-9, -9, -9].map(step))).toBeLessThan(0)
  for (let i = 0; i < DAY; i++) step(noise(i))
  for (const z of [3, 3]) step(z)
  sample.passed_ms = 5 * MINUTE
  expect(step(3)).toBeLessThan(0)
})

test('whatever comes, the sum is finite and bounded', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 200 }), (zs) => {
      const { runs, row, step } = watch()
      for (const z of zs) expect(step(z)).not.toBeNaN()
      expect(Math.abs(runs.sum(row))).toBeLessThanOrEqual(100.001)
    }),
  )
})
