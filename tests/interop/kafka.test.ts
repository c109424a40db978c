// A real Kafka broker between a producer and the receiver. Set BAROGRAPH_TEST_KAFKA to its address.
import { readFileSync } from 'node:fs'

import kafkajs, { type Kafka, type Producer } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import type { OtlpRequest } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'

import { receivers } from '../../collector/index.ts'
import type { KafkaConfig, Positions, RunningReceiver } from '../../collector/index.ts'
import { decoded } from '../../collector/testing/decoding.fixture.ts'
import { receiverDeps } from '../../collector/testing/receiving.fixture.ts'

const { CompressionTypes, logLevel } = kafkajs
const BROKERS = process.env['BAROGRAPH_TEST_KAFKA'] ?? ''
const WAIT = { timeout: 15_000, interval: 50 }

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

function receiving(topic: string, options: Partial<KafkaConfig> = {}, positions?: Positions, log?: Log) {
  const base = receiverDeps()
  const deps = { ...base, positions: positions ?? base.positions, log: log ?? base.log }
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

async function send(topic: string, values: readonly (Buffer | string)[], compression = CompressionTypes.None) {
  await producer.send({ topic, compression, messages: values.map((value) => ({ value })) })
}

/** Snappy in the frame that Kafka wants: one block, one literal of up to 256 bytes. */
function snappy(bytes: Buffer): Buffer {
  const { length } = bytes
  const varint = length < 128 ? [length] : [(length % 128) | 128, Math.floor(length / 128)]
  const block = Buffer.concat([Buffer.from([...varint, 60 << 2, length - 1]), bytes])
  const head = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, block.length])
  return Buffer.concat([head, block])
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

  test.each([
    ['None', CompressionTypes.None],
    ['GZIP', CompressionTypes.GZIP],
    ['ZSTD', CompressionTypes.ZSTD],
  ])('records arrive whole, with their positions: %s', async (_, compression) => {
    const topic = await topicWith(1)
    const body = fixture('js-05-metrics.pb')
    const { receiver, requests } = receiving(topic)
    await receiver.start()
    await send(topic, [body, body], compression)
    await expect.poll(() => requests.length, WAIT).toBe(2)
    expect(requests).toMatchObject([
      { signal: 'metrics', encoding: 'proto', position: { topic, partition: 0, offset: '0' } },
      { position: { offset: '1' } },
    ])
    expect(decoded(requests[0]!).lines).toHaveLength(5)
    expect(receiver.lagging()).toBe(false)
  })

  test('in JSON, of all signals', async () => {
    const [metrics, logs] = [await topicWith(1), await topicWith(1)]
    const { receiver, requests } = receiving(metrics, { topics: { metrics, logs }, encoding: 'otlp_json' })
    await send(metrics, [fixture('js-01-metrics.json')])
    await send(logs, [fixture('js-07-logs.json')])
    await receiver.start()
    await expect.poll(() => requests.map(({ signal }) => signal).toSorted(), WAIT).toEqual(['logs', 'metrics'])
    expect(decoded(requests.find(({ signal }) => signal === 'logs')!).logs).toMatchObject([{ body: 'boom' }])
  })

  test('reading goes on behind what is stored, whatever the group remembers', async () => {
    const topic = await topicWith(2)
    const messages = [0, 1, 2, 3].flatMap((n) => [0, 1].map((partition) => ({ value: `${partition}-${n}`, partition })))
    await producer.send({ topic, messages })
    const stored = (next: bigint): Positions => ({ next: (_, partition) => (partition === 0 ? next : undefined) })
    const first = receiving(topic, {}, stored(2n))
    await first.receiver.start()
    await expect.poll(() => first.requests.length, WAIT).toBe(6)
    const seen = first.requests.map(({ body }) => Buffer.from(body).toString())
    expect(seen.toSorted()).toEqual(['0-2', '0-3', '1-0', '1-1', '1-2', '1-3'])
    await first.receiver.stop()
    const second = receiving(topic, {}, stored(3n))
    await second.receiver.start()
    await expect.poll(() => second.requests.length, WAIT).toBe(5)
  })

  test('from latest begins with what comes', async () => {
    const topic = await topicWith(1)
    await send(topic, ['old'])
    const { receiver, requests } = receiving(topic, { from: 'latest' })
    await receiver.start()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await send(topic, ['new'])
    await expect.poll(() => requests.map(({ body }) => Buffer.from(body).toString()), WAIT).toEqual(['new'])
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
    await expect.poll(() => receiver.lagging(), WAIT).toBe(true)
    await expect.poll(() => requests.length, WAIT).toBe(2)
    await expect.poll(() => receiver.lagging(), WAIT).toBe(false)
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
    const { receiver, intake, requests, meter } = receiving(topic, {}, undefined, log)
    intake.answer = (input) => {
      if (Buffer.from((input as OtlpRequest).body).toString() === 'bad') throw new ServiceError('bad_data', 'no')
      return { rejected: 0, message: '' }
    }
    await receiver.start()
    await send(topic, ['bad', 'good', 'bad', 'good'])
    await expect.poll(() => requests.length, WAIT).toBe(2)
    expect(told.filter((message) => message.includes('is no OTLP'))).toHaveLength(1)
    expect(meter.counts['barograph.collector.requests{receiver=kafka,signal=metrics,outcome=bad_data}']).toBe(2)
  })

  test('a topic that does not exist is told, and the others are read', async () => {
    const metrics = await topicWith(1)
    await send(metrics, ['a'])
    const told: string[] = []
    const log: Log = { debug() {}, info() {}, warn: (message) => told.push(message), error() {} }
    const { receiver, requests } = receiving(metrics, { topics: { metrics, logs: 'not_there' } }, undefined, log)
    await receiver.start()
    await expect.poll(() => requests.length, WAIT).toBe(1)
    expect(told[0]).toContain('Kafka has no topic not_there')
  })

  test('a record packed in a way that we cannot unpack is told, and reading is tried again', async () => {
    const topic = await topicWith(1)
    const { CompressionCodecs } = kafkajs
    const original = CompressionCodecs[CompressionTypes.Snappy]
    const compress = ({ buffer }: { buffer: Buffer }) => Promise.resolve(snappy(buffer))
    CompressionCodecs[CompressionTypes.Snappy] = () => ({ compress, decompress: compress })
    await send(topic, ['a'], CompressionTypes.Snappy)
    CompressionCodecs[CompressionTypes.Snappy] = original
    const told: string[] = []
    const log: Log = { debug() {}, info() {}, warn() {}, error: (message) => told.push(message) }
    const { receiver, meter } = receiving(topic, {}, undefined, log)
    await receiver.start()
    await expect.poll(() => told.join(), WAIT).toContain('reading from Kafka failed')
    expect(Object.keys(meter.counts).some((name) => name.includes('kafka.crashes'))).toBe(true)
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
    await expect.poll(() => offered, WAIT).toBeGreaterThan(0)
    await receiver.stop()
    const before = offered
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(offered).toBe(before)
  })
})
