import { type BytesAt, internal, Reader } from './protocol.ts'

/** As the library makes them; what is not of its own is what its consumer looks at. */
export interface LibraryRecord {
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: object
  readonly isControlRecord: boolean
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
}

/** What becomes of a batch of so many records: it is read; with the rest of its partition it is fetched again; or this value stands in for it. */
export type Judge = (records: number) => 'read' | 'later' | Buffer

type Decode = (answer: BytesAt) => Promise<LibraryRecord[]>
type DecodeBatch = (batches: BytesAt) => Promise<{ readonly records: readonly LibraryRecord[] }>

const MESSAGES = internal.resolve('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js')
const decodeOld = internal(MESSAGES) as Decode
const decodeBatch = internal('kafkajs/src/protocol/recordBatch/v0/decoder.js') as DecodeBatch

/** Where things stand in a batch of format 2. Its length is what comes behind `length`. */
const AT = { first: 0, length: 8, behind: 12, magic: 16, lastOffsetDelta: 23, records: 57, head: 61 }
const MAGIC = 2

let judge: Judge = () => 'read'

/**
 * The records of one partition in an answer: its length, then batches, of which the last may be cut off. kafkajs 2.2 hands the records of a
 * batch on as arguments of one call, and stops for good at a batch of more than the stack has room for, about 120 000.
 */
export async function decodeRecords(answer: BytesAt): Promise<LibraryRecord[]> {
  const from = answer.offset + 4
  const bytes = answer.buffer.subarray(from, from + Math.max(0, answer.buffer.readInt32BE(answer.offset)))
  if (bytes.length > AT.magic && bytes[AT.magic] !== MAGIC) return decodeOld(answer)
  answer.offset = from + bytes.length
  const batches = new Reader(bytes)
  const all: LibraryRecord[] = []
  while (bytes.length - batches.offset >= AT.head) {
    const start = batches.offset
    const end = start + AT.behind + bytes.readInt32BE(start + AT.length)
    if (end > bytes.length) break
    const records = bytes.readInt32BE(start + AT.records)
    const verdict = records === 0 ? null : judge(records)
    if (verdict === 'later') break
    if (verdict === 'read') for (const record of (await decodeBatch(batches)).records) all.push(record)
    else all.push(inPlace(bytes.subarray(start, end), verdict))
    batches.offset = end
  }
  return all
}

/** On the last offset of the batch, so that reading goes on behind it. Of one that was emptied, which the library would wait before, it says nothing. */
function inPlace(batch: Buffer, value: Buffer | null): LibraryRecord {
  const last = batch.readBigInt64BE(AT.first) + BigInt(batch.readInt32BE(AT.lastOffsetDelta))
  const batchContext = { producerId: '-1', inTransaction: false }
  return { offset: String(last), key: null, value, headers: {}, isControlRecord: value === null, batchContext }
}

/** From here on the library reads batches so, for all clients of the process: it looks for its own decoder when it first fetches. */
export function mendRecordBatches(judging: Judge): void {
  judge = judging
  internal.cache[MESSAGES]!.exports = decodeRecords
}
