import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'

import type { GroupConsumer, PartitionRange, TopicPartition } from './consumer.ts'
import type { Lane } from './lane.ts'
import { doneOf, type Lanes } from './lanes.ts'
import { Remade } from './remade.ts'
import type { KafkaConfig } from './settings.ts'
import { within } from './within.ts'

/** The broker is asked so often where partitions end: while nothing is fetched nobody else says it. */
const SURVEY_MS = 10_000
/** So often the group hears how far we are: for its other members, and for those who look at it with Kafka's own tools. */
const COMMIT_MS = 5000
/** Where the group's word counts: the member that had a partition before has so long to say how far it came. */
const HANDOVER_MS = 2000
/** A commit that failed, as it does while the group changes, is tried so often again. */
const COMMIT_AGAIN = { times: 5, after_ms: 200 }
/** Leaving does not wait longer for the last one. */
const LAST_COMMIT_MS = 2000
/** A question that failed is asked again after this long. */
const ASK_AGAIN_MS = 1000

export interface AssigningOptions {
  readonly consumer: GroupConsumer
  readonly lanes: Lanes
  readonly from: KafkaConfig['from']
  readonly positions: { next(topic: string, partition: number): bigint | undefined }
  readonly clock: Clock
  readonly meter: Meter
  readonly log: Log
}

/** `known`: the first offset that was not done when the broker was asked. */
type Found = (at: TopicPartition, range: PartitionRange, known: bigint | undefined) => void

