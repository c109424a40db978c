import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import { silentLog } from '#core/ports/log.ts'

import type { Channel, Message } from '../channel.ts'
import { finding } from '../testing/story.fixture.ts'
import { Lane, LANE_LIMITS, type LaneLimits } from './lane.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A lane before a channel that does as it is told; messages are numbers under a key. */
class Road {
  readonly clock = new ManualClock()
  readonly sent: string[] = []
  readonly settled: string[] = []
  readonly counts: Record<string, number> = {}
  answer: (signal: AbortSignal) => Promise<void> = () => Promise.resolve()
  /** The one that is answered as if nobody were there. */
  refuses = ''
  readonly lane: Lane

  constructor({
    batch = 1,
    delivery = 'once',
    ...limits
  }: Partial<LaneLimits & Pick<Channel, 'batch' | 'delivery'>> = {}) {
    const channel: Channel = {
      name: 'road',
      wants: ['finding'],
      delivery,
      resolved: true,
      batch,
      send: async (messages, { signal }) => {
        await (messages.map(textOf).includes(this.refuses) ? away() : this.answer(signal))
        this.sent.push(...messages.map(textOf))
      },
      close: () => Promise.resolve(),
    }
    this.lane = new Lane(channel, {
      clock: this.clock,
      log: silentLog,
      counter: { add: (n, { outcome = '' } = {}) => (this.counts[outcome] = (this.counts[outcome] ?? 0) + n) },
      limits: { ...LANE_LIMITS, ...limits },
      settled: (_, messages) => this.settled.push(...messages.map(textOf)),
    })
  }

  push(...texts: readonly string[]): void {
    for (const text of texts) {
      const [key = ''] = text.split(':')
      this.lane.push({ kind: 'finding', key, finding: finding('a', 0, { detail: text }) })
    }
  }
}

const textOf = (message: Message): string => (message.kind === 'finding' ? message.finding.detail : '')
const away = () => Promise.reject(new ServiceError('unavailable', 'away'))

test('of messages under one key only the newest is sent, also when the older one came back', async () => {
  const road = new Road()
  road.lane.hold(true)
  road.push('a:1', 'b:1', 'a:2')
  road.answer = away
  road.lane.hold(false)
  await road.lane.idle()
  road.push('b:2')
  road.answer = () => Promise.resolve()
  road.clock.advanceTo(1000)
  await road.lane.idle()
  expect(road.sent).toEqual(['a:2', 'b:2'])
  expect(road.settled).toEqual(road.sent)
  expect(road.counts).toEqual({ failed: 1, sent: 2 })
})

test('one that the peer never takes holds up no other', async () => {
  const road = new Road()
  road.refuses = 'a:1'
  road.push('a:1', 'b:1')
  await road.lane.idle()
  for (const at_ms of [1000, 2000, 4000]) {
    road.push(`c:${at_ms}`)
    road.clock.advanceTo(at_ms)
    await road.lane.idle()
  }
  expect(road.sent).toEqual(['b:1', 'c:1000', 'c:2000', 'c:4000'])
  expect(road.lane.waiting).toBe(1)
})

test('above its limit the oldest is dropped and counted', async () => {
  const road = new Road({ queue: 2 })
  road.lane.hold(true)
  road.push('a:1', 'b:1', 'c:1')
  expect(road.lane.waiting).toBe(2)
  road.lane.hold(false)
  await road.lane.idle()
  expect(road.sent).toEqual(['b:1', 'c:1'])
  expect(road.counts).toEqual({ dropped: 1, sent: 2 })
})

test('a call that takes too long is given up and tried again, less and less often', async () => {
  const road = new Road({ timeout_ms: 10, backoff_ms: 100, backoff_max_ms: 300 })
  const tries: number[] = []
  const said = new Set<string>()
  road.answer = (signal) => {
    tries.push(road.clock.now_ms())
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        said.add(messageOf(signal.reason))
        reject(new ServiceError('unavailable', 'late'))
      })
    })
  }
  road.push('a:1')
  for (let now_ms = 0; now_ms <= 1500; now_ms += 10) {
    road.clock.advanceTo(now_ms)
    await turn()
  }
  expect(tries.slice(0, 5).map((at, i) => at - (tries[i - 1] ?? 0))).toEqual([0, 110, 210, 310, 310])
  expect([...said]).toEqual(['no answer within 0.01 s'])
})

test('what is withdrawn is not sent, nor tried again when it was under way', async () => {
  const road = new Road()
  road.answer = away
  road.push('a:1', 'b:1')
  await turn()
  road.lane.withdraw('b')
  road.lane.withdraw('a')
  road.answer = () => Promise.resolve()
  road.clock.advanceTo(1000)
  await road.lane.idle()
  expect(road.sent).toEqual([])
})

test('stopping gives up what is under way and keeps it', async () => {
  const road = new Road({ batch: 9 })
  road.answer = (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new ServiceError('canceled', 'stopped')))
    })
  road.push('a:1', 'b:1')
  await turn()
  await road.lane.stop()
  expect([road.lane.waiting, road.settled, road.sent]).toEqual([2, [], []])
  road.answer = () => Promise.resolve()
  road.lane.hold(false)
  await road.lane.idle()
  expect(road.sent).toEqual(['a:1', 'b:1'])
})

test('whatever fails in between, the newest of every key arrives, once a try has worked', async () => {
  const key = fc.constantFrom('a', 'b', 'c')
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 20 }), fc.nat(3), async (steps, batch) => {
      const road = new Road({ batch: batch + 1 })
      const newest = new Map<string, string>()
      for (const [i, [name, works]] of steps.entries()) {
        road.answer = works ? () => Promise.resolve() : away
        newest.set(name, `${name}:${i}`)
        road.push(`${name}:${i}`)
        await road.lane.idle()
      }
      road.answer = () => Promise.resolve()
      road.clock.advanceTo(1e9)
      await road.lane.idle()
      const last = new Map(road.sent.map((text) => [text.split(':')[0], text]))
      expect(last).toEqual(newest)
      expect(new Set(road.sent).size).toBe(road.sent.length)
      expect(road.lane.waiting).toBe(0)
    }),
    { numRuns: 60 },
  )
})
