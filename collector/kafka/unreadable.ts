import type { Log } from '#core/ports/log.ts'

import type { TopicPartition, TopicState } from './consumer.ts'

/** Partitions that are not there, or that no broker leads: each is told once for as long as that lasts. */
export class Unreadable {
  readonly #log: Log
  readonly #told = new Set<string>()

  constructor(log: Log) {
    this.#log = log
  }

  look(partitions: readonly TopicPartition[], topics: ReadonlyMap<string, TopicState>): void {
    const missing = partitions.filter((at) => this.#isNew(at, topics.get(at.topic)))
    const [first] = missing
    if (first === undefined) return
    const which = missing.length === 1 ? '' : ` and ${missing.length - 1} more partitions`
    const message = `${first.topic}/${first.partition}${which} cannot be read: the topic was deleted, or no broker leads it; it is read when it is there again`
    this.#log.warn(message, { topic: first.topic, partition: first.partition })
  }

  #isNew({ topic, partition }: TopicPartition, state: TopicState | undefined): boolean {
    const key = `${topic}/${partition}`
    if (state?.ranges.has(partition) === true) {
      this.#told.delete(key)
      return false
    }
    const isNew = !this.#told.has(key)
    this.#told.add(key)
    return isNew
  }
}