/** Where reading begins in the partitions that we are given, and how far it is to their ends. For one membership. */
export class Assigning {
  readonly #options: AssigningOptions
  readonly #remade: Remade
  readonly #missed: Counter
  readonly #cancels: (() => void)[]
  /** What the group knows already. */
  readonly #committed = new Map<string, bigint>()
  #committing: Promise<void> = Promise.resolve()
  #partitions: readonly TopicPartition[] = []
  #known: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: AssigningOptions) {
    this.#options = options
    this.#missed = options.meter.counter('barograph.collector.kafka.missed', {
      description: 'Records that Kafka deleted before they were read',
    })
    const { clock, lanes } = options
    this.#remade = new Remade(options)
    this.#cancels = [
      () => this.#remade.close(),
      clock.every(SURVEY_MS, () => void this.#survey(this.#partitions, this.#look)),
      clock.every(COMMIT_MS, () => void this.#commit(lanes.mine)),
    ]
  }

  /** These are ours now: each goes on behind what is stored. */
  assigned(partitions: readonly TopicPartition[]): void {
    const { lanes, consumer, from } = this.#options
    const gone = lanes.assign(partitions)
    this.#partitions = partitions
    this.#remade.assigned()
    const unknown: TopicPartition[] = []
    consumer.resume(partitions)
    for (const at of partitions) {
      const next = this.#next(at)
      // Where the group stands says nothing about what is stored here; before the first record is at the first.
      consumer.seek(at, next ?? 0n)
      if (from === 'committed' || (from === 'latest' && next === undefined)) unknown.push(at)
    }
    if (unknown.length > 0) consumer.pause(unknown)
    for (const lane of gone) void lane.landed().then(() => this.#commit([lane]))
    this.#known = unknown.length > 0 ? this.#begin(unknown) : this.#survey(partitions, this.#found)
  }

  /** When it is known how much there is to read. */
  known(): Promise<void> {
    return this.#known
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const cancel of this.#cancels) cancel()
    const { clock, lanes } = this.#options
    await within(clock, LAST_COMMIT_MS, this.#commit(lanes.mine))
  }

  #next(at: TopicPartition): bigint | undefined {
    const { lanes, positions } = this.#options
    return lanes.of(at).next ?? positions.next(at.topic, at.partition)
  }

  /** Asks first, then begins. */
  async #begin(unknown: readonly TopicPartition[]): Promise<void> {
    const { consumer, from, lanes } = this.#options
    const partitions = this.#partitions
    if (from === 'committed') await this.#pause(HANDOVER_MS)
    while (this.#isCurrent(partitions)) {
      try {
        const committed = from === 'committed' ? await askAll(unknown, (topic) => consumer.committed(topic)) : undefined
        await this.#asked(partitions, this.#found)
        if (!this.#isCurrent(partitions)) return
        for (const at of unknown) {
          const lane = lanes.of(at)
          const theirs = committed?.get(at.topic)?.get(at.partition)
          if (theirs !== undefined && (lane.next === undefined || lane.next < theirs)) lane.next = theirs
          if (lane.next !== undefined) consumer.seek(at, lane.next)
        }
        return consumer.resume(unknown)
      } catch (error) {
        this.#options.log.debug('it is not known yet where to begin', { error: messageOf(error) })
        await this.#pause(ASK_AGAIN_MS)
      }
    }
  }

  async #survey(partitions: readonly TopicPartition[], found: Found): Promise<void> {
    try {
      await this.#asked(partitions, found)
    } catch (error) {
      this.#options.log.debug('the ends of the partitions are not known yet', { error: messageOf(error) })
    }
  }

  async #asked(partitions: readonly TopicPartition[], found: Found): Promise<void> {
    const { consumer, lanes } = this.#options
    const known = partitions.map((at) => lanes.of(at).next)
    const ranges = await askAll(partitions, (topic) => consumer.ranges(topic))
    if (!this.#isCurrent(partitions)) return
    for (const [i, at] of partitions.entries()) {
      const range = ranges.get(at.topic)?.get(at.partition)
      if (range !== undefined) found(at, range, known[i])
    }
  }

  /** While it is read. */
  readonly #look: Found = (at, { first, end }, known) => {
    this.#options.lanes.of(at).end = end
    this.#countMissed(at, first)
    if (known !== undefined && end < known) this.#remade.suspect(at)
  }

  /** Before anything is read. */
  readonly #found: Found = (at, range) => {
    const { consumer, lanes, from } = this.#options
    const fresh = this.#next(at) ?? (from === 'latest' ? range.end : range.first)
    const lane = lanes.of(at)
    const gap = lanes.found(at, range, fresh)
    if (gap === 'beyond') return this.#remade.suspect(at)
    if (gap === 'deleted') {
      lane.passTo(range.first)
      lane.next = range.first
      consumer.seek(at, range.first)
    }
    this.#countMissed(at, range.first)
  }

  #countMissed(at: TopicPartition, first: bigint): void {
    const records = this.#options.lanes.of(at).missed(first)
    if (records === 0) return
    this.#missed.add(records, { topic: at.topic })
    this.#options.log.warn(`Kafka deleted records of ${at.topic}/${at.partition} before they were read`, { records })
  }

  /** One after the other: a word that comes late must not take back what was said after it. */
  #commit(lanes: readonly Lane[]): Promise<void> {
    this.#committing = this.#committing.then(() => this.#commitNow(lanes, COMMIT_AGAIN.times))
    return this.#committing
  }

  async #commitNow(lanes: readonly Lane[], times: number): Promise<void> {
    const offsets = doneOf(lanes).filter((at) => this.#committed.get(keyOf(at)) !== at.next)
    try {
      await this.#options.consumer.commit(offsets)
      for (const at of offsets) this.#committed.set(keyOf(at), at.next)
    } catch (error) {
      this.#options.log.debug('the group was not told how far we are', { error: messageOf(error) })
      if (times === 0 || this.#closed) return
      await this.#pause(COMMIT_AGAIN.after_ms)
      await this.#commitNow(lanes, times - 1)
    }
  }

  #isCurrent(partitions: readonly TopicPartition[]): boolean {
    return !this.#closed && this.#partitions === partitions
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve)
      this.#cancels.push(() => {
        cancel()
        resolve()
      })
    })
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

/** One question a topic. */
export async function askAll<T>(
  partitions: readonly TopicPartition[],
  ask: (topic: string) => Promise<T>,
): Promise<Map<string, T>> {
  const answers = new Map<string, T>()
  for (const topic of new Set(partitions.map((at) => at.topic))) answers.set(topic, await ask(topic))
  return answers
}
