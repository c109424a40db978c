import { messageOf, ServiceError } from '#core/errors.ts'
import type { KafkaPosition, SignalKind } from '#core/ports/intake.ts'
import type { Counter } from '#core/ports/meter.ts'

import { adviceOn } from '../kafka/advice.ts'
import { Assigning } from '../kafka/assigning.ts'
import type { ConsumerEvents, GroupConsumer, KafkaRecord, TopicPartition, TopicState } from '../kafka/consumer.ts'
import { FirstLook } from '../kafka/first-look.ts'
import type { Place } from '../kafka/lane.ts'
import { Lanes } from '../kafka/lanes.ts'
import type { KafkaConfig } from '../kafka/settings.ts'
import { TopicWatch } from '../kafka/topic-watch.ts'
import { within } from '../kafka/within.ts'
import type { Receiver, ReceiverDeps, RunningReceiver } from './receiver.ts'
import { createTraffic, type Traffic } from './traffic.ts'

const NOT_THERE: TopicState = { id: undefined, ranges: new Map() }
/** Writers may have an encoding for each signal. No request in protobuf begins so: it would be the start of a group. */
const BRACE = '{'.charCodeAt(0)
/** What was refused for now is offered again after this long. */
const RETRY_MS = 500
/** A consumer that gave up is replaced after this long. */
const RESTART_MS = 1000
/** Who has joined and was not refused for so long is being answered. */
const SETTLED_MS = 5000

