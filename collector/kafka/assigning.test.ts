// Partitions of a broker that says what it is told to.
import { afterEach, beforeEach, expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'
import { Positions } from '#core/store/positions.ts'

import { receiverDeps } from '../testing/receiving.fixture.ts'
import { Assigning } from './assigning.ts'
import type { GroupConsumer, TopicPartition, TopicState } from './consumer.ts'
import { FirstLook } from './first-look.ts'
import { Lanes } from './lanes.ts'
import type { KafkaConfig } from './settings.ts'

const AT: TopicPartition = { topic: 'otlp', partition: 0 }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const state = (id: string | undefined, ...ranges: readonly (readonly [first: bigint, end: bigint])[]): TopicState => ({
  id,
  ranges: new Map(ranges.map(([first, end], partition) => [partition, { first, end }])),
})

class Consumer implements GroupConsumer {
  now: TopicState | Error = state('a', [0n, 100n])
  /** Where reading goes on, in those that are not paused. */
  readonly reading = new Map<number, bigint>()
  readonly sought = new Map<number, bigint>()
  async topic(): Promise<TopicState> {
    if (this.now instanceof Error) throw this.now
    return this.now
  }
  seek({ partition }: TopicPartition, offset: bigint): void {
    this.sought.set(partition, offset)
  }
  pause(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) this.reading.delete(partition)
  }
  resume(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) this.reading.set(partition, this.sought.get(partition) ?? -1n)
  }
  topics = async (): Promise<string[]> => [AT.topic]
  open = async (): Promise<void> => undefined
  close = async (): Promise<void> => undefined
  committed = async (): Promise<Map<number, bigint>> => new Map()
  commit = async (): Promise<void> => undefined
}

let clock: ManualClock
let consumer: Consumer
let positions: Positions
let lanes: Lanes
let told: string[]
let first: FirstLook
let assigning: Assigning

function begin(from: KafkaConfig['from'] = 'earliest'): ReturnType<typeof receiverDeps> {
  const deps = receiverDeps()
  const note = (text: string): void => void told.push(text)
  const log = { debug() {}, info: note, warn: note, error: note }
  assigning = new Assigning({ ...deps, log, clock, consumer, positions, lanes, from, first })
  return deps
}

async function pass(ms: number): Promise<void> {
  for (let i = 0; i < 10; i++) await turn()
  clock.advanceTo(clock.now_ms() + ms)
  for (let i = 0; i < 10; i++) await turn()
}

beforeEach(() => {
  clock = new ManualClock()
  consumer = new Consumer()
  positions = new Positions()
  const work = { submit: async () => undefined, refused() {}, pause: async () => undefined }
  lanes = new Lanes({ held: 1000, work })
  told = []
  first = new FirstLook()
})
afterEach(async () => {
  const closing = assigning.close()
  await pass(5000)
  await closing
})

const stored = (next: number, topic_id?: string): void =>
  positions.advance({ ...AT, offset: String(next - 1), ...(topic_id !== undefined && { topic_id }) })

test('nothing is read before the broker has said what there is', async () => {
  begin()
  stored(40, 'a')
  consumer.now = new Error('away')
  assigning.assigned([AT])
  // What was fetched before is known to be old by that.
  expect(consumer.sought.has(0)).toBe(true)
  await pass(500)
  expect(consumer.reading.size).toBe(0)
  consumer.now = state('a', [0n, 100n])
  await pass(1000)
  expect(consumer.reading.get(0)).toBe(40n)
  expect(lanes.lag).toBe(60n)
})

test('a topic with another id is read from its beginning, however long it is; seen twice', async () => {
  begin()
  stored(40, 'a')
  consumer.now = state('b', [0n, 100n])
  assigning.assigned([AT])
  await pass(0)
  expect(consumer.reading.size).toBe(0)
  await pass(2000)
  expect(consumer.reading.get(0)).toBe(0n)
  expect(lanes.of(AT).topicId).toBe('b')
  expect(told).toEqual(['otlp/0 was deleted and made anew, or is of another cluster; it is read from its beginning'])
})

test('of what was stored without an id only a shorter one is known to be another', async () => {
  begin()
  stored(40)
  consumer.now = state('b', [0n, 30n])
  assigning.assigned([AT])
  await pass(0)
  consumer.now = state('b', [0n, 50n])
  await pass(2000)
  expect(consumer.reading.get(0)).toBe(40n)
  consumer.now = state('c', [0n, 50n])
  await pass(10_000)
  expect(consumer.reading.size).toBe(0)
  await pass(2000)
  expect(consumer.reading.get(0)).toBe(0n)
})

test('what was deleted before it was read is counted', async () => {
  const { meter } = begin()
  stored(40, 'a')
  consumer.now = state('a', [70n, 100n])
  assigning.assigned([AT])
  await pass(0)
  expect(consumer.reading.get(0)).toBe(70n)
  expect(meter.counts['barograph.collector.kafka.missed{topic=otlp}']).toBe(30)
})

test('from latest: what came to be while we were there is read from its beginning', async () => {
  begin('latest')
  const [, second] = [AT, { ...AT, partition: 1 }]
  assigning.assigned([AT])
  await pass(0)
  expect(consumer.reading.get(0)).toBe(100n)
  consumer.now = state('a', [0n, 100n], [0n, 5n])
  assigning.assigned([AT, second])
  await pass(0)
  expect([consumer.reading.get(0), consumer.reading.get(1)]).toEqual([100n, 0n])
  consumer.now = state('b', [0n, 200n])
  assigning.assigned([AT])
  await pass(2000)
  expect(consumer.reading.get(0)).toBe(0n)
})

test('from latest: a topic that was made anew while we were away is read from its end', async () => {
  begin('latest')
  stored(40, 'a')
  consumer.now = state('b', [0n, 100n])
  assigning.assigned([AT])
  await pass(2000)
  expect(consumer.reading.get(0)).toBe(100n)
  expect(told[0]).toContain('it is read from its end')
})

test('a partition that nobody leads goes on where it was, and is told once, also when it is ours no longer', async () => {
  begin()
  stored(40, 'a')
  consumer.now = state('a')
  assigning.assigned([AT])
  await pass(0)
  expect(consumer.reading.get(0)).toBe(40n)
  const once = 'otlp/0 cannot be read: the topic was deleted, or no broker leads it; it is read when it is there again'
  expect(told).toEqual([once])
  await pass(10_000)
  assigning.assigned([])
  await pass(0)
  expect(told).toEqual([once])
  consumer.now = state('a', [0n, 40n])
  assigning.assigned([AT])
  await pass(0)
  consumer.now = state(undefined)
  assigning.assigned([])
  await pass(0)
  expect(told).toEqual([once, once])
})
