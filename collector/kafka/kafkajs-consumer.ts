import type { Admin, Batch, Consumer, EachBatchPayload, Kafka } from 'kafkajs'

import type { Clock } from '#core/clock.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'

import { createClient } from './client.ts'
import { Codecs, type UnpackLimits } from './codecs.ts'
import type { ConsumerEvents, GroupConsumer, RecordBatch, TopicPartition, TopicState } from './consumer.ts'
import { topicIdOf } from './metadata.ts'
import type { KafkaConfig } from './settings.ts'
import { within } from './within.ts'

/** A member that was killed holds its partitions for so long. */
const SESSION_MS = 10_000
/** While a batch waits to be taken the group is told so often that we live. */
const BEAT_MS = 1000
/** A fetch that finds nothing waits this long for something; `close` waits for it, and so does one whose partitions are all paused. */
const FETCH_WAIT_MS = 250
/** Every second without an answer is counted; after so many it is said. */
const SILENCE = { every_ms: 1000, ticks: 5 }
/** A question is answered soon, or not. Reading is tried for as long as it takes: a member that comes back has its place. */
const RETRIES = { question: 3, reading: 1_000_000 }
/** New partitions of a topic, and those that have a leader again, are found after this long. */
const METADATA_MS = 10_000
/** Packed. An answer is unpacked as a whole before anything of it is handed on; a batch that is cut off is sent again, so that a
 * partition's share must not be less than the megabyte that brokers take. */
const FETCH_BYTES = { answer: 8 * 2 ** 20, partition: 2 ** 20 }

export interface KafkajsOptions {
  readonly config: Pick<KafkaConfig, 'brokers' | 'group' | 'sasl' | 'ssl'>
  readonly limits: UnpackLimits
  readonly clock: Clock
  readonly log: Log
  readonly events: ConsumerEvents
}

/** The port on `kafkajs`, with codecs of our own. */
export class KafkajsConsumer implements GroupConsumer {
  readonly #options: KafkajsOptions
  readonly #reading: Kafka
  readonly #asking: Kafka
  readonly #codecs: Codecs
  #consumer: Consumer | undefined
  #admin: Promise<Admin> | undefined
  #closed = false
  #cancel: (() => void) | undefined
  /** Ticks since the broker last answered. */
  #silence = 0

  constructor(options: KafkajsOptions) {
    this.#options = options
    const client = { ...options, closed: () => this.#closed }
    this.#reading = createClient({ ...client, retries: RETRIES.reading })
    this.#asking = createClient({ ...client, retries: RETRIES.question })
    this.#codecs = new Codecs(options.limits)
  }

  topics(): Promise<string[]> {
    return this.#ask((admin) => admin.listTopics())
  }

  async open(topics: readonly string[]): Promise<void> {
    const { config } = this.#options
    const consumer = this.#reading.consumer({
      groupId: config.group,
      sessionTimeout: SESSION_MS,
      heartbeatInterval: BEAT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      metadataMaxAge: METADATA_MS,
      // Whoever deleted a topic makes it anew as he wants it.
      allowAutoTopicCreation: false,
      maxBytes: FETCH_BYTES.answer,
      maxBytesPerPartition: FETCH_BYTES.partition,
      // It would start again beside the one that takes its place.
      retry: { retries: RETRIES.reading, restartOnFailure: () => Promise.resolve(false) },
    })
    this.#consumer = consumer
    this.#listen(consumer)
    await consumer.connect()
    // It answers; but a group in which a member was killed lets nobody in before that one has timed out.
    this.#silence = -SESSION_MS / SILENCE.every_ms
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachBatch: (payload) => this.#batch(payload) })
    // `close` may have come in between, when there was nothing to leave yet.
    if (this.#closed) await consumer.disconnect()
  }

  #listen(consumer: Consumer): void {
    const { events, clock } = this.#options
    this.#cancel = clock.every(SILENCE.every_ms, () => this.#tick())
    consumer.on(consumer.events.FETCH, () => this.#heard())
    consumer.on(consumer.events.HEARTBEAT, () => this.#heard())
    // Listeners are called at once, so that these come before the next fetch.
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => events.assigned(partitionsOf(payload.memberAssignment)))
    consumer.on(consumer.events.FETCH_START, () => this.#codecs.begin())
    consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => {
      // Only ends of transactions: they never reach `eachBatch`.
      if (payload.batchSize === 0) void events.batch(boundsOf(payload))
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!this.#closed) events.failed(payload.error)
    })
  }

  #tick(): void {
    if (this.#silence++ === SILENCE.ticks) this.#options.events.answering(false)
  }