class KafkaReceiver implements RunningReceiver {
  readonly addresses: RunningReceiver['addresses'] = []
  readonly #config: KafkaConfig
  readonly #deps: ReceiverDeps
  readonly #signals: ReadonlyMap<string, SignalKind>
  readonly #lanes: Lanes
  readonly #traffic: Traffic
  readonly #crashes: Counter
  readonly #topics: TopicWatch
  readonly #first = new FirstLook()
  /** It was said that Kafka does not answer. */
  #away = false
  /** Partitions of which a refused record was told. */
  readonly #told = new Set<string>()
  #consumer: GroupConsumer | undefined
  #assigning: Assigning | undefined
  #restart: (() => void) | undefined
  /** Ends the wait until it is said that Kafka answers again. */
  #settling: (() => void) | undefined
  /** One after the other: the consumer that is there, and the one that takes its place. */
  #opening: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(config: KafkaConfig, deps: ReceiverDeps) {
    const { meter, clock, log, limits } = deps
    this.#config = config
    this.#deps = deps
    const topics = Object.entries(config.topics) as [SignalKind, string | undefined][]
    this.#signals = new Map(topics.flatMap(([signal, topic]) => (topic === undefined ? [] : [[topic, signal]])))
    this.#topics = new TopicWatch([...this.#signals.keys()], { clock, log, appeared: () => void this.start() })
    this.#lanes = new Lanes({
      held: limits.bodies_in_flight / 2,
      work: {
        submit: (at, record, place) => this.#submit(at, record, place),
        refused: (at, record, error) => this.#refused(at, record, error),
        pause: () => new Promise((resolve) => void clock.after(RETRY_MS, resolve)),
      },
    })
    this.#traffic = createTraffic(meter, 'kafka')
    this.#crashes = meter.counter('barograph.collector.kafka.crashes', {
      description: 'Times that the consumer gave up and was started again',
    })
    meter.gauge('barograph.collector.kafka.lag', { description: 'Records known and not yet taken' }, () => {
      return Number(this.#lanes.lag)
    })
    meter.gauge(
      'barograph.collector.kafka.partition.lag',
      { description: 'Records known and not yet taken, by topic and partition' },
      () => this.#lanes.readings(),
    )
    meter.gauge('barograph.collector.kafka.held', { description: 'Records of Kafka in memory', unit: 'By' }, () => {
      return this.#lanes.held
    })
  }

  lagging(): boolean {
    return this.#lanes.lag > 0n
  }

  /** A broker that is away is no reason not to start: it is said, and tried again until it answers. */
  start(): Promise<void> {
    this.#opening = this.#opening.then(() => this.#reopen())
    // Nobody waits for this to open another: it may have to be given up before anything is known.
    return this.#opening.then(() => this.#assigning?.known())
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#restart?.()
    this.#settling?.()
    this.#topics.stop()
    const { clock, limits } = this.#deps
    await within(clock, limits.drain_ms, this.#lanes.close())
    await this.#close()
  }

  async #reopen(): Promise<void> {
    try {
      await this.#close()
      await this.#open()
    } catch (error) {
      this.#failed(error)
    }
  }

  async #close(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    await this.#assigning?.close()
    this.#assigning = undefined
    await consumer?.close()
  }

  async #open(): Promise<void> {
    if (this.#stopped) return
    const { log, clock, limits } = this.#deps
    const unpacked = { batch: limits.body_inflated, answer: limits.bodies_in_flight / 4 }
    // When another has taken its place, what it says means nothing.
    const events = this.#events(() => consumer === this.#consumer)
    // Only who reads from Kafka has the memory that its client takes.
    const { KafkajsConsumer } = await import('../kafka/kafkajs-consumer.ts')
    if (this.#stopped) return
    const consumer: GroupConsumer = new KafkajsConsumer({ config: this.#config, limits: unpacked, clock, log, events })
    this.#consumer = consumer
    const { from } = this.#config
    this.#assigning = new Assigning({ ...this.#deps, consumer, lanes: this.#lanes, from, first: this.#first })
    const topics = await this.#topics.existing(consumer)
    for (const topic of this.#signals.keys()) if (!topics.includes(topic)) this.#first.note(topic, NOT_THERE)
    if (topics.length === 0 || this.#stopped) return
    await consumer.open(topics)
    // `stop` may have come in between, when there was nothing to leave yet.
    if (this.#stopped) await consumer.close()
  }

  #events(isCurrent: () => boolean): ConsumerEvents {
    return {
      assigned: (partitions) => {
        if (!isCurrent()) return
        // Whoever may join may still not be allowed to read.
        this.#settling?.()
        this.#settling = this.#deps.clock.after(SETTLED_MS, () => this.#say(undefined))
        this.#assigning?.assigned(partitions)
      },
      batch: async (batch) => {
        if (!isCurrent()) return
        this.#say(undefined)
        await this.#lanes.push(batch)
      },
      answering: (answers) => {
        if (isCurrent()) this.#say(answers ? undefined : new ServiceError('unavailable', 'it does not answer'))
      },
      failed: (error) => {
        if (isCurrent()) this.#failed(error)
      },
    }
  }

  #failed(error: unknown): void {
    if (this.#stopped) return
    this.#crashes.add(1, { error: error instanceof Error ? error.name : 'unknown' })
    this.#say(error)
    this.#settling?.()
    this.#restart?.()
    this.#restart = this.#deps.clock.after(RESTART_MS, () => void this.start())
  }

  /** Once for as long as it lasts; undefined when it is over. */
  #say(error: unknown): void {
    const { log } = this.#deps
    if (error === undefined) {
      if (this.#away) log.info('Kafka answers again')
    } else {
      const where = this.#config.brokers.join(', ')
      const message = `cannot read from Kafka at ${where}; ${adviceOn(error, this.#config)}; it is tried again`
      log[this.#away ? 'debug' : 'warn'](message, { error: messageOf(error) })
    }
    this.#away = error !== undefined
  }

  async #submit(at: TopicPartition, { offset, value }: KafkaRecord, place: Place): Promise<void> {
    const signal = this.#signals.get(at.topic)
    if (value === null || signal === undefined) return
    this.#traffic.bytes(signal, value.length)
    try {
      await this.#deps.intake.submit({
        kind: 'otlp',
        signal,
        encoding: this.#config.encoding === 'otlp_json' || value[0] === BRACE ? 'json' : 'proto',
        body: value,
        position: positionOf(at, offset, place),
        ...(place.after !== undefined && { after: String(place.after) }),
      })
      this.#traffic.request(signal, 'ok')
    } catch (error) {
      this.#traffic.request(signal, error instanceof ServiceError ? error.code : 'internal')
      throw error
    }
  }

  #refused({ topic, partition }: TopicPartition, { offset, refusal }: KafkaRecord, error: unknown): void {
    const signal = this.#signals.get(topic)
    const code = error instanceof ServiceError ? error.code : 'internal'
    // What could not be unpacked was never offered, and is counted here.
    if (refusal !== undefined && signal !== undefined) this.#traffic.request(signal, code)
    const key = `${topic}/${partition}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    const what = code === 'too_large' ? 'is too large (see limits.body_inflated)' : 'is no OTLP (see kafka.encoding)'
    const message = `a record of ${key} ${what} and was left out; more of this partition are only counted`
    this.#deps.log.warn(message, { topic, partition, offset: String(offset), code, error: messageOf(error) })
  }
}

function positionOf({ topic, partition }: TopicPartition, offset: bigint, { topicId, anew }: Place): KafkaPosition {
  const named = { topic, partition, offset: String(offset), ...(topicId !== undefined && { topic_id: topicId }) }
  return anew ? { ...named, anew } : named
}

/** OTLP from Kafka topics, one document a record, as the Collector's exporter writes it. Positions live with the data. */
export const kafka: Receiver<KafkaConfig> = {
  type: 'kafka',
  create: (config, deps) => new KafkaReceiver(config, deps),
}
