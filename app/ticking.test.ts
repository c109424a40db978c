import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Input, Receipt, Tick } from '#core/ports/intake.ts'
import { silentLog } from '#core/ports/log.ts'

import { silentTelemetry } from './telemetry.ts'
import { Ticking } from './ticking.ts'

/** A door whose ticks leave work undone as often as it is told. */
class Door {
  readonly clock = new ManualClock(1_000_000)
  readonly ticks: Tick[] = []
  waiting = 0
  undone = 0
  during: (tick: Tick) => void = () => undefined
  readonly ticking = new Ticking({
    pipeline: this,
    clock: this.clock,
    log: silentLog,
    meter: silentTelemetry.meter,
    last_ms: () => undefined,
    complete_ms: () => undefined,
  })

  async submit(input: Input): Promise<Receipt> {
    if (input.kind !== 'tick') throw new Error('only ticks come from here')
    this.ticks.push(input)
    this.during(input)
    return { rejected: 0, message: '', unfinished: this.undone-- > 0 }
  }

  async second(): Promise<void> {
    this.clock.advanceTo(this.clock.now_ms() + 1000)
    await sleep(50)
  }
}

test('what rules could not do in their share follows at the same time, until it is done', async () => {
  const door = new Door()
  door.ticking.start()
  door.undone = 3
  await door.second()
  await door.second()
  door.ticking.stop()
  expect(door.ticks.map(({ time_ms }) => time_ms)).toEqual([1_001_000, 1_001_000, 1_001_000, 1_001_000, 1_002_000])
})

test('between two shares the event loop turns: what comes over the wire is read', async () => {
  const door = new Door()
  const seen: string[] = []
  door.during = () => {
    seen.push('share')
    void turn().then(() => seen.push('read'))
  }
  door.ticking.start()
  door.undone = 2
  await door.second()
  door.ticking.stop()
  expect(seen).toEqual(['share', 'read', 'share', 'read', 'share', 'read'])
})

test('where much waits, a share is larger, within a limit', async () => {
  const door = new Door()
  door.ticking.start()
  for (const waiting of [0, 1, 100]) {
    door.waiting = waiting
    await door.second()
  }
  door.ticking.stop()
  const [alone, beside, crowded] = door.ticks.map(({ share }) => share!)
  expect(beside).toBeGreaterThan(alone!)
  expect(crowded).toBeGreaterThan(beside!)
  expect(crowded).toBeLessThanOrEqual(10_000)
})

test('seconds that pass meanwhile are told, and begin no second row of shares', async () => {
  const door = new Door()
  door.ticking.start()
  door.undone = Infinity
  let most = 0
  let inside = 0
  const submit = door.submit.bind(door)
  door.submit = async (input) => {
    most = Math.max(most, ++inside)
    await sleep(1)
    inside--
    return submit(input)
  }
  for (let i = 0; i < 5; i++) await door.second()
  door.undone = 0
  door.ticking.stop()
  await sleep(30)
  // The second itself and the row of shares.
  expect(most).toBe(2)
  expect(new Set(door.ticks.map(({ time_ms }) => time_ms)).size).toBe(5)
  // Rules that are due at such a second wait until others had their turn.
  const seconds = door.ticks.filter(({ time_ms }, i) => time_ms > (door.ticks[i - 1]?.time_ms ?? Infinity))
  expect(seconds.map(({ share }) => share)).toEqual([0, 0, 0, 0])
})

test('a tick that is refused is passed over', async () => {
  const door = new Door()
  door.during = () => {
    throw new ServiceError('overloaded', 'too much waits')
  }
  await door.ticking.once()
  door.ticking.start()
  await door.second()
  door.ticking.stop()
  expect(door.ticks).toHaveLength(2)
})

test('a tick that fails by a bug ends nothing: the next second has its own', async () => {
  const door = new Door()
  door.during = ({ time_ms }) => {
    if (time_ms === 1_001_000) throw new TypeError('no such rule')
  }
  door.ticking.start()
  await door.second()
  await door.second()
  door.ticking.stop()
  expect(door.ticks.map(({ time_ms }) => time_ms)).toEqual([1_001_000, 1_002_000])
})
