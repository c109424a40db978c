import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { CivilTime } from '#core/civil-time.ts'
import { seeded } from '#core/random.ts'
import type { Verdict } from '#core/score.ts'

import { natureOf } from '../nature.ts'
import { joinSections } from '../sections.ts'
import { Joint } from './joint.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)
const AMOUNT = natureOf({ metric: 'requests_total', unit: '1/s', rate: true })
const golden = (version: number | string): Buffer =>
  readFileSync(join(import.meta.dirname, `../../../tests/golden/auto-${version}.bin`))

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

test('a row that goes back to where it was before a level was adopted is normal there soon, also over a restart', () => {
  let joint = made()
  feed(joint, { from: 0, to: 4320 })
  feed(joint, { from: 4320, to: 5760 }, 60)
  const bytes = joint.save()
  joint = made()
  joint.load(bytes)
  const adopted = (from: number, change: number): number => {
    for (let i = from; i < from + 200; i++) {
      feed(joint, { from: i, to: i + 1 }, change)
      if (joint.adopted()) return i - from
    }
    return NaN
  }
  expect(adopted(5760, 0)).toBe(15)
  // Gone again it is the fault of before, and no new normal at once.
  feed(joint, { from: 5776, to: 7200 })
  expect(adopted(7200, 60)).toBe(120)
})

test('a level that is adopted is the one where values are, however far away that is', () => {
  const joint = made()
  let steady = 0
  const step = (level: number): Verdict => {
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    joint.step(0, START + steady * MINUTE, level + ((steady * 7919) % 13) * 0.01, verdict)
    steady++
    return verdict
  }
  for (let i = 0; i < 10 * 1440; i++) step(40)
  step(5000)
  while (!joint.adopted()) step(5000)
  const after = Array.from({ length: 2 * 1440 }, () => step(5000))
  expect(after[0]!.expected).toBeCloseTo(5000, 0)
  expect(after.filter(({ score }) => score >= 1)).toEqual([])
})

describe.each(['both', 'down'] as const)('a morning that does not come, where %s is asked for', (direction) => {
  const night = 14 * 1440 - 360
  const joint = new Joint({ budget_per_week: 1, direction })
  joint.add()
  feed(joint, { from: 0, to: night })
  let first: (Verdict & { value: number; blamed: readonly string[] }) | undefined
  for (let i = 0; i < 540 && first === undefined; i++) {
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    joint.step(0, START + (night + i) * MINUTE, value(night) + ((i * 7919) % 13) * 0.25, verdict)
    if (verdict.score >= 1) first = { ...verdict, value: value(night), blamed: joint.blamed() }
  }

  test('is told as a fall, beside what the day expected', () => {
    expect(first).toMatchObject({ blamed: ['mean below', expect.any(String)] })
    expect(first!.expected).toBeGreaterThan(first!.value)
    expect(first!.upper).toBeGreaterThan(first!.expected)
    expect(first!.lower).toBeLessThan(first!.expected)
  })
})

test.each(['up', 'down'] as const)('where %s is asked for, the other side hides nothing', (direction) => {
  const joint = new Joint({ budget_per_week: 1, direction })
  joint.add()
  const sign = direction === 'up' ? 1 : -1
  feed(joint, { from: 0, to: 14 * 1440 })
  const [unheard] = feed(joint, { from: 14 * 1440, to: 14 * 1440 + 2 }, sign * -30)
  expect(unheard!.score).toBeGreaterThanOrEqual(1)
  const [heard, next] = feed(joint, { from: 14 * 1440 + 2, to: 14 * 1440 + 4 }, sign * 60)
  expect(heard!.score).toBeGreaterThanOrEqual(1)
  expect(next!.score).toBeLessThan(1)
})

test('what is not asked for is no news on its way back', () => {
  const joint = new Joint({ budget_per_week: 1, direction: 'up' })
  joint.add()
  const begin = 14 * 1440
  feed(joint, { from: 0, to: begin })
  const dips = [
    [0, 1],
    [100, 110],
    [300, 400],
  ] as const
  let back = begin
  for (const [from, to] of dips) {
    const before = feed(joint, { from: back, to: begin + from })
    expect(before.filter(({ score }) => score >= 1)).toEqual([])
    feed(joint, { from: begin + from, to: begin + to }, -30)
    back = begin + to
  }
  expect(feed(joint, { from: back, to: back + 600 }).filter(({ score }) => score >= 1)).toEqual([])
})

