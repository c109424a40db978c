// A real Kafka broker between a producer and the receiver. Set BAROGRAPH_TEST_KAFKA to its address.
import { readFileSync } from 'node:fs'

import kafkajs, { type Kafka, type Producer } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import type { OtlpRequest } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'

import { receivers } from '../../collector/index.ts'
import type { KafkaConfig, Positions, ReceiverLimits, RunningReceiver } from '../../collector/index.ts'
import { decoded, request } from '../../collector/testing/decoding.fixture.ts'
import { receiverDeps } from '../../collector/testing/receiving.fixture.ts'
import { CODECS, kcat } from './process/kcat.ts'

const { logLevel } = kafkajs
const BROKERS = process.env['BAROGRAPH_TEST_KAFKA'] ?? ''

/** Names of this run: the broker may have seen others. */
const run = process.pid
let topics = 0
let kafka: Kafka
let producer: Producer
const open: RunningReceiver[] = []

const fixture = (name: string): Buffer => readFileSync(`${import.meta.dirname}/../fixtures/otlp-js/${name}`)

async function topicWith(partitions: number): Promise<string> {
  const topic = `otlp_${run}_${topics++}`
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true })
  await admin.disconnect()
  return topic
}

interface Given {
  readonly positions?: Positions
  readonly log?: Log
  readonly limits?: Partial<ReceiverLimits>
}

function receiving(topic: string, options: Partial<KafkaConfig> = {}, { limits, ...given }: Given = {}) {
  const deps = { ...receiverDeps(limits), ...given }
  const config: KafkaConfig = {
    brokers: BROKERS.split(','),
    group: `g_${topic}`,
    topics: { metrics: topic },
    encoding: 'otlp_proto',
    from: 'earliest',
    ...options,
  }
  const receiver = receivers.kafka.create(config, deps)
  open.push(receiver)
  return { ...deps, receiver, requests: deps.intake.inputs as OtlpRequest[] }
}

async function send(topic: string, values: readonly (Buffer | string)[]) {
  await producer.send({ topic, messages: values.map((value) => ({ value })) })
}

