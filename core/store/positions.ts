import { z } from 'zod'

import type { Snapshot } from '../component.ts'
import { ServiceError } from '../errors.ts'
import type { KafkaPosition } from '../ports/intake.ts'
import { bytesOf, parseJson, textOf } from './json.ts'

const offset = z.string().regex(/^\d+$/)
const schema = z.discriminatedUnion('version', [
  z.object({ version: z.literal(1), next: z.array(z.tuple([z.string(), z.number(), offset])) }),
  z.object({ version: z.literal(2), next: z.array(z.tuple([z.string(), z.number(), offset, z.string()])) }),
])

/** How far a partition has been applied. */
interface Applied {
  readonly next: bigint
  /** Undefined: not known. */
  readonly topic_id: string | undefined
}

function offsetOf({ topic, partition, offset: text }: KafkaPosition): bigint {
  if (/^\d+$/.test(text)) return BigInt(text)
  throw new ServiceError('bad_data', `${topic}/${partition} has the offset ${JSON.stringify(text)}, not a decimal`)
}

/** How far each partition of each topic has been applied, kept with the data so that nothing is lost or doubled. */
export class Positions implements Snapshot {
  readonly name = 'positions'
  readonly #applied = new Map<string, Map<number, Applied>>()

  /** This record, which was not covered, is applied; in a partition that was made anew it lies further back. */
  advance(position: KafkaPosition): void {
    this.#set(position.topic, position.partition, { next: offsetOf(position) + 1n, topic_id: position.topic_id })
  }

  /** The offset to go on from; undefined where nothing was applied. */
  next(topic: string, partition: number): bigint | undefined {
    return this.#applied.get(topic)?.get(partition)?.next
  }

  /** Id of the topic of which it was applied; undefined where it is not known. */
  topicId(topic: string, partition: number): string | undefined {
    return this.#applied.get(topic)?.get(partition)?.topic_id
  }

  /** True when the record was applied. */
  covers(position: KafkaPosition): boolean {
    const { topic, partition, topic_id, anew } = position
    const applied = this.#applied.get(topic)?.get(partition)
    if (anew || applied === undefined) return false
    const isSame = topic_id === undefined || applied.topic_id === undefined || topic_id === applied.topic_id
    return isSame && offsetOf(position) < applied.next
  }

  /** JSON, format 2: with ids of topics, '' where they are not known. */
  save(): Uint8Array {
    const next = [...this.#applied].flatMap(([topic, partitions]) => {
      return [...partitions].map(([partition, { next: to, topic_id = '' }]): Saved => {
        return [topic, partition, String(to), topic_id]
      })
    })
    return bytesOf(JSON.stringify({ version: 2, next: next.toSorted(byPartition) }))
  }

  load(bytes: Uint8Array): void {
    const saved = parseJson(textOf(bytes), schema, 'the positions in Kafka')
    this.#applied.clear()
    for (const [topic, partition, next, topic_id = ''] of saved.next)
      this.#set(topic, partition, { next: BigInt(next), topic_id: topic_id === '' ? undefined : topic_id })
  }

  #set(topic: string, partition: number, applied: Applied): void {
    const partitions = this.#applied.get(topic) ?? new Map<number, Applied>()
    this.#applied.set(topic, partitions.set(partition, applied))
  }
}

type Saved = readonly [topic: string, partition: number, offset: string, topic_id: string]

function byPartition(a: Saved, b: Saved): number {
  if (a[0] === b[0]) return a[1] - b[1]
  return a[0] < b[0] ? -1 : 1
}
