import { messageOf } from '#core/errors.ts'

import type { AssigningOptions } from './assigning.ts'
import type { PartitionRange, TopicPartition } from './consumer.ts'

/** A broker that has just become the leader may not know yet where a partition ends: it is asked again after this long. */
const AGAIN_MS = 2000

/**
 * Partitions that end before what is stored of them: deleted and made anew, or of another cluster. Nothing of them is read until that
 * was seen twice; then they are read from where one begins in a partition of which nothing is stored.
 */
export class Remade {
  readonly #options: AssigningOptions
  #suspects = new Map<string, TopicPartition>()
  #cancel: (() => void) | undefined
  #closed = false

  constructor(options: AssigningOptions) {
    this.#options = options
  }

  suspect(at: TopicPartition): void {
    const key = `${at.topic}/${at.partition}`
    if (this.#closed || this.#suspects.has(key)) return
    this.#options.consumer.pause([at])
    this.#suspects.set(key, at)
    this.#cancel ??= this.#options.clock.after(AGAIN_MS, () => void this.#again())
  }

  /** Others are ours now: whatever was held up is read again, and may be suspected again. */
  assigned(): void {
    this.#suspects = new Map()
    this.#cancel?.()
    this.#cancel = undefined
  }

  close(): void {
    this.#closed = true
    this.assigned()
  }

  async #again(): Promise<void> {
    const suspects = this.#suspects
    const partitions = [...suspects.values()]
    try {
      for (const topic of new Set(partitions.map((at) => at.topic))) {
        const ours = partitions.filter((at) => at.topic === topic)
        const known = ours.map((at) => this.#options.lanes.of(at).next)
        const ranges = await this.#options.consumer.ranges(topic)
        if (suspects !== this.#suspects) return
        this.#judge(ours, known, ranges)
      }
    } catch (error) {
      this.#options.log.debug('the ends of the partitions are not known', { error: messageOf(error) })
    }
    if (suspects !== this.#suspects) return
    this.#cancel = undefined
    if (suspects.size > 0) this.#cancel = this.#options.clock.after(AGAIN_MS, () => void this.#again())
  }

  #judge(
    partitions: readonly TopicPartition[],
    known: readonly (bigint | undefined)[],
    ranges: ReadonlyMap<number, PartitionRange>,
  ): void {
    const { lanes, consumer } = this.#options
    const begun: (TopicPartition & { readonly stored: bigint })[] = []
    for (const [i, at] of partitions.entries()) {
      const range = ranges.get(at.partition)
      const stored = known[i]
      // What was fetched before is worked off first.
      if (range === undefined || !lanes.of(at).empty) continue
      if (stored !== undefined && range.end < stored) {
        this.#begin(at, range)
        begun.push({ ...at, stored })
      }
      this.#suspects.delete(`${at.topic}/${at.partition}`)
      consumer.resume([at])
    }
    if (begun.length > 0) this.#tell(begun)
  }

  #begin(at: TopicPartition, { first, end }: PartitionRange): void {
    const { lanes, consumer, from } = this.#options
    const next = from === 'latest' ? end : first
    lanes.of(at).beginAnew(next, end)
    consumer.seek(at, next)
  }

  #tell([first, ...others]: readonly (TopicPartition & { readonly stored: bigint })[]): void {
    const { log, from } = this.#options
    const which = others.length === 0 ? '' : ` and ${others.length} more partitions`
    const where = from === 'latest' ? 'end' : 'beginning'
    const message = `${first!.topic}/${first!.partition}${which} ended before what is stored of it: it was made anew, or records of it were lost; it is read from its ${where}`
    log.error(message, { topic: first!.topic, partition: first!.partition, stored: String(first!.stored) })
  }
}