describe.skipIf(BROKERS === '')('Kafka (skipped unless BAROGRAPH_TEST_KAFKA names a broker)', () => {
  beforeAll(async () => {
    const logged = { logLevel: logLevel.NOTHING }
    kafka = new kafkajs.Kafka({ clientId: 'test', brokers: BROKERS.split(','), ...logged })
    producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    await producer.connect()
  })

  afterEach(async () => {
    await Promise.all(open.splice(0).map((receiver) => receiver.stop()))
  })

  afterAll(() => producer.disconnect())

  test.each(CODECS)('records arrive whole, with their positions: %s', async (codec) => {
    const topic = await topicWith(1)
    const body = fixture('js-05-metrics.pb')
    const { receiver, requests } = receiving(topic)
    await receiver.start()
    await kcat(BROKERS, topic, codec, [body, body])
    await expect.poll(() => requests.length).toBe(2)
    expect(requests).toMatchObject([
      { signal: 'metrics', encoding: 'proto', position: { topic, partition: 0, offset: '0' } },
      { position: { offset: '1' } },
    ])
    expect(decoded(requests[0]!).lines).toEqual(decoded(request('metrics', body)).lines)
    expect(receiver.lagging()).toBe(false)
  })

  test.each(['otlp_json', 'otlp_proto'] as const)('in JSON, of all signals, when told %s', async (encoding) => {
    const [metrics, logs] = [await topicWith(1), await topicWith(1)]
    const { receiver, requests } = receiving(metrics, { topics: { metrics, logs }, encoding })
    await send(metrics, [fixture('js-01-metrics.json')])
    await send(logs, [fixture('js-07-logs.json')])
    await receiver.start()
    await expect.poll(() => requests.map(({ signal }) => signal).toSorted()).toEqual(['logs', 'metrics'])
    expect(decoded(requests.find(({ signal }) => signal === 'logs')!).logs).toMatchObject([{ body: 'boom' }])
  })

  test('reading goes on behind what is stored, whatever the group remembers', async () => {
    const topic = await topicWith(2)
    const messages = [0, 1, 2, 3].flatMap((n) => [0, 1].map((partition) => ({ value: `${partition}-${n}`, partition })))
    await producer.send({ topic, messages })
    const stored = (next: bigint): Positions => ({
      next: (_, partition) => (partition === 0 ? next : undefined),
      topicId: () => undefined,
    })
    const first = receiving(topic, {}, { positions: stored(2n) })
    await first.receiver.start()
    await expect.poll(() => first.requests.length).toBe(6)
    const seen = first.requests.map(({ body }) => Buffer.from(body).toString())
    expect(seen.toSorted()).toEqual(['0-2', '0-3', '1-0', '1-1', '1-2', '1-3'])
    await first.receiver.stop()
    const second = receiving(topic, {}, { positions: stored(3n) })
    await second.receiver.start()
    await expect.poll(() => second.requests.length).toBe(5)
  })

  test('from latest begins with what comes', async () => {
    const topic = await topicWith(1)
    await send(topic, ['old'])
    const { receiver, requests } = receiving(topic, { from: 'latest' })
    await receiver.start()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await send(topic, ['new'])
    await expect.poll(() => requests.map(({ body }) => Buffer.from(body).toString())).toEqual(['new'])
  })

  test('a record that is refused for now is offered again, and we are known to lag until then', async () => {
    const topic = await topicWith(1)
    await send(topic, ['a', 'b'])
    const { receiver, intake, requests, meter } = receiving(topic)
    let refusals = 2
    intake.answer = () => {
      if (refusals-- > 0) throw new ServiceError(refusals === 1 ? 'overloaded' : 'unavailable', 'later')
      return { rejected: 0, message: '' }
    }
    await receiver.start()
    await expect.poll(() => receiver.lagging()).toBe(true)
    await expect.poll(() => requests.length).toBe(2)
    await expect.poll(() => receiver.lagging()).toBe(false)
    expect(requests.map(({ body }) => Buffer.from(body).toString())).toEqual(['a', 'b'])
    expect(meter.counts).toMatchObject({
      'barograph.collector.requests{receiver=kafka,signal=metrics,outcome=overloaded}': 1,
      'barograph.collector.requests{receiver=kafka,signal=metrics,outcome=unavailable}': 1,
      'barograph.collector.requests{receiver=kafka,signal=metrics,outcome=ok}': 2,
    })
  })

  test('a record that is no OTLP is left out, told once and counted', async () => {
    const topic = await topicWith(1)
    const told: string[] = []
    const log: Log = { debug() {}, info() {}, warn: (message) => told.push(message), error() {} }
    const { receiver, intake, requests, meter } = receiving(topic, {}, { log })
    intake.answer = (input) => {
      if (Buffer.from((input as OtlpRequest).body).toString() === 'bad') throw new ServiceError('bad_data', 'no')
      return { rejected: 0, message: '' }
    }
    await receiver.start()
    await send(topic, ['bad', 'good', 'bad', 'good'])
    await expect.poll(() => requests.length).toBe(2)
    expect(told.filter((message) => message.includes('is no OTLP'))).toHaveLength(1)
    expect(meter.counts['barograph.collector.requests{receiver=kafka,signal=metrics,outcome=bad_data}']).toBe(2)
  })

  test('a topic that does not exist is told, and the others are read', async () => {
    const metrics = await topicWith(1)
    await send(metrics, ['a'])
    const told: string[] = []
    const log: Log = { debug() {}, info() {}, warn: (message) => told.push(message), error() {} }
    const { receiver, requests } = receiving(metrics, { topics: { metrics, logs: 'not_there' } }, { log })
    await receiver.start()
    await expect.poll(() => requests.length).toBe(1)
    expect(told[0]).toContain('Kafka has no topic not_there')
  })

  test.each(CODECS)(
    'what would be too large unpacked is told and counted, what comes behind it is read: %s',
    async (codec) => {
      const topic = await topicWith(1)
      const told: string[] = []
      const log: Log = { debug() {}, info() {}, warn: (message) => told.push(message), error() {} }
      const { receiver, requests, meter } = receiving(topic, {}, { log, limits: { body_inflated: 100_000 } })
      await receiver.start()
      await kcat(BROKERS, topic, codec, ['a'])
      await kcat(BROKERS, topic, codec, ['b'.repeat(60_000), 'c'.repeat(60_000), 'd'.repeat(200_000)])
      await kcat(BROKERS, topic, codec, ['e'])
      await expect.poll(() => requests.map(({ body }) => String.fromCharCode(body[0]!))).toContain('e')
      expect(told.filter((message) => message.includes('too large'))).toHaveLength(1)
      const tooLarge = meter.counts['barograph.collector.requests{receiver=kafka,signal=metrics,outcome=too_large}']
      // A batch is one thing when it is packed: its small records are lost with it.
      expect(tooLarge).toBe(codec === 'none' ? 1 : 3)
      expect(requests).toHaveLength(codec === 'none' ? 4 : 2)
      await expect.poll(() => receiver.lagging()).toBe(false)
    },
  )

  test('tombstones and headers change nothing', async () => {
    const topic = await topicWith(1)
    const { receiver, requests } = receiving(topic)
    await receiver.start()
    const headers = { tenant: 'x', bytes: Buffer.from([0, 255]) }
    await producer.send({
      topic,
      messages: [{ value: null }, { key: 'k', value: 'a', headers }, { key: 'k', value: null }],
    })
    await expect.poll(() => requests.map(({ position }) => position?.offset)).toEqual(['1'])
    await expect.poll(() => receiver.lagging()).toBe(false)
  })

  test('transactions: what was taken back is not read, and their ends are no backlog', async () => {
    const topic = await topicWith(1)
    const { receiver, requests } = receiving(topic)
    await receiver.start()
    const writer = kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 })
    await writer.connect()
    for (const value of ['kept', 'taken back']) {
      const transaction = await writer.transaction()
      await transaction.send({ topic, messages: [{ value }] })
      // The end comes alone.
      await new Promise((resolve) => setTimeout(resolve, 500))
      await (value === 'kept' ? transaction.commit() : transaction.abort())
    }
    await writer.disconnect()
    await expect.poll(() => requests.map(({ body }) => Buffer.from(body).toString())).toEqual(['kept'])
    await expect.poll(() => receiver.lagging()).toBe(false)
  })

  test('stopping does not wait for a record that nobody takes', async () => {
    const topic = await topicWith(1)
    await send(topic, ['a'])
    const { receiver, intake } = receiving(topic)
    let offered = 0
    intake.answer = () => {
      offered++
      throw new ServiceError('unavailable', 'the disk is full')
    }
    await receiver.start()
    await expect.poll(() => offered).toBeGreaterThan(0)
    await receiver.stop()
    const before = offered
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(offered).toBe(before)
  })
})
