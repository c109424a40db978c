// What happens when a broker dies, when the group changes, and when what comes is more than can be taken.
import { setTimeout as sleep } from 'node:timers/promises'

import { beforeAll, describe, test, type TestContext } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import type { OtlpRequest } from '#core/ports/intake.ts'
import type { Reading } from '#core/ports/meter.ts'

import { Broker, NO_BROKER } from './process/broker.ts'
import { clientOf, createTopic, joinFirst, taking, writerTo } from './process/kafka-records.ts'
import { CODECS, contentOf, kcatLines, NO_KCAT } from './process/kcat.ts'

const BROKERS = process.env['BAROGRAPH_TEST_KAFKA'] ?? ''

let topics = 0

async function written(brokers: string, partitions: number, onTestFinished: TestContext['onTestFinished']) {
  const kafka = clientOf(brokers)
  const topic = `faults_${process.pid}_${topics++}`
  await createTopic(kafka, topic, partitions)
  const writer = await writerTo(kafka, topic, partitions)
  onTestFinished(() => writer.close())
  return { kafka, topic, writer, config: { brokers: [brokers], group: topic, topics: { metrics: topic } } }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const total = (numbers: ReadonlyMap<number, readonly number[]>): number =>
  [...numbers.values()].reduce((sum, { length }) => sum + length, 0)

describe.skipIf(NO_BROKER + NO_KCAT !== '')(`a broker of our own ${NO_BROKER} ${NO_KCAT}`, () => {
  test.concurrent('killed and back after ten seconds: nothing is lost or doubled, and reading goes on within seconds', async ({
    expect,
    onTestFinished,
  }) => {
    const broker = await Broker.start()
    onTestFinished(() => broker.end())
    const { topic, writer, config } = await written(broker.address, 3, onTestFinished)
    const { receiver, numbers, told } = taking(config)
    onTestFinished(() => receiver.stop())
    await receiver.start()
    const writing = writer.write(20)
    await expect.poll(() => total(numbers)).toBeGreaterThan(100)
    broker.kill()
    await sleep(10_000)
    await broker.start()
    const back_ms = Date.now()
    const before = total(numbers)
    await expect.poll(() => total(numbers)).toBeGreaterThan(before)
    const away_ms = Date.now() - back_ms
    const count = await writing.stop()
    // What is there, whatever the producer made of it.
    const content = await contentOf(broker.address, topic)
    const there = new Map(
      [...content].map(([partition, list]) => [partition, list.map((text) => Number(text.split(':')[1]))]),
    )
    await expect.poll(() => total(numbers)).toBe(total(there))
    expect(numbers).toEqual(there)
    for (const partition of [0, 1, 2]) expect(new Set(there.get(partition)).size).toBe(count)
    // On a busy machine the broker may fall silent once more while it starts.
    expect(told[0]).toContain('cannot read from Kafka')
    expect(told.length).toBeLessThanOrEqual(4)
    expect(told.at(-1)).toContain('Kafka answers again')
    expect(away_ms).toBeLessThan(15_000)
    console.info(`reading went on ${away_ms} ms after the broker was back`)
  })
})

describe.skipIf(BROKERS === '')('Kafka (skipped unless BAROGRAPH_TEST_KAFKA names a broker)', () => {
  beforeAll(() => joinFirst(BROKERS))

  test.concurrent('a second member comes and goes: each record is taken once, in order in each partition', async ({
    expect,
    onTestFinished,
  }) => {
    const { writer, config } = await written(BROKERS, 4, onTestFinished)
    const first = taking({ ...config, from: 'committed' })
    const second = taking({ ...config, from: 'committed' })
    onTestFinished(() => first.receiver.stop())
    await first.receiver.start()
    const writing = writer.write(10)
    await expect.poll(() => total(first.numbers)).toBeGreaterThan(100)
    await second.receiver.start()
    await expect.poll(() => total(second.numbers)).toBeGreaterThan(100)
    const alone = total(first.numbers)
    await second.receiver.stop()
    await expect.poll(() => total(first.numbers)).toBeGreaterThan(alone + 200)
    const count = await writing.stop()
    await expect.poll(() => total(first.numbers) + total(second.numbers)).toBe(4 * count)
    for (const partition of [0, 1, 2, 3]) {
      const theirs = [first, second].map(({ numbers }) => numbers.get(partition) ?? [])
      for (const list of theirs) expect(list).toEqual(list.toSorted((a, b) => a - b))
      expect(theirs.flat().toSorted((a, b) => a - b)).toEqual(upTo(count))
    }
    expect(second.numbers.size).toBeGreaterThan(0)
  })

  test.concurrent('whoever waits for the place of a member that was killed does not say that Kafka is away', async ({
    expect,
    onTestFinished,
  }) => {
    const { kafka, topic, config, writer } = await written(BROKERS, 1, onTestFinished)
    const killed = kafka.consumer({ groupId: topic, sessionTimeout: 10_000, heartbeatInterval: 500 })
    const hanging = Promise.withResolvers<void>()
    onTestFinished(() => killed.disconnect())
    await killed.connect()
    await killed.subscribe({ topic, fromBeginning: true })
    let holds = false
    await killed.run({
      eachBatch: () => {
        holds = true
        return hanging.promise
      },
    })
    onTestFinished(async () => hanging.resolve())
    await writer.write(0).stop()
    await expect.poll(() => holds).toBe(true)
    const { receiver, numbers, told } = taking(config)
    onTestFinished(() => receiver.stop())
    await receiver.start()
    await expect.poll(() => total(numbers)).toBeGreaterThan(0)
    expect(told).toEqual([])
  })

  test.concurrent.for(['while it is read', 'while it is not read'])(
    'a topic that is deleted and made anew is read from its beginning: %s',
    async (when, { expect, onTestFinished }) => {
      const { kafka, topic, config } = await written(BROKERS, 2, onTestFinished)
      const [admin, producer] = [kafka.admin(), kafka.producer()]
      for (const client of [admin, producer]) {
        await client.connect()
        onTestFinished(() => client.disconnect())
      }
      const send = (from: number, to: number) => {
        const numbers = upTo(to - from).map((i) => from + i)
        const messages = numbers.flatMap((n) => [0, 1].map((partition) => ({ partition, value: `${partition}:${n}` })))
        return producer.send({ topic, messages })
      }
      const running = when === 'while it is read'
      const first = taking(config)
      onTestFinished(() => first.receiver.stop())
      await first.receiver.start()
      await send(0, 100)
      await expect.poll(() => total(first.numbers)).toBe(200)
      if (!running) await first.receiver.stop()
      await admin.deleteTopics({ topics: [topic] })
      await sleep(2000)
      await createTopic(kafka, topic, 2)
      const { receiver, numbers, told } = running ? first : taking(config, () => undefined, {}, first.positions)
      if (!running) {
        onTestFinished(() => receiver.stop())
        await receiver.start()
      }
      await send(1000, 1020)
      const before = running ? upTo(100) : []
      const expected = [...before, ...upTo(20).map((n) => 1000 + n)]
      await expect.poll(() => total(numbers)).toBe(2 * expected.length)
      await send(1020, 1021)
      for (const partition of [0, 1]) await expect.poll(() => numbers.get(partition)).toEqual([...expected, 1020])
      expect(told.filter((text) => text.includes('it is read from its beginning'))).not.toEqual([])
      expect(receiver.lagging()).toBe(false)
    },
  )

  test.concurrent('what Kafka deletes while the intake is stuck is told and counted', async ({
    expect,
    onTestFinished,
  }) => {
    const { kafka, topic, config } = await written(BROKERS, 1, onTestFinished)
    const [admin, producer] = [kafka.admin(), kafka.producer()]
    for (const client of [admin, producer]) {
      await client.connect()
      onTestFinished(() => client.disconnect())
    }
    const send = (numbers: readonly number[]) =>
      producer.send({ topic, messages: numbers.map((n) => ({ partition: 0, value: `0:${n}` })) })
    const intake = { stuck: true }
    const answer = async (): Promise<void> => {
      while (intake.stuck) await sleep(5)
    }
    // The first batch is more than may be held.
    const { receiver, numbers, told, counts, gauges } = taking(config, answer, { bodies_in_flight: 2000 })
    onTestFinished(() => receiver.stop())
    await send(upTo(50))
    await receiver.start()
    await expect.poll(() => gauges['barograph.collector.kafka.held']!()).toBeGreaterThan(1000)
    for (let n = 50; n < 150; n += 10) await send(upTo(10).map((i) => n + i))
    // The library wants to have heard of the topic.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '120' }] })
    intake.stuck = false
    await expect.poll(() => total(numbers)).toBe(80)
    expect(numbers.get(0)).toEqual([...upTo(50), ...upTo(30).map((n) => 120 + n)])
    const missed = `barograph.collector.kafka.missed{topic=${topic}}`
    await expect.poll(() => counts[missed]).toBe(70)
    expect(told).toEqual([`Kafka deleted records of ${topic}/0 before they were read {"records":70}`])
  })

  test.concurrent('records that are refused for now all come again, in their order', async ({
    expect,
    onTestFinished,
  }) => {
    const { writer, config } = await written(BROKERS, 2, onTestFinished)
    let refused = 0
    let last = -1n
    const { receiver, numbers } = taking(config, (input) => {
      const { position, after } = input as OtlpRequest
      if (position!.partition !== 0) return
      // As the process does it: a record whose predecessor was refused is refused.
      if (after !== undefined && BigInt(after) > last) throw new ServiceError('unavailable', 'not in order')
      if (Number(position!.offset) % 7 === 3 && refused++ % 3 < 2) throw new ServiceError('overloaded', 'later')
      last = BigInt(position!.offset)
    })
    onTestFinished(() => receiver.stop())
    const count = await writer.write(0, 50).stop()
    await receiver.start()
    await expect.poll(() => total(numbers)).toBe(2 * count)
    for (const partition of [0, 1]) expect(numbers.get(partition)).toEqual(upTo(count))
    expect(refused).toBeGreaterThan(0)
  })

  // These two keep everything busy, and the second of them is timed: they go alone.
  test.skipIf(!CODECS.includes('gzip'))(
    'a batch of very many records is read whole',
    async ({ expect, onTestFinished }) => {
      const { topic, config } = await written(BROKERS, 1, onTestFinished)
      const count = 200_000
      await kcatLines(
        BROKERS,
        topic,
        'gzip',
        upTo(count).map((n) => `0:${n}`),
      )
      const { receiver, numbers } = taking(config)
      onTestFinished(() => receiver.stop())
      await receiver.start()
      await expect.poll(() => total(numbers)).toBe(count)
      expect(numbers.get(0)).toEqual(upTo(count))
    },
  )

  test('an intake that is slow holds the fetching back, and is never without work', async ({
    expect,
    onTestFinished,
  }) => {
    const { kafka, topic, config } = await written(BROKERS, 2, onTestFinished)
    const producer = kafka.producer()
    await producer.connect()
    onTestFinished(() => producer.disconnect())
    const text = (partition: number, n: number): string => `${partition}:${n}:${'x'.repeat(50_000)}`
    for (let n = 0; n < 200; n += 10) {
      const messages = upTo(10).flatMap((i) =>
        [0, 1].map((partition) => ({ partition, value: text(partition, n + i) })),
      )
      await producer.send({ topic, messages })
    }
    // 20 MB, of which 1 MB may be held. One answer of the broker is up to 8 MB.
    const limits = { bodies_in_flight: 2e6, body_inflated: 1e6 }
    let most = 0
    const intake = { stuck: true }
    const { receiver, numbers, gauges } = taking(
      config,
      async () => {
        most = Math.max(most, gauges['barograph.collector.kafka.held']!() as number)
        while (intake.stuck) await sleep(5)
      },
      limits,
    )
    onTestFinished(() => receiver.stop())
    await receiver.start()
    await expect.poll(() => most).toBeGreaterThan(0)
    await sleep(3000)
    const lag = gauges['barograph.collector.kafka.partition.lag']!() as readonly Reading[]
    expect(lag.map(({ value, attributes }) => [attributes['partition'], value])).toEqual([
      ['0', 200],
      ['1', 200],
    ])
    intake.stuck = false
    const from_ms = performance.now()
    await expect.poll(() => total(numbers), { timeout: 5000, interval: 5 }).toBe(400)
    expect(performance.now() - from_ms).toBeLessThan(3000)
    expect(most).toBeLessThan(1e6 + 8.5 * 2 ** 20)
    for (const partition of [0, 1]) expect(numbers.get(partition)).toEqual(upTo(200))
  })
})
