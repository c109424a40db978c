import type { ServiceError } from '#core/errors.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface KafkaRecord {
  readonly offset: bigint
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
  /** Why it could not be unpacked. */
  readonly refusal: ServiceError | undefined
}

/** Records of one partition, in order. */
export interface RecordBatch extends TopicPartition {
  readonly records: readonly KafkaRecord[]
  /** The offset of the first of them, or of what stands there and is no record. */
  readonly first: bigint
  /** The offset behind them; what is no record, as the end of a transaction, is left behind too. */
  readonly next: bigint
  /** Where the partition ended when they were fetched. */
  readonly end: bigint
}

/** What a partition holds: offsets from `first`, before `end`. */
export interface PartitionRange {
  readonly first: bigint
  readonly end: bigint
}

/** A topic as it is now. One that is not there has no partitions. */
export interface TopicState {
  /** By which it is told from another that had its name; undefined where the broker says none. */
  readonly id: string | undefined
  /** By partition; those that nobody leads are left out. */
  readonly ranges: ReadonlyMap<number, PartitionRange>
}

export interface ConsumerEvents {
  /** These are ours now, and no others. Called before anything of them is read: the place for `seek` and `pause`. */
  assigned(partitions: readonly TopicPartition[]): void
  /** Nothing more is fetched from the same broker before this settles; the membership is kept meanwhile. */
  batch(batch: RecordBatch): Promise<void>
  /** The broker has not answered for a while, and is asked again until it does; or it answers again. */
  answering(answers: boolean): void
  /** Reading ended and does not begin again by itself: close it, and open another. */
  failed(error: Error): void
}

/** One membership in a consumer group. It decides nothing: where to begin and how fast to go is for the one who uses it. */
export interface GroupConsumer {
  /** Topics that exist. Works before `open`. */
  topics(): Promise<readonly string[]>
  /** Joins, and begins to read: from the first record of each partition, but for `seek`. Rejects where no broker answers. */
  open(topics: readonly string[]): Promise<void>
  /** Leaves the group; waits for `batch` to settle. Harmless when not open, and twice. */
  close(): Promise<void>
  seek(at: TopicPartition, offset: bigint): void
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** Asks the broker. */
  topic(name: string): Promise<TopicState>
  /** Where the group stands, by partition; those without are left out. */
  committed(topic: string): Promise<ReadonlyMap<number, bigint>>
  /** Tried for as long as reading is; rejects where the group is changing. */
  commit(offsets: readonly (TopicPartition & { readonly next: bigint })[]): Promise<void>
}
