import { expect, test } from 'vitest'

import { ManualClock } from './clock.ts'

test('timers run in order of time, as often as they are due, and not once cancelled', () => {
  const clock = new ManualClock(1000)
  const seen: string[] = []
  clock.after(50, () => seen.push(`once ${clock.now_ms()}`))
  const cancel = clock.every(20, () => seen.push(`every ${clock.now_ms()}`))
  clock.advanceTo(1045)
  cancel()
  clock.advanceTo(2000)
  expect(seen).toEqual(['every 1020', 'every 1040', 'once 1050'])
  expect(clock.now_ms()).toBe(2000)
})

test('a clock that is set, ahead or back, lets timers wait for as long as they would have', () => {
  const clock = new ManualClock(1000)
  const seen: number[] = []
  clock.every(20, () => seen.push(clock.now_ms()))
  clock.set(5000)
  clock.advanceTo(5020)
  clock.set(100)
  clock.advanceTo(150)
  expect(seen).toEqual([5020, 120, 140])
})

test('a timer may set another, and the clock never goes back', () => {
  const clock = new ManualClock()
  const seen: number[] = []
  clock.after(10, () => clock.after(10, () => seen.push(clock.now_ms())))
  clock.advanceTo(30)
  clock.advanceTo(5)
  expect([seen, clock.now_ms()]).toEqual([[20], 30])
})
