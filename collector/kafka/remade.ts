import { messageOf } from '#core/errors.ts'

import type { AssigningOptions } from './assigning.ts'
import type { PartitionRange, TopicPartition, TopicState } from './consumer.ts'
import type { Lane } from './lane.ts'

/** A broker that has just become the leader may not know yet where a partition ends: it is asked again after this long. */
const AGAIN_MS = 2000

/** `known`: the first offset that was not done when the broker was asked. */
export function isRemade(lane: Lane, known: bigint | undefined, topic: TopicState): boolean {
  const range = topic.ranges.get(lane.partition)
  return isOther(lane, topic) || (known !== undefined && range !== undefined && range.end < known)
}

const isOther = ({ topicId }: Lane, { id }: TopicState): boolean =>
  topicId !== undefined && id !== undefined && topicId !== id

/** Where to begin in a partition of which nothing is stored. */
export function freshIn(
  { first, end }: PartitionRange,
  lane: Lane,
  { from, first: look }: Pick<AssigningOptions, 'from' | 'first'>,
): bigint {
  return from === 'latest' && !look.isNewer(lane, lane.topicId) ? end : first
}

/** What is known to have been made anew, for those who are told. */
interface Begun {
  readonly lane: Lane
  readonly stored: bigint | undefined
  readonly why: string
}

/**
 * Partitions that are others than those of which something is stored: their topic has another id, or they end before that. They were
 * deleted and made anew, or are of another cluster. Nothing of them is read until that was seen twice; then they are read from where one
 * begins in a partition of which nothing is stored.
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

  /** Others are ours now: whatever was held up is looked at again, and may be suspected again. */
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
    const { consumer, clock, lanes, log } = this.#options
    const suspects = this.#suspects
    const all = [...suspects.values()].map((at) => lanes.of(at))
    try {
      for (const topic of new Set(all.map((lane) => lane.topic))) {
        const ours = all.filter((lane) => lane.topic === topic)
        const known = ours.map((lane) => lane.next)
        const state = await consumer.topic(topic)
        if (suspects !== this.#suspects) return
        this.#judge(ours, known, state)
      }
    } catch (error) {
      log.debug('the ends of the partitions are not known', { error: messageOf(error) })
    }
    if (suspects !== this.#suspects) return
    this.#cancel = undefined
    if (suspects.size > 0) this.#cancel = clock.after(AGAIN_MS, () => void this.#again())
  }

  #judge(lanes: readonly Lane[], known: readonly (bigint | undefined)[], topic: TopicState): void {
    const begun: Begun[] = []
    for (const [i, lane] of lanes.entries()) {
      const range = topic.ranges.get(lane.partition)
      // What was fetched before is worked off first.
      if (range === undefined || !lane.empty) continue
      const stored = known[i]
      if (isRemade(lane, stored, topic)) {
        const why = isOther(lane, topic)
          ? 'was deleted and made anew, or is of another cluster'
          : 'ended before what is stored of it: it was made anew, or records of it were lost'
        this.#beginAnew(lane, range, topic.id)
        begun.push({ lane, stored, why })
      }
      lane.topicId ??= topic.id
      this.#suspects.delete(`${lane.topic}/${lane.partition}`)
      this.#options.consumer.seek(lane, lane.next ?? range.first)
      this.#options.consumer.resume([lane])
    }
    if (begun.length > 0) this.#tell(begun)
  }

  #beginAnew(lane: Lane, range: PartitionRange, id: string | undefined): void {
    lane.topicId = id
    lane.beginAnew(freshIn(range, lane, this.#options), range.end)
  }

  #tell([first, ...others]: readonly Begun[]): void {
    const { topic, partition, next, end } = first!.lane
    const which = others.length === 0 ? '' : ` and ${others.length} more partitions`
    const where = next === end && this.#options.from === 'latest' ? 'end' : 'beginning'
    const message = `${topic}/${partition}${which} ${first!.why}; it is read from its ${where}`
    this.#options.log.error(message, { topic, partition, stored: String(first!.stored) })
  }
}
