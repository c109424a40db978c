// What may become of topics under a reader, and what lies in them that is no record.
import { setTimeout as sleep } from 'node:timers/promises'

import type { Admin, Kafka, Producer } from 'kafkajs'
import { beforeAll, describe, test, type TestContext } from 'vitest'

import { clientOf, createTopic, joinFirst, taking } from './process/kafka-records.ts'

const BROKERS = process.env['BAROGRAPH_TEST_KAFKA'] ?? ''

let topics = 0

type Finished = TestContext['onTestFinished']

const named = (): string => `topics_${process.pid}_${topics++}`

interface Desk {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly producer: Producer
  readonly send: (topic: string, partition: number, numbers: readonly number[]) => Promise<unknown>
}

async function desk(onTestFinished: Finished): Promise<Desk> {
  const kafka = clientOf(BROKERS)
  const [admin, producer] = [kafka.admin(), kafka.producer()]
  for (const client of [admin, producer]) {
    await client.connect()
    onTestFinished(() => client.disconnect())
  }
  const send = (topic: string, partition: number, numbers: readonly number[]) =>
    producer.send({ topic, messages: numbers.map((n) => ({ partition, value: `${partition}:${n}` })) })
  return { kafka, admin, producer, send }
}

async function transaction(onTestFinished: Finished, kafka: Kafka, transactionalId: string) {
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  onTestFinished(() => producer.disconnect())
  return producer.transaction()
}

describe.skipIf(BROKERS === '')(
  'Kafka (skipped unless BAROGRAPH_TEST_KAFKA names a broker)',
  { concurrent: true },
  () => {
    beforeAll(() => joinFirst(BROKERS))

    test('a topic that is deleted does not hold the others up', async ({ expect, onTestFinished }) => {
      const { kafka, admin, send } = await desk(onTestFinished)
      const config = { brokers: [BROKERS], group: named(), topics: { metrics: named(), logs: named() } }
      const { metrics, logs } = config.topics
      for (const topic of [metrics, logs]) await createTopic(kafka, topic, 1)
      const { receiver, numbers, told } = taking(config)
      onTestFinished(() => receiver.stop())
      await receiver.start()
      await send(metrics, 0, [1])
      await send(logs, 0, [2])
      await expect.poll(() => numbers.get(0)?.toSorted()).toEqual([1, 2])
      await admin.deleteTopics({ topics: [logs] })
      await sleep(3000)
      await send(metrics, 0, [3])
      await expect.poll(() => numbers.get(0)?.at(-1)).toBe(3)
      // The group hears of it, too.
      const stands = async () => (await admin.fetchOffsets({ groupId: config.group, topics: [metrics] }))[0]?.partitions
      await expect.poll(stands).toMatchObject([{ offset: '2' }])
      expect(told).toEqual([expect.stringContaining(`${logs}/0 cannot be read: the topic was deleted`)])
    })

    test.for(['while it is read', 'while it is not read'])(
      'a topic that is deleted, made anew and longer than what is stored is read from its beginning: %s',
      async (when, { expect, onTestFinished }) => {
        const { kafka, admin, send } = await desk(onTestFinished)
        const topic = named()
        const config = { brokers: [BROKERS], group: topic, topics: { metrics: topic } }
        await createTopic(kafka, topic, 2)
        const first = taking(config)
        onTestFinished(() => first.receiver.stop())
        await first.receiver.start()
        for (const partition of [0, 1]) await send(topic, partition, [1, 2])
        for (const partition of [0, 1]) await expect.poll(() => first.numbers.get(partition)).toEqual([1, 2])
        const running = when === 'while it is read'
        if (!running) await first.receiver.stop()
        await admin.deleteTopics({ topics: [topic] })
        await sleep(1000)
        await createTopic(kafka, topic, 2)
        for (const partition of [0, 1]) await send(topic, partition, [3, 4, 5])
        const { receiver, numbers, told } = running ? first : taking(config, () => undefined, {}, first.positions)
        if (!running) {
          onTestFinished(() => receiver.stop())
          await receiver.start()
        }
        const expected = running ? [1, 2, 3, 4, 5] : [3, 4, 5]
        for (const partition of [0, 1]) await expect.poll(() => numbers.get(partition)).toEqual(expected)
        expect(told).toContainEqual(expect.stringContaining('was deleted and made anew, or is of another cluster'))
        await send(topic, 0, [6])
        await expect.poll(() => numbers.get(0)).toEqual([...expected, 6])
      },
    )

    test('from latest: partitions and topics that are added are read from their beginning', async ({
      expect,
      onTestFinished,
    }) => {
      const { kafka, admin, send } = await desk(onTestFinished)
      const config = { brokers: [BROKERS], group: named(), topics: { metrics: named(), logs: named() } }
      const { metrics, logs } = config.topics
      await createTopic(kafka, metrics, 1)
      await send(metrics, 0, [1])
      const { receiver, numbers } = taking({ ...config, from: 'latest' })
      onTestFinished(() => receiver.stop())
      await receiver.start()
      await admin.createPartitions({ topicPartitions: [{ topic: metrics, count: 2 }] })
      await createTopic(kafka, logs, 3)
      await sleep(500)
      await send(logs, 2, [2, 3])
      await sleep(500)
      const late = kafka.producer()
      await late.connect()
      onTestFinished(() => late.disconnect())
      await late.send({ topic: metrics, messages: [{ partition: 1, value: '1:4' }] })
      await expect.poll(() => numbers.get(1)).toEqual([4])
      await expect.poll(() => numbers.get(2)).toEqual([2, 3])
      await send(metrics, 0, [5])
      await expect.poll(() => numbers.get(0)).toEqual([5])
    })

    test('what was aborted is not read, however transactions lie in each other', async ({ expect, onTestFinished }) => {
      const { kafka, send } = await desk(onTestFinished)
      const topic = named()
      await createTopic(kafka, topic, 1)
      const one = await transaction(onTestFinished, kafka, `${topic}_1`)
      const two = await transaction(onTestFinished, kafka, `${topic}_2`)
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
      onTestFinished(() => receiver.stop())
      await receiver.start()
      await expect.poll(() => numbers.get(0)?.at(-1)).toBe(6)
      expect(numbers.get(0)).toEqual([5, 6])
      await expect.poll(() => receiver.lagging()).toBe(false)
    })
  },
)