  #heard(): void {
    const silent = this.#silence > SILENCE.ticks
    this.#silence = 0
    if (silent) this.#options.events.answering(true)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    const [consumer, admin] = [this.#consumer, this.#admin]
    this.#consumer = undefined
    this.#admin = undefined
    await this.#leave(consumer)
    await this.#leave(admin)
  }

  seek({ topic, partition }: TopicPartition, offset: bigint): void {
    this.#consumer?.seek({ topic, partition, offset: String(offset) })
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#consumer?.pause(partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] })))
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#consumer?.resume(partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] })))
  }

  topic(name: string): Promise<TopicState> {
    const question = (admin: Admin) => stateOf(admin, name)
    // A connection goes by the partitions that it heard of first: those that were added are known to another one.
    return this.#ask(question).catch(() => this.#ask(question))
  }

  async committed(topic: string): Promise<Map<number, bigint>> {
    const { group } = this.#options.config
    const [found] = await this.#ask((admin) => admin.fetchOffsets({ groupId: group, topics: [topic] }))
    const known = (found?.partitions ?? []).filter(({ offset }) => !offset.startsWith('-'))
    return new Map(known.map(({ partition, offset }) => [partition, BigInt(offset)]))
  }

  async commit(offsets: readonly (TopicPartition & { readonly next: bigint })[]): Promise<void> {
    const list = offsets.map(({ topic, partition, next }) => ({ topic, partition, offset: String(next) }))
    if (list.length === 0 || this.#consumer === undefined) return
    if (this.#silence > SILENCE.ticks) throw new ServiceError('unavailable', 'Kafka does not answer')
    await this.#consumer.commitOffsets(list)
  }

  /** One connection for questions; after a failure the next one asks on a new one. */
  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = (this.#admin ??= this.#connected())
    try {
      return await question(await admin)
    } catch (error) {
      if (this.#admin === admin) this.#admin = undefined
      void this.#leave(admin)
      throw error
    }
  }

  async #connected(): Promise<Admin> {
    if (this.#closed) throw new ServiceError('unavailable', 'the connection to Kafka is closed')
    const admin = this.#asking.admin()
    await admin.connect()
    return admin
  }

  async #leave(one: Consumer | Promise<Admin> | undefined): Promise<void> {
    try {
      await (await one)?.disconnect()
    } catch (error) {
      this.#options.log.debug('leaving Kafka failed', { error: messageOf(error) })
    }
  }

  async #batch(payload: EachBatchPayload): Promise<void> {
    if (payload.isStale()) return
    let taken = false
    const taking = this.#options.events.batch(this.#recordsOf(payload.batch)).finally(() => {
      taken = true
    })
    for (;;) {
      await within(this.#options.clock, BEAT_MS, taking)
      if (taken || !payload.isRunning()) return
      // Throws when the group is changing: the library joins again, and what follows is fetched again.
      await payload.heartbeat()
    }
  }

  #recordsOf(batch: Batch): RecordBatch {
    const records = batch.messages.map(({ offset, value }) => ({
      offset: BigInt(offset),
      value,
      refusal: this.#codecs.refusal(value),
    }))
    return { ...boundsOf({ ...batch, firstOffset: batch.firstOffset(), lastOffset: batch.lastOffset() }), records }
  }
}

/** Rejects where partitions were added since the connection first heard of the topic. */
async function stateOf(admin: Admin, topic: string): Promise<TopicState> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const { partitions = [] } = topics[0] ?? {}
  const offsets = partitions.length === 0 ? [] : await admin.fetchTopicOffsets(topic)
  const ranges = new Map(
    offsets.map(({ partition, low, high }) => [partition, { first: BigInt(low), end: BigInt(high) }]),
  )
  if (partitions.some(({ partitionId }) => !ranges.has(partitionId)))
    throw new ServiceError('unavailable', `${topic} has other partitions than before`)
  return { id: topicIdOf(partitions), ranges }
}

function partitionsOf(assignment: Readonly<Record<string, readonly number[]>>): TopicPartition[] {
  return Object.entries(assignment).flatMap(([topic, list]) => list.map((partition) => ({ topic, partition })))
}

interface Bounds extends TopicPartition {
  /** Null where there is nothing at or behind the offset that was asked for. */
  readonly firstOffset: string | null
  readonly lastOffset: string
  readonly highWatermark: string
}

function boundsOf({ topic, partition, firstOffset, lastOffset, highWatermark }: Bounds): RecordBatch {
  const [first, next] = [BigInt(firstOffset ?? lastOffset), BigInt(lastOffset) + 1n]
  return { topic, partition, records: [], first, next, end: BigInt(highWatermark) }
}
