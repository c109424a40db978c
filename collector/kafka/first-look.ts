import type { TopicPartition, TopicState } from './consumer.ts'

/** What topics had when each was first looked at: whatever is newer was written while we were there, and is read from its beginning. */
export class FirstLook {
  readonly #topics = new Map<string, TopicState>()

  /** Only the first word of a topic counts. */
  note(topic: string, state: TopicState): void {
    if (!this.#topics.has(topic)) this.#topics.set(topic, state)
  }

  /** `id`: of its topic, as it is now. */
  isNewer({ topic, partition }: TopicPartition, id: string | undefined): boolean {
    const first = this.#topics.get(topic)
    if (first === undefined) return false
    return !first.ranges.has(partition) || (first.id !== undefined && id !== undefined && first.id !== id)
  }
}
