import type { Consumer, ConsumerCrashEvent, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { SignalKind } from '#core/ports/intake.ts'
import type { Counter } from '#core/ports/meter.ts'

import { createClient } from '../kafka/client.ts'
import { Partitions } from '../kafka/partitions.ts'
import type { Receiver, ReceiverDeps, RunningReceiver } from './receiver.ts'
import { createTraffic, type Traffic } from './traffic.ts'

export interface KafkaConfig {
  readonly brokers: readonly string[]
  readonly group: string
  readonly topics: Readonly<Partial<Record<SignalKind, string | undefined>>>
  readonly encoding: 'otlp_proto' | 'otlp_json'
  /** Where to begin in a partition of which nothing is stored. */
  readonly from: 'earliest' | 'latest'
}

/** A refused record is offered again after this long, the group told meanwhile that we live. */
const RETRY_MS = 500
/** A consumer that gave up is replaced after this long. */
const RESTART_MS = 5000
/** Topics that do not exist yet are looked for again after this long. */
const LOOK_MS = 30_000
/** A member that was killed holds its partitions for so long. */
const SESSION_MS = 10_000
/** A fetch that finds nothing waits this long for something; `stop` waits for it. */
const FETCH_WAIT_MS = 500

class KafkaReceiver implements RunningReceiver {
  readonly addresses: RunningReceiver['addresses'] = []
  readonly #config: KafkaConfig
  readonly #deps: ReceiverDeps
  readonly #signals: ReadonlyMap<string, SignalKind>
  readonly #partitions = new Partitions()
  readonly #traffic: Traffic
  readonly #crashes: Counter
  /** It was said that Kafka does not answer. */
  #away = false
  /** Partitions of which a refused record was told, topics that were missed, errors that stay. */
  readonly #told = new Set<string>()
  readonly #kafka: Kafka
  #consumer: Consumer | undefined
  #restart: (() => void) | undefined
  #stopped = false
  /** Until it settles nobody knows whether we lag. */
  #surveying: Promise<void> | undefined

  constructor(config: KafkaConfig, deps: ReceiverDeps) {
    this.#config = config
    this.#deps = deps
    const topics = Object.entries(config.topics) as [SignalKind, string | undefined][]
    this.#signals = new Map(topics.flatMap(([signal, topic]) => (topic === undefined ? [] : [[topic, signal]])))
    this.#traffic = createTraffic(deps.meter, 'kafka')
    this.#crashes = deps.meter.counter('barograph.collector.kafka.crashes', {
      description: 'Times that the consumer gave up and was started again',
    })
    deps.meter.gauge('barograph.collector.kafka.lag', { description: 'Records known and not yet taken' }, () => {
      return Number(this.#partitions.lag())
    })
    this.#kafka = createClient(config.brokers, deps.log, deps.limits.body_inflated)
  }

  lagging(): boolean {
    return this.#partitions.lag() > 0n
  }

  /** A broker that is away is no reason not to start: it is said, and tried again until it answers. */
  async start(): Promise<void> {
    try {
      await this.#open()
    } catch (error) {
      await this.#close()
      this.#sayAway(error)
      if (!this.#stopped) this.#restart = this.#deps.clock.after(RESTART_MS, () => void this.#again())
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#restart?.()
    await this.#close()
  }

  async #close(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    await consumer?.disconnect().catch((error: unknown) => {
      this.#deps.log.debug('leaving Kafka failed', { error: messageOf(error) })
    })
  }

  async #open(): Promise<void> {
    if (this.#stopped) return
    const { group, from } = this.#config
    const topics = await this.#existing()
    if (topics.length === 0) return
    const maxBytes = this.#deps.limits.body_inflated
    const times = { maxWaitTimeInMs: FETCH_WAIT_MS, sessionTimeout: SESSION_MS }
    const consumer = this.#kafka.consumer({ groupId: group, maxBytes, ...times })
    this.#consumer = consumer
    consumer.on(consumer.events.GROUP_JOIN, async ({ payload }) => this.#joined(consumer, payload.memberAssignment))
    consumer.on(consumer.events.CRASH, (event) => this.#crashed(consumer, event))
    await consumer.connect()
    await consumer.subscribe({ topics, fromBeginning: from === 'earliest' })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => this.#batch(payload),
    })
    await this.#surveying
    // `stop` may have come in between, when there was nothing to leave yet.
    if (this.#stopped) await consumer.disconnect()
  }

  /** Those of our topics that are there. The others are told once, and looked for again. */
  async #existing(): Promise<string[]> {
    const admin = this.#kafka.admin()
    try {
      await admin.connect()
      const all = new Set(await admin.listTopics())
      const wanted = [...this.#signals.keys()]
      const missing = wanted.filter((topic) => !all.has(topic))
      if (missing.length > 0 && !this.#stopped) this.#await(missing)
      return wanted.filter((topic) => all.has(topic))
    } finally {
      await admin.disconnect().catch(() => undefined)
    }
  }

  #await(missing: readonly string[]): void {
    const key = missing.join(', ')
    if (!this.#told.has(key)) {
      const message = `Kafka has no topic ${key} (see kafka.topics); it is read from when it comes`
      this.#deps.log.warn(message, { looked_for_again_ms: LOOK_MS })
    }
    this.#told.add(key)
    this.#restart?.()
    this.#restart = this.#deps.clock.after(LOOK_MS, () => void this.#look(missing))
  }

  async #look(missing: readonly string[]): Promise<void> {
    const admin = this.#kafka.admin()
    try {
      await admin.connect()
      const all = new Set(await admin.listTopics())
      if (missing.some((topic) => all.has(topic))) return void this.#again()
    } catch (error) {
      this.#deps.log.debug('Kafka was not asked for topics', { error: messageOf(error) })
    } finally {
      await admin.disconnect().catch(() => undefined)
    }
    if (!this.#stopped) this.#await(missing)
  }

  /** Goes on behind what is stored. The seeks come before the first fetch: listeners are called at once. */
  async #joined(consumer: Consumer, assignment: Readonly<Record<string, readonly number[]>>): Promise<void> {
    if (this.#away) this.#deps.log.info('Kafka answers again')
    this.#away = false
    this.#partitions.assign(assignment)
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const next = this.#next(topic, partition)
        if (next !== undefined) consumer.seek({ topic, partition, offset: String(next) })
      }
    }
    this.#surveying = this.#survey(Object.keys(assignment))
    await this.#surveying
  }

  #next(topic: string, partition: number): bigint | undefined {
    return this.#partitions.next(topic, partition) ?? this.#deps.positions.next(topic, partition)
  }

  /** Asks how much there is to read: until then nobody knows that we lag. */
  async #survey(topics: readonly string[]): Promise<void> {
    const admin = this.#kafka.admin()
    try {
      await admin.connect()
      for (const topic of topics) {
        for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
          const [first, end] = [BigInt(low), BigInt(high)]
          const fresh = this.#config.from === 'earliest' ? first : end
          const next = this.#next(topic, partition) ?? fresh
          this.#partitions.found(topic, partition, { next: next < first ? first : next, end })
        }
      }
    } catch (error) {
      this.#deps.log.debug('the ends of the partitions are not known yet', { error: messageOf(error) })
    } finally {
      await admin.disconnect().catch(() => undefined)
    }
  }

  #crashed(consumer: Consumer, { payload: { error, restart } }: ConsumerCrashEvent): void {
    this.#crashes.add(1, { error: error.name })
    if (this.#stopped || consumer !== this.#consumer) return
    if (restart) return this.#sayAway(error)
    const advice =
      error.name === 'KafkaJSNotImplemented'
        ? 'producers may use none, gzip or zstd; it is tried again'
        : 'it is tried again'
    if (!this.#told.has(error.message))
      this.#deps.log.error(`reading from Kafka failed: ${error.message}; ${advice}`, { after_ms: RESTART_MS })
    this.#told.add(error.message)
    this.#restart = this.#deps.clock.after(RESTART_MS, () => void this.#again())
  }

  /** Said once for as long as it lasts; the library tries again by itself, or we do. */
  #sayAway(error: unknown): void {
    const where = this.#config.brokers.join(', ')
    const message = `cannot read from Kafka at ${where}; see kafka.brokers and kafka.topics; it is tried again`
    this.#deps.log[this.#away ? 'debug' : 'warn'](message, { error: messageOf(error) })
    this.#away = true
  }

  async #again(): Promise<void> {
    await this.#close()
    try {
      await this.#open()
    } catch (error) {
      this.#sayAway(error)
      if (!this.#stopped) this.#restart = this.#deps.clock.after(RESTART_MS, () => void this.#again())
    }
  }

  async #batch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const { topic, partition, highWatermark } = batch
    this.#partitions.end(topic, partition, BigInt(highWatermark))
    for (const message of batch.messages) {
      if (!payload.isRunning() || payload.isStale()) return
      if (!(await this.#message(payload, message))) return
      payload.resolveOffset(message.offset)
      this.#partitions.done(topic, partition, BigInt(message.offset) + 1n)
      await payload.heartbeat()
    }
    // Records of transactions stand behind the last message; they are done with it.
    this.#partitions.done(topic, partition, BigInt(batch.lastOffset()) + 1n)
  }

  /** False where it was not taken because we are leaving. */
  async #message(payload: EachBatchPayload, { offset, value }: KafkaMessage): Promise<boolean> {
    const { topic, partition } = payload.batch
    const signal = this.#signals.get(topic)
    if (value === null || signal === undefined) return true
    this.#traffic.bytes(signal, value.length)
    const encoding = this.#config.encoding === 'otlp_json' ? 'json' : 'proto'
    const position = { topic, partition, offset }
    for (;;) {
      try {
        await this.#deps.intake.submit({ kind: 'otlp', signal, encoding, body: value, position })
        this.#traffic.request(signal, 'ok')
        return true
      } catch (error) {
        const code = error instanceof ServiceError ? error.code : 'internal'
        this.#traffic.request(signal, code)
        if (!(error instanceof ServiceError && error.retryable)) {
          this.#refused(topic, partition, { offset, code, error: messageOf(error) })
          return true
        }
      }
      await new Promise<void>((resolve) => {
        this.#deps.clock.after(RETRY_MS, resolve)
      })
      if (!payload.isRunning() || payload.isStale()) return false
      await payload.heartbeat()
    }
  }

  #refused(topic: string, partition: number, fields: Readonly<Record<string, string>>): void {
    const key = `${topic}/${partition}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    const message = `a record of ${key} is no OTLP and was left out; more of this partition are only counted`
    this.#deps.log.warn(message, { topic, partition, ...fields })
  }
}

/** OTLP from Kafka topics, one document a record, as the Collector's exporter writes it. Positions live with the data. */
export const kafka: Receiver<KafkaConfig> = {
  type: 'kafka',
  create: (config, deps) => new KafkaReceiver(config, deps),
}
