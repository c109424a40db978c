import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { Verdict } from '#core/score.ts'

import { Joint } from './joint.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)
const GOLDEN = join(import.meta.dirname, '../../../tests/golden/auto-2.bin')

/** A day's wave with two other rhythms in it; the same at each run. */
const value = (i: number): number =>
  100 + 20 * Math.round(10 * Math.sin((2 * Math.PI * i) / 1440)) * 0.1 + ((i * 7919) % 13) * 0.25

function feed(joint: Joint, { from, to }: { from: number; to: number }, change = 0): Verdict[] {
  const said: Verdict[] = []
  for (let i = from; i < to; i++) {
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    joint.step(0, START + i * MINUTE, value(i) + change, verdict)
    said.push(verdict)
  }
  return said
}

const made = (): Joint => {
  const joint = new Joint({ budget_per_week: 1 })
  joint.add()
  return joint
}

test('an onset is said once, the band that was left is held, and after two hours the level is adopted', () => {
  const joint = made()
  feed(joint, { from: 0, to: 4320 })
  const [first, ...rest] = feed(joint, { from: 4320, to: 4410 }, 60)
  expect(first!.score).toBeGreaterThanOrEqual(1)
  expect(rest.filter(({ score }) => score >= 1)).toEqual([])
  expect(rest.every(({ upper }) => upper === first!.upper)).toBe(true)
  expect(joint.adopted()).toBe(false)
  const adopted: number[] = []
  for (let i = 4410; i < 4460; i++) {
    feed(joint, { from: i, to: i + 1 }, 60)
    if (joint.adopted()) adopted.push(i - 4320)
  }
  expect(adopted).toEqual([120])
})

test('a spike that comes every day at another hour is said three times, and a larger one after that', () => {
  const joint = made()
  feed(joint, { from: 0, to: 4320 })
  const said: boolean[] = []
  let from = 4320
  for (let day = 0; day < 7; day++) {
    const at = 4320 + day * 1440 + ((day * 5) % 12) * 60
    feed(joint, { from, to: at })
    said.push(feed(joint, { from: at, to: at + 1 }, day === 6 ? 900 : 300)[0]!.score >= 1)
    from = at + 1
  }
  expect(said).toEqual([true, true, true, false, false, false, true])
})

test('what weighs most is named, with the expert believed most', () => {
  const joint = made()
  feed(joint, { from: 0, to: 4320 })
  expect(joint.blamed()).toEqual([])
  feed(joint, { from: 4320, to: 4321 }, -60)
  expect(joint.blamed()[0]).toBe('below')
  expect(joint.blamed()).toHaveLength(2)
})

test('state that was written before still loads, and goes on as it would have', () => {
  const joint = made()
  feed(joint, { from: 0, to: 6000 })
  const loaded = made()
  loaded.load(readFileSync(GOLDEN))
  const said = feed(loaded, { from: 6000, to: 6500 })
  expect(said.map(({ score }) => score.toPrecision(6))).toEqual(
    feed(joint, { from: 6000, to: 6500 }).map(({ score }) => score.toPrecision(6)),
  )
})
