import { ServiceError } from '#core/errors.ts'

import type { KafkaRecord, RecordBatch, TopicPartition } from './consumer.ts'
import { Fifo } from './fifo.ts'
import type { Window } from './window.ts'

/** How a record stands to what was taken before. */
export interface Place {
  /** The one before it, which must have been taken, or this one must not be. */
  readonly after: bigint | undefined
  /** What was taken is of another partition that had its name. */
  readonly anew: boolean
  /** Id of its topic; undefined where the broker says none. */
  readonly topicId: string | undefined
}

/** What is done with records: the same for all lanes. */
export interface LaneWork {
  readonly window: Window
  /** Offers a record to the intake. Rejects with what the intake says. */
  submit(at: TopicPartition, record: KafkaRecord, place: Place): Promise<void>
  /** A record is left out for good. */
  refused(at: TopicPartition, record: KafkaRecord, error: unknown): void
  /** So many bytes more are held; less where it is negative. */
  hold(bytes: number): void
  /** Before what was refused for now is offered again. */
  pause(): Promise<void>
  /** True when nothing more is to be offered. */
  closed(): boolean
}

interface Item {
  readonly record: KafkaRecord
  readonly bytes: number
  /** The offset behind it, and behind what came with it and is no record. */
  readonly next: bigint
}

interface Flight {
  readonly item: Item
  /** Undefined: taken. Never rejects. */
  readonly outcome: Promise<{ readonly error: unknown } | undefined>
}

/** What a record costs beside its bytes, so that a million tombstones are something. */
const OVERHEAD = 64

const isRetryable = (error: unknown): boolean => error instanceof ServiceError && error.retryable

/**
 * One partition: its records go to the intake in their order, several at once. When one is refused for now, those behind it
 * were refused too, for they come `after` it: all go back, and are offered again.
 */
