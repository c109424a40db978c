// A process of its own that reads a topic to its end and counts: CLIENT BROKER TOPIC RECORDS. One JSON line.
import { Consumer } from '@platformatic/kafka'
import kafkajs from 'kafkajs'

import { systemClock } from '#core/clock.ts'
import type { OtlpRequest } from '#core/ports/intake.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'

import { Budget, RECEIVER_LIMITS, receivers } from '../../collector/index.ts'

const [client = '', broker = '', topic = '', count = ''] = process.argv.slice(2)
const records = Number(count)
const group = `bench-${process.pid}-${Date.now()}`
const finished = Promise.withResolvers<void>()
let seen = 0
/** The longest since the first record. */
let delay_ms = 0
let bytes = 0

function take(value: Uint8Array | null): void {
  if (seen === 0) delay_ms = 0
  seen++
  bytes += value?.length ?? 0
  if (seen === records) finished.resolve()
}

/** Our receiver, before an intake that takes everything. */
async function barograph(): Promise<void> {
  const submit = async (input: unknown) => {
    take((input as OtlpRequest).body)
    return { rejected: 0, message: '' }
  }
  const config = { brokers: [broker], group, topics: { metrics: topic } }
  const deps = { intake: { submit }, clock: systemClock, meter: silentMeter, log: silentLog, limits: RECEIVER_LIMITS }
  const receiver = receivers.kafka.create(
    { ...config, encoding: 'otlp_proto', from: 'earliest' },
    {
      ...deps,
      positions: { next: () => undefined, topicId: () => undefined },
      bodies: new Budget(RECEIVER_LIMITS.bodies_in_flight, silentMeter),
    },
  )
  await receiver.start()
}

/** As it comes: its own gzip, and no other codec. */
async function plainKafkajs(): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 250 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch }) => Promise.resolve(batch.messages.forEach(({ value }) => take(value))),
  })
}

async function platformatic(): Promise<void> {
  const connection = { clientId: 'bench', groupId: group, bootstrapBrokers: [broker], maxWaitTime: 250 }
  const consumer = new Consumer({ ...connection, maxBytes: 8 * 2 ** 20, maxBytesPerPartition: 2 ** 20 })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  stream.on('data', ({ value }) => take(value))
}

const CLIENTS: Readonly<Record<string, () => Promise<void>>> = { barograph, kafkajs: plainKafkajs, platformatic }

let tick_ms = performance.now()
setInterval(() => {
  const now_ms = performance.now()
  delay_ms = Math.max(delay_ms, now_ms - tick_ms - 5)
  tick_ms = now_ms
}, 5)
const before = process.cpuUsage()
await CLIENTS[client]!()
await finished.promise
const { user, system } = process.cpuUsage(before)
const rss_bytes = process.memoryUsage.rss()
process.stdout.write(`${JSON.stringify({ cpu_s: (user + system) / 1e6, bytes, delay_ms, rss_bytes })}\n`)
process.exit()