test('a spike that comes every day at another hour is said three times, and a larger one after that', () => {
  const joint = made()
  const begin = 14 * 1440
  feed(joint, { from: 0, to: begin })
  const said: boolean[] = []
  let from = begin
  for (let day = 0; day < 7; day++) {
    const at = begin + day * 1440 + ((day * 7) % 12) * 60
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

test('state from before periods were looked for loads, and looks for them from then on', () => {
  const loaded = loadedFrom(9)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const off: number[] = []
  for (let i = 4340; i < 20_000; i++) {
    const now = 100 + (i % 100 < 20 ? 60 : 0) + ((i * i) % 13) * 0.25
    loaded.step(1, START + i * MINUTE, now, verdict)
    off.push(Math.abs(now - verdict.expected))
  }
  const worst = off.slice(-1000).toSorted((a, b) => b - a)
  // Ten times up and ten times down, a sample each: all others are known before.
  expect(worst[40]).toBeLessThan(10)
})

test('state from before runs were watched loads, goes on, and watches them from then on', () => {
  const loaded = made()
  loaded.load(golden(5))
  const same = made()
  same.load(golden(6))
  const calm = { from: 6000, to: 8000 }
  const said = feed(loaded, calm)
  expect(said.map(({ expected }) => expected)).toEqual(feed(same, calm).map(({ expected }) => expected))
  expect(said.filter(({ score }) => score >= 1)).toEqual([])
  const again = made()
  again.load(loaded.save())
  expect(feed(again, { from: 8000, to: 8060 }, 40)).toEqual(feed(loaded, { from: 8000, to: 8060 }, 40))
})

test('samples in a row that lie off by less than one alone would have to are told, and named', () => {
  const told = [1, 6].map((samples) => {
    const joint = made()
    // Now and then one comes alone: only their number is unusual.
    const random = seeded(3)
    const noisy = (i: number): number => (i % 397 === 0 ? 105.4 : 100 + (101 / 29) * random())
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    const blamed: (string | undefined)[] = []
    const at = 7 * 1440
    for (let i = 0; i < at + samples; i++) {
      joint.step(0, START + i * MINUTE, i < at ? noisy(i) : 105.4, verdict)
      if (i >= at && verdict.score >= 1) blamed.push(joint.blamed()[0])
    }
    return blamed
  })
  expect(told[0]).toEqual([])
  expect(told[1]).toEqual(['run above'])
})

test('state from before values were remembered loads, and learns them anew', () => {
  const loaded = made()
  loaded.load(golden(4))
  const same = made()
  same.load(golden(5))
  const said = feed(loaded, { from: 6000, to: 7440 })
  expect(said.map(({ expected }) => expected)).toEqual(
    feed(same, { from: 6000, to: 7440 }).map(({ expected }) => expected),
  )
  expect(said.filter(({ score }) => score >= 1)).toEqual([])
  const again = made()
  again.load(loaded.save())
  expect(feed(again, { from: 7440, to: 7500 }, 40)).toEqual(feed(loaded, { from: 7440, to: 7500 }, 40))
})

test('state from before the nature of rows was known loads, and goes on as it was', () => {
  const loaded = made()
  loaded.load(golden(6))
  const same = made()
  same.load(golden(7))
  expect(feed(loaded, { from: 6000, to: 7440 })).toEqual(feed(same, { from: 6000, to: 7440 }))
  expect(Buffer.compare(loaded.save(), same.save())).toBe(0)
})

test('state from before what the young have been was known loads, and goes on as it was', () => {
  const loaded = made()
  loaded.load(golden(7))
  const same = made()
  same.load(golden(8))
  expect(feed(loaded, { from: 6000, to: 7440 })).toEqual(feed(same, { from: 6000, to: 7440 }))
})

function loadedFrom(version: number | string): Joint {
  const joint = new Joint({ budget_per_week: 1 })
  joint.load(golden(version))
  return joint
}

/** A row that is not there, one that left its band just now, and a young one outside all that it was. */
function three(): Joint {
  const joint = new Joint({ budget_per_week: 1 })
  for (const nature of [undefined, undefined, AMOUNT]) joint.add(nature)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  for (let i = 0; i < 4340; i++) {
    joint.step(1, START + i * MINUTE, value(i) + (i < 4320 ? 0 : 60), verdict)
    if (i >= 4300) joint.step(2, START + i * MINUTE, i < 4338 ? value(i) : 0, verdict)
  }
  return joint
}

test.each([
  ['10', three],
  ['8-held', () => loadedFrom(9)],
])('state of version %s loads, and goes on with what is held and what the young have been', (version, same) => {
  const [own, other] = [loadedFrom(version), same()].map((joint) => {
    const said: Verdict[] = []
    for (let i = 4340; i < 6000; i++) {
      for (const row of [1, 2]) {
        const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
        joint.step(row, START + i * MINUTE, value(i) + (row === 1 && i < 4400 ? 60 : 0), verdict)
        said.push(verdict)
      }
    }
    return said
  })
  expect(own).toEqual(other)
})

test('a value that never was is told, where one as far from what was expected that was is not', () => {
  const said = [320, 199].map((spike) => {
    const joint = made()
    // Half the days a batch of the same height runs at times of its own.
    const busy = (i: number): boolean => i % 1440 >= 300 + ((Math.floor(i / 1440) * 577) % 900) && (i % 1440) % 300 < 30
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    const at = 14 * 1440
    for (let i = 0; i < at; i++) joint.step(0, START + i * MINUTE, value(i) + (busy(i) ? 80 : 0), verdict)
    joint.step(0, START + at * MINUTE, spike, verdict)
    return { told: verdict.score >= 1, blamed: joint.blamed()[0] }
  })
  expect(said).toEqual([
    { told: true, blamed: expect.any(String) },
    { told: false, blamed: undefined },
  ])
})

test.each([1, 60])('what grows evenly, seen each %i minutes, is nothing like it was a day ago', (every) => {
  const joint = made()
  const random = seeded(3)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const told: number[] = []
  for (let minute = 0; minute < 10 * 1440; minute += every) {
    joint.step(0, START + minute * MINUTE, 1e6 + 33 * minute + 60 * (random() - 0.5), verdict)
    if (minute >= 2 * 1440 && verdict.score >= 1) told.push(minute)
  }
  // A budget of one a week allows one.
  expect(told.length).toBeLessThanOrEqual(1)
})

test('a day that begins with an edge keeps it', () => {
  const joint = made()
  const random = seeded(3)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  const off: number[] = []
  for (let minute = 0; minute < 3 * 1440; minute++) {
    const now = (minute % 1440 < 600 ? 500 : 100) + 10 * random()
    joint.step(0, START + minute * MINUTE, now, verdict)
    if (minute >= 2 * 1440 && minute % 1440 < 600) off.push(Math.abs(now - verdict.expected))
  }
  expect(off.filter((distance) => distance > 100).length).toBeLessThan(12)
})

test('a band goes no further than values that would be told for being new', () => {
  const joint = made()
  const random = seeded(7)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  // At work for some hours and not for others, at no hours of its own: what is usual of one sample says little.
  let until = 0
  let busy = false
  let minute = 0
  for (; minute < 14 * 1440; minute++) {
    if (minute >= until) {
      busy = !busy
      until = minute + 60 + 400 * random()
    }
    joint.step(0, START + minute * MINUTE, (busy ? 300 : 100) + 10 * random(), verdict)
  }
  const { lower, upper } = verdict
  expect(lower).toBeGreaterThan(80)
  expect(upper).toBeLessThan(330)
  const bytes = joint.save()
  const scoreOf = (next: number): number => {
    const copy = made()
    copy.load(bytes)
    copy.step(0, START + minute * MINUTE, next, verdict)
    return verdict.score
  }
  expect([lower - 6, upper + 6].map(scoreOf).every((score) => score >= 1)).toBe(true)
  expect([lower + 6, upper - 6].map(scoreOf).every((score) => score < 1)).toBe(true)
})

test('rows of a state from before, or of another zone, are kept and learn anew', () => {
  const berlin = new Joint({ budget_per_week: 1, civil: new CivilTime({ zone: 'Europe/Berlin' }) })
  const older = new Joint({ budget_per_week: 1 })
  berlin.load(golden(4))
  const oldest = new Joint({ budget_per_week: 1 })
  older.load(golden(3))
  oldest.load(golden(2))
  for (const loaded of [berlin, older, oldest]) {
    expect(loaded.live).toBe(1)
    expect(feed(loaded, { from: 6000, to: 6500 })).toEqual(feed(made(), { from: 6000, to: 6500 }))
  }
  expect(() =>
    older.load(joinSections([new TextEncoder().encode('{"version":11}'), ...[1, 2, 3].map(() => new Uint8Array())])),
  ).toThrow(/version 11/)
})

test('days go by the clocks of the zone, over the change to summer time', () => {
  const wrong = { UTC: 0, 'Europe/Berlin': 0 }
  for (const zone of ['UTC', 'Europe/Berlin'] as const) {
    const joint = new Joint({ budget_per_week: 1, civil: new CivilTime({ zone }) })
    joint.add()
    const wall = new CivilTime({ zone: 'Europe/Berlin' })
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    // Four weeks before, and three days after: people come at eight by their clocks.
    for (let at = Date.UTC(2026, 2, 1); at < Date.UTC(2026, 3, 1); at += 5 * MINUTE) {
      wall.set(at)
      const busy = wall.day_ms >= 8 * 60 * MINUTE && wall.day_ms < 18 * 60 * MINUTE
      joint.step(0, at, (busy ? 500 : 100) + (((at / MINUTE / 5) * 7919) % 13), verdict)
      if (at >= Date.UTC(2026, 2, 29) && Math.abs((busy ? 500 : 100) - verdict.expected) > 100) wrong[zone]++
    }
  }
  expect(wrong['Europe/Berlin']).toBeLessThan(15)
  expect(wrong.UTC).toBeGreaterThan(1.5 * wrong['Europe/Berlin'])
})

test('holidays are expected to be like Sundays, and teach the other days nothing', () => {
  const expected = (holidays: string[]): number[] => {
    const civil = new CivilTime({ zone: 'Asia/Shanghai', holidays })
    const joint = new Joint({ budget_per_week: 1, civil })
    joint.add()
    const wall = new CivilTime({ zone: 'Asia/Shanghai', holidays: ['2026-10-01/2026-10-07'] })
    const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
    const at_ten: number[] = []
    for (let at = Date.UTC(2026, 7, 30, 16); at < Date.UTC(2026, 9, 12); at += 5 * MINUTE) {
      wall.set(at)
      const weekday = Math.floor(wall.week_ms / (24 * 60 * MINUTE))
      const base = weekday === 3 || weekday === 2 ? 200 : 500
      const wave = 1 + 0.5 * Math.sin((2 * Math.PI * wall.day_ms) / (24 * 60 * MINUTE))
      joint.step(0, at, base * wave * (1 + 0.02 * Math.sin(at / 1e6)), verdict)
      if (wall.day_ms === 60 * MINUTE) at_ten.push(verdict.expected / wave / base)
    }
    return at_ten
  }
  const off = (all: readonly number[]): number => Math.max(...all.map((ratio) => Math.abs(Math.log(ratio))))
  const told = expected(['2026-10-01/2026-10-07'])
  const untold = expected([])
  // 1 October is day 31 from 31 August; the week after is days 38 and on.
  expect(off(told.slice(31, 42))).toBeLessThan(off(untold.slice(31, 42)))
})

test('what only rises and begins again is expected from there, at once and silently', () => {
  const joint = made()
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  let total = 5_000_000
  const said: number[] = []
  for (let i = 0; i < 6 * 1440; i++) {
    if (i > 0 && i % 2000 === 0) total = 0
    total += 6000 + value(i)
    joint.step(0, START + i * MINUTE, total, verdict)
    if (i >= 2000 && verdict.score >= 1) said.push(i % 2000)
    if (i >= 2000 && i % 2000 === 1) expect(Math.abs(total - verdict.expected)).toBeLessThan(20_000)
  }
  // A budget of one a week allows one, at any other time.
  expect(said.filter((since) => since < 240)).toEqual([])
  expect(said.length).toBeLessThanOrEqual(1)
})

test('a level that fell to nothing is told where it did not only rise', () => {
  const joint = made()
  feed(joint, { from: 0, to: 4320 })
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  joint.step(0, START + 4320 * MINUTE, 0, verdict)
  expect(verdict.score).toBeGreaterThanOrEqual(1)
})

test('an onset is not told again by the mean of the hours that follow it', () => {
  const joint = made()
  feed(joint, { from: 0, to: 4320 })
  const said = [...feed(joint, { from: 4320, to: 4500 }, 60), ...feed(joint, { from: 4500, to: 4860 }, 60)]
  expect(said.flatMap(({ score }, i) => (score >= 1 ? [i] : []))).toEqual([0])
})
