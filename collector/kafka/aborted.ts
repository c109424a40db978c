import { type Exchange, internal, type RequestKind } from './protocol.ts'
import type { LibraryRecord } from './record-batches.ts'

/** Records of this producer from this offset on, until its next mark that says so. */
interface Aborted {
  readonly producerId: string
  readonly firstOffset: string
}

interface Partition {
  readonly abortedTransactions?: readonly Aborted[] | null
  readonly messages: readonly LibraryRecord[]
}

interface Fetched {
  readonly responses: readonly { readonly partitions: readonly Partition[] }[]
}

const kind = internal('kafkajs/src/protocol/requests/fetch/index.js') as RequestKind<object, Fetched>
const library = kind.protocol

/** The end of a transaction: its key is a version and this. */
const isAbort = ({ isControlRecord, key }: LibraryRecord): boolean => isControlRecord && key?.readInt16BE(2) === 0

const byOffset = (a: Aborted, b: Aborted): number => (BigInt(a.firstOffset) < BigInt(b.firstOffset) ? -1 : 1)

/**
 * What was aborted is no record, and only an offset to leave behind, as the ends of transactions are (the method is that of
 * Kafka's own client, `CompletedFetch.nextFetchedRecord`).
 */
export function withoutAborted<P extends Partition>(partition: P): P {
  if ((partition.abortedTransactions ?? []).length === 0) return partition
  // Brokers list them as they ended.
  const begins = partition.abortedTransactions!.toSorted(byOffset)
  const aborting = new Set<string>()
  let next = 0
  const messages = partition.messages.map((record) => {
    for (; next < begins.length && BigInt(begins[next]!.firstOffset) <= BigInt(record.offset); next++)
      aborting.add(begins[next]!.producerId)
    const { producerId, inTransaction } = record.batchContext
    if (isAbort(record)) aborting.delete(producerId)
    return inTransaction && aborting.has(producerId) ? { ...record, isControlRecord: true } : record
  })
  return { ...partition, abortedTransactions: [], messages }
}

function exchange({ response, ...rest }: Exchange<Fetched>): Exchange<Fetched> {
  const decode = async (bytes: Buffer) => {
    const answer = await response.decode(bytes)
    const responses = answer.responses.map((topic) => ({ ...topic, partitions: topic.partitions.map(withoutAborted) }))
    return { ...answer, responses }
  }
  return { ...rest, response: { decode, parse: (answer) => response.parse(answer) } }
}

/**
 * For all clients of the process. kafkajs 2.2 takes aborted transactions for sorted, and one to begin at a record at most, so that
 * of those that lie in each other all but one are read; and any record with four zero bytes as its key ends one for it.
 */
export function mendAborted(): void {
  kind.protocol = (options) => (question) => exchange(library(options)(question))
}
