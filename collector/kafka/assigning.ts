import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'

import type { Positions } from '../receivers/receiver.ts'
import type { GroupConsumer, PartitionRange, TopicPartition, TopicState } from './consumer.ts'
import type { FirstLook } from './first-look.ts'
import type { Lane } from './lane.ts'
import { doneOf, type Lanes } from './lanes.ts'
import { freshIn, isRemade, Remade } from './remade.ts'
import type { KafkaConfig } from './settings.ts'
import { Unreadable } from './unreadable.ts'
import { within } from './within.ts'

/** The broker is asked so often where partitions end: while nothing is fetched nobody else says it. */
const LOOK_MS = 10_000
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
/** Whoever starts does not wait longer to know how much there is. */
const KNOWN_MS = 5000

export interface AssigningOptions {
  readonly consumer: GroupConsumer
  readonly lanes: Lanes
  readonly from: KafkaConfig['from']
  readonly positions: Positions
  readonly first: FirstLook
  readonly clock: Clock
  readonly meter: Meter
  readonly log: Log
}

/** Where reading begins in the partitions that we are given, and how far it is to their ends. For one membership. */
export class Assigning {
  readonly #options: AssigningOptions
  readonly #remade: Remade
  readonly #unreadable: Unreadable
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
    this.#unreadable = new Unreadable(options.log)
    this.#cancels = [
      () => this.#remade.close(),
      clock.every(LOOK_MS, () => void this.#look()),
      clock.every(COMMIT_MS, () => void this.#commit(lanes.mine)),
    ]
  }

  /** These are ours now: each goes on behind what is stored, once it is known that it is still the same. */
  assigned(partitions: readonly TopicPartition[]): void {
    const { lanes, consumer, clock } = this.#options
    const gone = lanes.assign(partitions)
    this.#partitions = partitions
    this.#remade.assigned()
    consumer.pause(partitions)
    // Of what was fetched before and is not handed over yet nothing is: it lies behind what the lanes have just forgotten.
    for (const at of partitions) consumer.seek(at, lanes.of(at).next ?? 0n)
    for (const lane of gone) void lane.landed().then(() => this.#commit([lane]))
    void this.#lookAfter(gone)
    this.#known = within(clock, KNOWN_MS, this.#begin(partitions))
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

  /** Asks first, then begins. */
  async #begin(partitions: readonly TopicPartition[]): Promise<void> {
    const { consumer, from, log } = this.#options
    if (from === 'committed') await this.#pause(HANDOVER_MS)
    while (this.#isCurrent(partitions)) {
      try {
        const committed =
          from === 'committed' ? await askAll(partitions, (topic) => consumer.committed(topic)) : undefined
        const topics = await askAll(partitions, (topic) => consumer.topic(topic))
        if (!this.#isCurrent(partitions)) return
        this.#unreadable.look(partitions, topics)
        const begun = partitions.filter((at) => {
          return this.#beginAt(at, topics.get(at.topic)!, committed?.get(at.topic)?.get(at.partition))
        })
        return consumer.resume(begun)
      } catch (error) {
        log.debug('it is not known yet where to begin', { error: messageOf(error) })
        await this.#pause(ASK_AGAIN_MS)
      }
    }
  }

  /** False where it is not the partition any more of which something is stored. `theirs`: where the group stands. */
  #beginAt(at: TopicPartition, topic: TopicState, theirs: bigint | undefined): boolean {
    const { lanes, positions, consumer, first } = this.#options
    const lane = lanes.of(at)
    first.note(at.topic, topic)
    lane.next ??= positions.next(at.topic, at.partition)
    lane.topicId ??= positions.topicId(at.topic, at.partition)
    if (theirs !== undefined && (lane.next === undefined || lane.next < theirs)) lane.next = theirs
    if (isRemade(lane, lane.next, topic)) {
      this.#remade.suspect(at)
      return false
    }
    lane.topicId ??= topic.id
    const range = topic.ranges.get(at.partition)
    if (range !== undefined) this.#goOn(lane, range)
    consumer.seek(at, lane.next ?? 0n)
    return true
  }

  #goOn(lane: Lane, range: PartitionRange): void {
    lane.end = range.end
    lane.next ??= freshIn(range, lane, this.#options)
    if (lane.next < range.first) {
      lane.passTo(range.first)
      lane.next = range.first
    }
    this.#countMissed(lane, range.first)
  }

  /** What is no longer ours is another's, or nobody's. */
  async #lookAfter(gone: readonly Lane[]): Promise<void> {
    const { consumer, log } = this.#options
    try {
      const topics = await askAll(gone, (topic) => consumer.topic(topic))
      this.#unreadable.look(gone, topics)
    } catch (error) {
      log.debug('it is not known what became of partitions', { error: messageOf(error) })
    }
  }

  /** While it is read. */
  async #look(): Promise<void> {
    const partitions = this.#partitions
    const { consumer, lanes, log } = this.#options
    const known = partitions.map((at) => lanes.of(at).next)
    try {
      const topics = await askAll(partitions, (topic) => consumer.topic(topic))
      if (!this.#isCurrent(partitions)) return
      this.#unreadable.look(partitions, topics)
      for (const [i, at] of partitions.entries()) this.#lookAt(lanes.of(at), topics.get(at.topic)!, known[i])
    } catch (error) {
      log.debug('the ends of the partitions are not known', { error: messageOf(error) })
    }
  }

  /** `known`: the first offset that was not done when the broker was asked. */
  #lookAt(lane: Lane, topic: TopicState, known: bigint | undefined): void {
    if (isRemade(lane, known, topic)) return this.#remade.suspect(lane)
    lane.topicId ??= topic.id
    const range = topic.ranges.get(lane.partition)
    if (range === undefined) return
    lane.end = range.end
    this.#countMissed(lane, range.first)
  }

  #countMissed(lane: Lane, first: bigint): void {
    const records = lane.missed(first)
    if (records === 0) return
    this.#missed.add(records, { topic: lane.topic })
    this.#options.log.warn(`Kafka deleted records of ${lane.topic}/${lane.partition} before they were read`, {
      records,
    })
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
async function askAll<T>(
  partitions: readonly TopicPartition[],
  ask: (topic: string) => Promise<T>,
): Promise<Map<string, T>> {
  const answers = new Map<string, T>()
  for (const topic of new Set(partitions.map((at) => at.topic))) answers.set(topic, await ask(topic))
  return answers
}
