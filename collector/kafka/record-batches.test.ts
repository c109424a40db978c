import { afterEach, expect, test } from 'vitest'

import { decodeRecords, type Judge, mendRecordBatches } from './record-batches.ts'

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

/** One record without key and headers. */
function recordOf(offsetDelta: number, value: string): Buffer {
  const body = [
    Buffer.from([0, 0]),
    varint(offsetDelta),
    varint(-1),
    varint(value.length),
    Buffer.from(value),
    varint(0),
  ]
  const bytes = Buffer.concat(body)
  return Buffer.concat([varint(bytes.length), bytes])
}

/** A record batch, format 2, not packed. */
function batchOf(first: number, values: readonly string[], last = values.length - 1): Buffer {
  const records = Buffer.concat(values.map((value, i) => recordOf(i, value)))
  const head = Buffer.alloc(61)
  head.writeBigInt64BE(BigInt(first), 0)
  head.writeInt32BE(head.length - 12 + records.length, 8)
  head[16] = 2
  head.writeInt32BE(last, 23)
  head.writeInt32BE(values.length, 57)
  return Buffer.concat([head, records])
}

/** As it lies in an answer: something before it, its length, the batches, and what comes next. */
function answerOf(...batches: readonly Buffer[]) {
  const bytes = Buffer.concat(batches)
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return { buffer: Buffer.concat([Buffer.from('before'), length, bytes, Buffer.from('next')]), offset: 6 }
}

async function decoded(answer: ReturnType<typeof answerOf>, judge: Judge = () => 'read') {
  mendRecordBatches(judge)
  const records = await decodeRecords(answer)
  expect(answer.buffer.subarray(answer.offset).toString()).toBe('next')
  return records.map(({ offset, value }) => `${offset} ${String(value)}`)
}

afterEach(() => mendRecordBatches(() => 'read'))

test('the records of all batches come out, without what was cut off', async () => {
  const cut = batchOf(7, ['d']).subarray(0, 65)
  expect(await decoded(answerOf(batchOf(3, ['a', 'b']), batchOf(5, ['c']), cut))).toEqual(['3 a', '4 b', '5 c'])
  expect(await decoded(answerOf(batchOf(7, ['d']).subarray(0, 15)))).toEqual([])
  expect(await decoded(answerOf())).toEqual([])
})

test('a batch may have more records than a call may have arguments', async () => {
  const values = Array.from({ length: 200_000 }, () => 'x')
  const records = await decoded(answerOf(batchOf(0, values), batchOf(200_000, ['end'])))
  expect(records).toHaveLength(200_001)
  expect(records.at(-1)).toBe('200000 end')
})

test('what is judged too large is one record on its last offset; what is for later, and all behind it, is none', async () => {
  const batches = [batchOf(0, ['a']), batchOf(1, ['b', 'c'], 500), batchOf(502, ['d']), batchOf(503, ['e'])]
  const standing = await decoded(answerOf(...batches), (records) => (records === 2 ? Buffer.from('!') : 'read'))
  expect(standing).toEqual(['0 a', '501 !', '502 d', '503 e'])
  let n = 0
  expect(await decoded(answerOf(...batches), () => (n++ < 2 ? 'read' : 'later'))).toEqual(['0 a', '1 b', '2 c'])
})

test('a batch that was emptied, as by compaction, is something that reading can go on behind', async () => {
  const answer = answerOf(batchOf(0, [], 40), batchOf(41, ['a']))
  const records = await decodeRecords(answer)
  expect(records.map(({ offset, isControlRecord }) => [offset, isControlRecord])).toEqual([
    ['40', true],
    ['41', false],
  ])
})
