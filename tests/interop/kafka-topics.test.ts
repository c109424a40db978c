// What may become of topics under a reader, and what lies in them that is no record.
import { setTimeout as sleep } from 'node:timers/promises'

import type { Admin, Kafka, Producer } from 'kafkajs'
import { afterEach, describe, expect, test } from 'vitest'

import { clientOf, createTopic, taking } from './process/kafka-records.ts'

const BROKERS = process.env['BAROGRAPH_TEST_KAFKA'] ?? ''
const WAIT = { timeout: 20_000, interval: 50 }

const ends: (() => Promise<unknown>)[] = []
let topics = 0

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const named = (): string => `topics_${process.pid}_${topics++}`

interface Desk {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly producer: Producer
  readonly send: (topic: string, partition: number, numbers: readonly number[]) => Promise<unknown>
}

async function desk(): Promise<Desk> {
  const kafka = clientOf(BROKERS)
  const [admin, producer] = [kafka.admin(), kafka.producer()]
  for (const client of [admin, producer]) {
    await client.connect()
    ends.push(() => client.disconnect())
  }
  const send = (topic: string, partition: number, numbers: readonly number[]) =>
    producer.send({ topic, messages: numbers.map((n) => ({ partition, value: `${partition}:${n}` })) })
  return { kafka, admin, producer, send }
}

async function transaction(kafka: Kafka, transactionalId: string) {
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  ends.push(() => producer.disconnect())
  return producer.transaction()
}

describe.skipIf(BROKERS === '')('Kafka (skipped unless BAROGRAPH_TEST_KAFKA names a broker)', () => {
  test('a topic that is deleted does not hold the others up', async () => {
    const { kafka, admin, send } = await desk()
    const config = { brokers: [BROKERS], group: named(), topics: { metrics: named(), logs: named() } }
    const { metrics, logs } = config.topics
    for (const topic of [metrics, logs]) await createTopic(kafka, topic, 1)
    const { receiver, numbers } = taking(config)
    ends.push(() => receiver.stop())
    await receiver.start()
    await send(metrics, 0, [1])
    await send(logs, 0, [2])
    await expect.poll(() => numbers.get(0)?.toSorted(), WAIT).toEqual([1, 2])
    await admin.deleteTopics({ topics: [logs] })
    await sleep(3000)
    await send(metrics, 0, [3])
    await expect.poll(() => numbers.get(0)?.at(-1), WAIT).toBe(3)
  }, 90_000)

  test('what was aborted is not read, however transactions lie in each other', async () => {
    const { kafka, send } = await desk()
    const topic = named()
    await createTopic(kafka, topic, 1)
    const one = await transaction(kafka, `${topic}_1`)
    const two = await transaction(kafka, `${topic}_2`)
    const messages = (n: number, key: Buffer | null = null) => [{ partition: 0, key, value: `0:${n}` }]
    await one.send({ topic, messages: messages(1) })
    await two.send({ topic, messages: messages(2) })
    await one.send({ topic, messages: messages(3, Buffer.alloc(4)) })
    await one.send({ topic, messages: messages(4) })
    await two.abort()
    await send(topic, 0, [5])
    await one.abort()
    await send(topic, 0, [6])
    const { receiver, numbers } = taking({ brokers: [BROKERS], group: topic, topics: { metrics: topic } })
    ends.push(() => receiver.stop())
    await receiver.start()
    await expect.poll(() => numbers.get(0)?.at(-1), WAIT).toBe(6)
    expect(numbers.get(0)).toEqual([5, 6])
    await expect.poll(() => receiver.lagging(), WAIT).toBe(false)
  }, 60_000)
})
