// What a broker answers, byte for byte as version 12 has it (https://kafka.apache.org/protocol, Metadata).
import { beforeAll, expect, test } from 'vitest'

import { mendMetadata, topicIdOf } from './metadata.ts'
import { type Exchange, internal } from './protocol.ts'

interface Answer {
  readonly topicMetadata: readonly {
    readonly topic: string
    readonly partitionMetadata: readonly { readonly partitionId: number }[]
  }[]
}

type Ask = (question: object) => Exchange<Answer> & { readonly request: { readonly apiVersion: number } }

const { lookup, requests } = internal('kafkajs/src/protocol/requests/index.js') as {
  readonly lookup: (versions: object) => (key: number, kind: unknown) => Ask
  readonly requests: { readonly Metadata: unknown }
}
const kindFor = (maxVersion: number) => lookup({ 3: { minVersion: 0, maxVersion } })(3, requests.Metadata)

const int16 = (value: number): Buffer => Buffer.of(value >> 8, value & 255)
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length + 1), Buffer.from(value)])
const list = (items: readonly Buffer[]): Buffer => Buffer.concat([Buffer.of(items.length + 1), ...items])
const END = Buffer.of(0)
/** One that nobody knows yet: number 7, three bytes. */
const TAG = Buffer.of(1, 7, 3, 1, 2, 3)
const ID = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')

const partition = (id: number, leader: number, error = 0): Buffer =>
  Buffer.concat([int16(error), int32(id), int32(leader), int32(4), list([int32(1)]), list([]), list([]), TAG])

const topic = (name: string, partitions: readonly Buffer[], { error = 0, id = ID } = {}): Buffer =>
  Buffer.concat([int16(error), text(name), id, Buffer.of(0), list(partitions), int32(-1), END])

function answer(topics: readonly Buffer[]): Buffer {
  const broker = Buffer.concat([int32(1), text('h'), int32(9092), END, TAG])
  return Buffer.concat([END, int32(7), list([broker]), text('cluster'), int32(1), list(topics), TAG])
}

async function heard(topics: readonly Buffer[], allowAutoTopicCreation = false): Promise<Answer> {
  const { response } = kindFor(13)({ topics: [], allowAutoTopicCreation })
  return response.parse(await response.decode(answer(topics)))
}

beforeAll(() => mendMetadata())

test('a topic has its id, and none where the broker knows none', async () => {
  const found = await heard([
    topic('a', [partition(0, 1), partition(1, 1)]),
    topic('b', [partition(0, 1)], { id: Buffer.alloc(16) }),
  ])
  expect(found).toMatchObject({ brokers: [{ nodeId: 1, host: 'h', port: 9092, rack: null }], controllerId: 1 })
  const ids = found.topicMetadata.map(({ topic: name, partitionMetadata }) => [name, topicIdOf(partitionMetadata)])
  expect(ids).toEqual([
    ['a', 'ASNFZ4mrze8BI0VniavN7w'],
    ['b', undefined],
  ])
})

test('a topic that was deleted and a partition without a leader do not hide the others', async () => {
  const found = await heard([
    topic('gone', [], { error: 3 }),
    topic('b', [partition(0, -1, 5), partition(1, 1)]),
    topic('young', [], { error: 5 }),
  ])
  expect(found.topicMetadata.map(({ topic: name, partitionMetadata }) => [name, partitionMetadata.length])).toEqual([
    ['gone', 0],
    ['b', 1],
    ['young', 0],
  ])
  await expect(heard([topic('gone', [], { error: 3 })], true)).rejects.toThrow(/topic-partition/)
  await expect(heard([topic('secret', [], { error: 29 })])).rejects.toThrow(/authorized/i)
})

test('brokers that are older are asked as before', () => {
  expect([2, 6, 9, 11, 12, 13].map((most) => kindFor(most)({ topics: [] }).request.apiVersion)).toEqual([
    2, 6, 6, 6, 12, 12,
  ])
})
