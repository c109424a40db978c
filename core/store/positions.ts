import { z } from 'zod'

import type { Snapshot } from '../component.ts'
import { ServiceError } from '../errors.ts'
import type { KafkaPosition } from '../ports/intake.ts'
import { bytesOf, parseJson, textOf } from './json.ts'

const schema = z.object({
  version: z.literal(1),
  next: z.array(z.tuple([z.string(), z.number(), z.string().regex(/^\d+$/)])),
})

function offsetOf({ topic, partition, offset }: KafkaPosition): bigint {
  if (/^\d+$/.test(offset)) return BigInt(offset)
  throw new ServiceError('bad_data', `${topic}/${partition} has the offset ${JSON.stringify(offset)}, not a decimal`)
}

/** How far each partition of each topic has been applied, kept with the data so that nothing is lost or doubled. */
export class Positions implements Snapshot {
  readonly name = 'positions'
  readonly #next = new Map<string, Map<number, bigint>>()

  /** This record, which was not covered, is applied; in a partition that was made anew it lies further back. */
  advance(position: KafkaPosition): void {
    const { topic, partition } = position
    const partitions = this.#next.get(topic) ?? new Map<number, bigint>()
    this.#next.set(topic, partitions.set(partition, offsetOf(position) + 1n))
  }

  /** The offset to go on from; undefined where nothing was applied. */
  next(topic: string, partition: number): bigint | undefined {
    return this.#next.get(topic)?.get(partition)
  }

  /** True when the record was applied. */
  covers(position: KafkaPosition): boolean {
    if (position.anew) return false
    const next = this.next(position.topic, position.partition)
    return next !== undefined && offsetOf(position) < next
  }

  /** JSON, format 1. */
  save(): Uint8Array {
    const next = [...this.#next].flatMap(([topic, partitions]) => {
      return [...partitions].map(([partition, offset]) => [topic, partition, String(offset)] as const)
    })
    return bytesOf(JSON.stringify({ version: 1, next: next.toSorted(byPartition) }))
  }

  load(bytes: Uint8Array): void {
    const { next } = parseJson(textOf(bytes), schema, 'the positions in Kafka')
    this.#next.clear()
    for (const [topic, partition, offset] of next) {
      const partitions = this.#next.get(topic) ?? new Map<number, bigint>()
      this.#next.set(topic, partitions.set(partition, BigInt(offset)))
    }
  }
}

type Saved = readonly [topic: string, partition: number, offset: string]

function byPartition(a: Saved, b: Saved): number {
  if (a[0] === b[0]) return a[1] - b[1]
  return a[0] < b[0] ? -1 : 1
}