export class Lane implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly #work: LaneWork
  readonly #queue = new Fifo<Item>()
  readonly #flight = new Fifo<Flight>()
  #running = false
  /** What is in flight belongs to an assignment that is over: nothing is offered before it has landed. */
  #landing = false
  #goingBack = false
  #landed: (() => void)[] = []
  #after: bigint | undefined
  /** The offset behind what was pushed since `reset`. */
  #pushed: bigint | undefined
  /** Offsets that were passed over: from the first, before the second. */
  #gaps: (readonly [from: bigint, to: bigint])[] = []
  /** Nothing was taken yet since `beginAnew`. */
  #anew = false
  /** The first offset that is not done; undefined until it is known. */
  next: bigint | undefined
  /** Of the topic of which it is done, and offered; undefined where it is not known. */
  topicId: string | undefined
  /** Where the partition ends, as far as it is known. */
  end = 0n

  constructor({ topic, partition }: TopicPartition, work: LaneWork) {
    this.topic = topic
    this.partition = partition
    this.#work = work
  }

  /** Records that are known and not done. */
  get lag(): bigint {
    return this.next === undefined || this.end < this.next ? 0n : this.end - this.next
  }

  /** Nothing is queued, and nothing in flight. */
  get empty(): boolean {
    return this.#flight.length === 0 && this.#queue.length === 0
  }

  /** What was done is of another partition that had this name. While nothing of that is here any more (`empty`). */
  beginAnew(next: bigint, end: bigint): void {
    this.next = next
    this.end = end
    this.#after = undefined
    this.#pushed = undefined
    this.#gaps = []
    this.#anew = true
  }

  /** Reading goes on from here. */
  passTo(offset: bigint): void {
    const from = this.#pushed ?? this.next
    if (from === undefined || from >= offset) return
    this.#gaps.push([from, offset])
    this.#pushed = offset
  }

  /**
   * How many of the offsets that were passed over since the last time lie before `first`, with which the partition begins now. Those behind it
   * are no records: compaction and the ends of transactions leave gaps.
   */
  missed(first: bigint): number {
    const missed = this.#gaps.reduce((sum, [from, to]) => {
      const before = (to < first ? to : first) - from
      return before > 0n ? sum + before : sum
    }, 0n)
    this.#gaps = []
    return Number(missed)
  }

  push({ records, first, next, end }: RecordBatch): void {
    this.end = end
    // It was fetched before `reset`: what lies between comes again, and with it this.
    const expected = this.#pushed ?? this.next
    if (records.length === 0 && expected !== undefined && first > expected) return
    if (records.length > 0) this.passTo(records[0]!.offset)
    if (this.#pushed === undefined || this.#pushed < next) this.#pushed = next
    let bytes = 0
    for (const [i, record] of records.entries()) {
      const size = OVERHEAD + (record.refusal === undefined ? (record.value?.length ?? 0) : 0)
      bytes += size
      this.#queue.push({ record, bytes: size, next: i === records.length - 1 ? next : record.offset + 1n })
    }
    const empty: KafkaRecord = { offset: next - 1n, value: null, refusal: undefined }
    if (records.length === 0) this.#queue.push({ record: empty, bytes: 0, next })
    this.#work.hold(bytes)
    void this.#run()
  }

  /** Forgets what was not offered yet: it is fetched again, by us or by another. */
  reset(): void {
    for (const { bytes } of this.#queue.clear()) this.#work.hold(-bytes)
    this.#pushed = undefined
    this.#landing = this.#flight.length > 0
  }

  /** When nothing of before `reset` is in flight any more. */
  landed(): Promise<void> {
    if (!this.#landing) return Promise.resolve()
    return new Promise((resolve) => {
      this.#landed.push(resolve)
    })
  }

  #land(): void {
    this.#landing = false
    for (const landed of this.#landed.splice(0)) landed()
  }

  async #run(): Promise<void> {
    if (this.#running) return this.#offer()
    this.#running = true
    while (this.#flight.length > 0 || (this.#queue.length > 0 && !this.#work.closed())) {
      this.#offer()
      const first = this.#flight.first()
      if (first === undefined) await this.#work.window.room()
      else await this.#settle(first)
    }
    this.#running = false
  }

  /** As many as there is room for. */
  #offer(): void {
    if (this.#landing || this.#goingBack || this.#work.closed()) return
    for (let item = this.#queue.first(); item !== undefined; item = this.#queue.first()) {
      // Those behind it would be taken for known.
      if (this.#anew && this.#flight.length > 0) return
      if (!this.#work.window.take(item.bytes)) return
      this.#queue.shift()
      this.#flight.push({ item, outcome: this.#outcome(item.record) })
    }
  }

  async #outcome(record: KafkaRecord): Promise<{ readonly error: unknown } | undefined> {
    // Tombstones say nothing; and what is done already was in flight when it was fetched again.
    if (record.value === null || (this.next !== undefined && record.offset < this.next)) return undefined
    if (record.refusal !== undefined) return { error: record.refusal }
    const anew = this.#anew
    const after = anew ? undefined : this.#after
    this.#after = record.offset
    try {
      await this.#work.submit(this, record, { after, anew, topicId: this.topicId })
      this.#anew &&= !anew
      return undefined
    } catch (error) {
      return { error }
    }
  }

  async #settle({ item, outcome }: Flight): Promise<void> {
    const result = await outcome
    if (result !== undefined && isRetryable(result.error)) return this.#back()
    this.#flight.shift()
    if (this.next === undefined || this.next < item.next) this.next = item.next
    if (this.end < item.next) this.end = item.next
    if (result !== undefined) this.#work.refused(this, item.record, result.error)
    this.#release(item)
    if (this.#flight.length === 0) this.#land()
    await this.#work.window.turn(item.bytes)
  }

  #release({ bytes }: Item): void {
    this.#work.window.give(bytes)
    this.#work.hold(-bytes)
  }

  async #back(): Promise<void> {
    this.#goingBack = true
    await Promise.all(this.#flight.all().map(({ outcome }) => outcome))
    const flight = this.#flight.clear()
    // The chain begins anew: whatever is stored, the first of them is the next.
    this.#after = undefined
    for (const { item } of flight) this.#work.window.give(item.bytes)
    if (this.#landing) for (const { item } of flight) this.#work.hold(-item.bytes)
    else this.#queue.putBack(flight.map(({ item }) => item))
    this.#land()
    await this.#work.pause()
    this.#goingBack = false
  }
}
