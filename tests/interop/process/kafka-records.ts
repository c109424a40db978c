// Records whose text says where they belong, and receivers that note down what they get.
import { setTimeout as sleep } from 'node:timers/promises'

import kafkajs, { type Admin, type Kafka, type Producer } from 'kafkajs'

import type { Input, OtlpRequest, Receipt } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import { Positions } from '#core/store/positions.ts'

import type { KafkaConfig, ReceiverLimits, RunningReceiver } from '../../../collector/index.ts'
import { receivers } from '../../../collector/index.ts'
import { receiverDeps } from '../../../collector/testing/receiving.fixture.ts'

const { logLevel, Partitioners } = kafkajs
const ACCEPTED: Receipt = { rejected: 0, message: '' }

export interface Writer {
  /** `partition:number` in each partition, once a step until told to stop, but `least` of them; resolves to how many in each. */
  write(pause_ms: number, least?: number): { stop(): Promise<number> }
  close(): Promise<void>
}

export async function createTopic(kafka: Kafka, topic: string, partitions: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true })
  // It is made, and the broker that is asked may hear of it a moment later.
  while (!(await isKnown(admin, topic, partitions))) await sleep(20)
  await admin.disconnect()
}

async function isKnown(admin: Admin, topic: string, partitions: number): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions.length === partitions
  } catch {
    return false
  }
}

/** Whoever is the first group of a broker is told for seconds that its coordinator is loading: it is this one. */
export async function joinFirst(broker: string): Promise<void> {
  const kafka = clientOf(broker)
  const topic = `first_${process.pid}`
  await createTopic(kafka, topic, 1)
  const consumer = kafka.consumer({ groupId: topic, retry: { retries: 100, maxRetryTime: 1000 } })
  await consumer.connect()
  await consumer.subscribe({ topic })
  const joined = Promise.withResolvers<void>()
  consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve())
  await consumer.run({ eachMessage: async () => undefined })
  await joined.promise
  await consumer.disconnect()
}

export const clientOf = (broker: string): Kafka =>
  new kafkajs.Kafka({ clientId: 'test', brokers: broker.split(','), logLevel: logLevel.NOTHING })

async function sent(
  producer: Producer,
  topic: string,
  messages: { partition: number; value: string }[],
): Promise<boolean> {
  try {
    await producer.send({ topic, messages })
    return true
  } catch {
    return false
  }
}

/** Tries until each record is there; after a failure it may be there twice. */
export async function writerTo(kafka: Kafka, topic: string, partitions: number): Promise<Writer> {
  const options = { createPartitioner: Partitioners.DefaultPartitioner, idempotent: true, maxInFlightRequests: 1 }
  const producer: Producer = kafka.producer({ ...options, retry: { retries: 100, maxRetryTime: 1000 } })
  await producer.connect()
  return {
    write(pause_ms, least = 0) {
      const writer = { stopped: false }
      const writing = (async () => {
        let n = 0
        for (; !writer.stopped || n < least; n++) {
          const messages = Array.from({ length: partitions }, (_, partition) => ({
            partition,
            value: `${partition}:${n}`,
          }))
          while (!(await sent(producer, topic, messages))) await sleep(200)
          await sleep(pause_ms)
        }
        return n
      })()
      return {
        stop() {
          writer.stopped = true
          return writing
        },
      }
    },
    close: () => producer.disconnect(),
  }
}

export interface Taken {
  readonly receiver: RunningReceiver
  /** The numbers of each partition, in the order in which they came. */
  readonly numbers: Map<number, number[]>
  /** What is stored. */
  readonly positions: Positions
  readonly told: string[]
  readonly gauges: ReturnType<typeof receiverDeps>['meter']['gauges']
  readonly counts: Readonly<Record<string, number>>
}

/** A receiver that takes everything; `taking` may hold it up, or refuse it. Positions are kept as the process keeps them. */
export function taking(
  config: Partial<KafkaConfig> & Pick<KafkaConfig, 'brokers' | 'group' | 'topics'>,
  answer: (input: Input) => void | Promise<void> = () => undefined,
  limits: Partial<ReceiverLimits> = {},
  positions = new Positions(),
): Taken {
  const deps = receiverDeps(limits)
  const numbers = new Map<number, number[]>()
  const told: string[] = []
  const note: Log['info'] = (text, fields) => told.push(`${text} ${JSON.stringify(fields ?? {})}`)
  const log: Log = { debug() {}, info: note, warn: note, error: note }
  const take = async (input: Input): Promise<Receipt> => {
    await answer(input)
    const { body, position } = input as OtlpRequest
    if (positions.covers(position!)) return ACCEPTED
    positions.advance(position!)
    const { partition } = position!
    const list = numbers.get(partition) ?? []
    numbers.set(partition, list)
    list.push(Number(Buffer.from(body).toString().split(':')[1]))
    return ACCEPTED
  }
  // One at a time, in the order of submit.
  let turn: Promise<unknown> = Promise.resolve()
  deps.intake.answer = (input) => {
    const taken = turn.then(() => take(input))
    turn = taken.catch(() => undefined)
    return taken
  }
  const defaults = { encoding: 'otlp_proto', from: 'earliest' } as const
  const receiver = receivers.kafka.create({ ...defaults, ...config }, { ...deps, positions, log })
  return { receiver, numbers, positions, told, gauges: deps.meter.gauges, counts: deps.meter.counts }
}
