import { type BytesReader, type Exchange, internal, Reader, type RequestKind, Writer } from './protocol.ts'

/** From this version on brokers say the id of a topic (KIP-516, Kafka 3.1). */
const WITH_IDS = 12
const KEY = 3
const ERRORS = { none: 0, unknownTopic: 3, noLeader: 5 }
const NO_ID = 'A'.repeat(22)

interface Question {
  readonly topics: readonly string[]
  readonly allowAutoTopicCreation?: boolean
}

interface PartitionMetadata {
  readonly partitionErrorCode: number
  readonly partitionId: number
  readonly leader: number
  /** Of its topic, as Kafka's own tools write it; absent where the broker knows none. */
  readonly topicId?: string
}

interface TopicMetadata {
  readonly topicErrorCode: number
  readonly topic: string
  readonly partitionMetadata: readonly PartitionMetadata[]
}

interface Metadata {
  readonly topicMetadata: readonly TopicMetadata[]
}

const kind = internal('kafkajs/src/protocol/requests/metadata/index.js') as {
  -readonly [Key in keyof RequestKind<Question, Metadata>]: RequestKind<Question, Metadata>[Key]
}
const library = { versions: kind.versions, protocol: kind.protocol }
const NEWEST = Math.max(...library.versions.map(Number))

/** Nobody writes any to us yet. */
function skipTags(reader: BytesReader): void {
  for (let left = reader.readUVarInt(); left > 0; left--) {
    reader.readUVarInt()
    reader.forward(reader.readUVarInt())
  }
}

function tagged<T>(reader: BytesReader, value: T): T {
  skipTags(reader)
  return value
}

const writer = (): InstanceType<typeof Writer> => new Writer()

/** Metadata request, version 12; the first byte still belongs to the head: no tags. */
function encode({ topics, allowAutoTopicCreation = true }: Question) {
  const body = writer().writeUVarInt(0)
  const named = topics.map((name) => writer().writeBuffer(Buffer.alloc(16)).writeUVarIntString(name).writeUVarInt(0))
  // No list: all topics.
  if (named.length === 0) body.writeUVarInt(0)
  else body.writeUVarIntArray(named)
  return body.writeBoolean(allowAutoTopicCreation).writeBoolean(false).writeUVarInt(0)
}

const int32s = (reader: BytesReader): number[] => reader.readUVarIntArray((each) => each.readInt32()) ?? []

function broker(reader: BytesReader) {
  const address = { nodeId: reader.readInt32(), host: reader.readUVarIntString(), port: reader.readInt32() }
  return tagged(reader, { ...address, rack: reader.readUVarIntString() })
}

function partition(reader: BytesReader) {
  const who = { partitionErrorCode: reader.readInt16(), partitionId: reader.readInt32(), leader: reader.readInt32() }
  const epoch = { leaderEpoch: reader.readInt32() }
  return tagged(reader, {
    ...who,
    ...epoch,
    replicas: int32s(reader),
    isr: int32s(reader),
    offlineReplicas: int32s(reader),
  })
}

function topic(reader: BytesReader): TopicMetadata {
  const named = { topicErrorCode: reader.readInt16(), topic: reader.readUVarIntString() ?? '' }
  const id = reader.readBytes(16).toString('base64url')
  const isInternal = reader.readBoolean()
  const partitions = reader.readUVarIntArray(partition) ?? []
  // What we may do with it, which was not asked.
  reader.readInt32()
  const partitionMetadata = id === NO_ID ? partitions : partitions.map((each) => ({ ...each, topicId: id }))
  return tagged(reader, { ...named, isInternal, partitionMetadata })
}

/** Metadata response, version 12, in the library's words. */
function decode(bytes: Buffer): Metadata {
  const reader = new Reader(bytes)
  skipTags(reader)
  const clientSideThrottleTime = reader.readInt32()
  const brokers = reader.readUVarIntArray(broker) ?? []
  const cluster = { clusterId: reader.readUVarIntString(), controllerId: reader.readInt32() }
  return {
    throttleTime: 0,
    clientSideThrottleTime,
    brokers,
    ...cluster,
    topicMetadata: reader.readUVarIntArray(topic) ?? [],
  } as Metadata
}

/** A topic that is not there has no partitions, and a partition without a leader is not there. */
function onlyExisting(answer: Metadata): Metadata {
  const topicMetadata = answer.topicMetadata.map((one) => {
    const isThere = one.topicErrorCode !== ERRORS.unknownTopic && one.topicErrorCode !== ERRORS.noLeader
    if (!isThere) return { ...one, topicErrorCode: ERRORS.none, partitionMetadata: [] }
    return { ...one, partitionMetadata: one.partitionMetadata.filter(({ leader }) => leader >= 0) }
  })
  return { ...answer, topicMetadata }
}

function exchange(version: number, question: Question): Exchange<Metadata> {
  const { request, response } = library.protocol({ version: Math.min(version, NEWEST) })(question)
  const parse = (answer: Metadata) =>
    response.parse(question.allowAutoTopicCreation === false ? onlyExisting(answer) : answer)
  if (version < WITH_IDS) return { request, response: { decode: (bytes) => response.decode(bytes), parse } }
  return {
    request: { apiKey: KEY, apiVersion: WITH_IDS, apiName: 'Metadata', encode: async () => encode(question) },
    response: { decode: async (bytes) => decode(bytes), parse },
  }
}

/**
 * For all clients of the process. kafkajs 2.2 refuses to know anything as soon as one topic that it reads is deleted, or one partition of
 * the cluster has no leader, and stops reading all others; and it does not know the ids of topics, by which one is told from another
 * that had its name (`topicIdOf`). Whoever lets topics be made, as writers do, still hears of one that is not there.
 */
export function mendMetadata(): void {
  kind.versions = [...library.versions, String(WITH_IDS)]
  kind.protocol =
    ({ version }) =>
    (question) =>
      exchange(version, question)
}

/** As Kafka's own tools write it (base64url), from what the library hands on of a topic's partitions; undefined where brokers know no ids. */
export function topicIdOf(partitions: readonly object[]): string | undefined {
  return (partitions[0] as PartitionMetadata | undefined)?.topicId
}
