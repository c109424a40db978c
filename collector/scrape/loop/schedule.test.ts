import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Gate } from './gate.ts'
import { Schedule } from './schedule.ts'

test('a target has its moment within the interval, whenever one begins', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 1e7 }),
      fc.integer({ min: 0, max: 2e12 }),
      (key, interval, now) => {
        const next = new Schedule(key, interval).after(now)
        expect(next).toBeGreaterThan(now)
        expect(next - now).toBeLessThanOrEqual(interval)
        expect(new Schedule(key, interval).after(next)).toBe(next + interval)
        expect(new Schedule(key, interval).after(next - 1)).toBe(next)
      },
    ),
  )
})

test('targets are spread evenly', () => {
  const slots = new Uint32Array(10)
  for (let i = 0; i < 1000; i++) slots[Math.floor((new Schedule(`target ${i}`, 10_000).after(0) - 1) / 1000)]!++
  expect(Math.min(...slots)).toBeGreaterThan(70)
  expect(Math.max(...slots)).toBeLessThan(130)
})

test('a scrape that begins a little late has the time at which it was due', () => {
  const schedule = new Schedule('a', 10_000)
  expect(schedule.timeOf(1000, 1015)).toBe(1000)
  expect(schedule.timeOf(1000, 1021)).toBe(1021)
  expect(new Schedule('a', 100).timeOf(1000, 1002)).toBe(1002)
})

test('a gate lets in as many as it may, the others in their order', async () => {
  const gate = new Gate(2)
  const entered: number[] = []
  const all = [1, 2, 3, 4].map((who) => gate.enter().then(() => entered.push(who)))
  await Promise.all(all.slice(0, 2))
  expect([gate.inside, gate.waiting]).toEqual([2, 2])
  gate.leave()
  await all[2]
  expect(entered).toEqual([1, 2, 3])
  gate.leave()
  await all[3]
  gate.leave()
  gate.leave()
  expect([gate.inside, gate.waiting]).toEqual([0, 0])
})
