import type { Reading } from '#core/ports/meter.ts'

import type { RecordBatch, TopicPartition } from './consumer.ts'
import { Lane, type LaneWork } from './lane.ts'
import { Window } from './window.ts'

/** In the hands of the intake at once. */
const WINDOW_BYTES = 2 * 2 ** 20
/** Partitions with a line of their own in the metric of lag; the rest is one line. */
const PARTITIONS_SHOWN = 1000

export interface LanesOptions {
  readonly work: Omit<LaneWork, 'window' | 'hold' | 'closed'>
  /** Bytes of records beyond which the next batch is not fetched. */
  readonly held: number
}

/** The partitions that are ours, and all records of them that are in memory. */
export class Lanes {
  readonly #options: LanesOptions
  readonly #work: LaneWork
  /** What is known of those that were ours is kept for when they come back. */
  readonly #known = new Map<string, Lane>()
  #mine: Lane[] = []
  #held = 0
  #closed = false
  #waiting: (() => void)[] = []

  constructor(options: LanesOptions) {
    this.#options = options
    this.#work = {
      ...options.work,
      window: new Window(WINDOW_BYTES),
      hold: (bytes) => this.#hold(bytes),
      closed: () => this.#closed,
    }
  }

  /** Bytes of records that are queued or in flight. */
  get held(): number {
    return this.#held
  }

  get lag(): bigint {
    return this.#mine.reduce((sum, { lag }) => sum + lag, 0n)
  }

  readings(): Reading[] {
    const all = this.#mine.map(({ topic, partition, lag }) => {
      return { value: Number(lag), attributes: { topic, partition: String(partition) } }
    })
    const rest = all.splice(PARTITIONS_SHOWN).reduce((sum, { value }) => sum + value, 0)
    return rest === 0 ? all : [...all, { value: rest, attributes: { topic: 'other', partition: 'other' } }]
  }

  of(at: TopicPartition): Lane {
    const key = `${at.topic}/${at.partition}`
    const lane = this.#known.get(key) ?? new Lane(at, this.#work)
    this.#known.set(key, lane)
    return lane
  }

  /** These are ours now, and begin anew behind what is done. Returns those that are no longer ours. */
  assign(partitions: readonly TopicPartition[]): Lane[] {
    const before = this.#mine
    for (const lane of before) lane.reset()
    this.#mine = partitions.map((at) => this.of(at))
    return before.filter((lane) => !this.#mine.includes(lane))
  }

  /** Settles when there is room for the next batch. */
  async push(batch: RecordBatch): Promise<void> {
    this.of(batch).push(batch)
    while (this.#held >= this.#options.held && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
  }

  get mine(): readonly Lane[] {
    return this.#mine
  }

  /** Offers nothing more; settles when what was offered has been answered. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    for (const lane of this.#mine) lane.reset()
    await Promise.all(this.#mine.map((lane) => lane.landed()))
  }

  #hold(bytes: number): void {
    this.#held += bytes
    if (this.#held < this.#options.held) this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** What is done, for those in which anything is. */
export function doneOf(lanes: readonly Lane[]): (TopicPartition & { readonly next: bigint })[] {
  return lanes.flatMap(({ topic, partition, next }) => (next === undefined ? [] : [{ topic, partition, next }]))
}
