import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'

import type { GroupConsumer } from './consumer.ts'

/** Topics that do not exist yet are looked for again after this long. */
const LOOK_MS = 15_000

export interface TopicWatchOptions {
  readonly clock: Clock
  readonly log: Log
  /** One that was missing is there. */
  appeared(): void
}

/** Which of our topics exist. The others are told once, and looked for again. */
export class TopicWatch {
  readonly #wanted: readonly string[]
  readonly #options: TopicWatchOptions
  readonly #told = new Set<string>()
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(wanted: readonly string[], options: TopicWatchOptions) {
    this.#wanted = wanted
    this.#options = options
  }

  async existing(consumer: Pick<GroupConsumer, 'topics'>): Promise<string[]> {
    const all = new Set(await consumer.topics())
    const missing = this.#wanted.filter((topic) => !all.has(topic))
    this.#await(missing, consumer)
    return this.#wanted.filter((topic) => all.has(topic))
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  #await(missing: readonly string[], consumer: Pick<GroupConsumer, 'topics'>): void {
    this.#cancel?.()
    if (missing.length === 0 || this.#stopped) return
    const { clock, log } = this.#options
    const key = missing.join(', ')
    if (!this.#told.has(key)) {
      const message = `Kafka has no topic ${key} that we may see (see kafka.topics); it is read from when it comes`
      log.warn(message, { looked_for_again_ms: LOOK_MS })
    }
    this.#told.add(key)
    this.#cancel = clock.after(LOOK_MS, () => void this.#look(missing, consumer))
  }

  async #look(missing: readonly string[], consumer: Pick<GroupConsumer, 'topics'>): Promise<void> {
    try {
      const all = new Set(await consumer.topics())
      if (this.#stopped) return
      if (missing.some((topic) => all.has(topic))) return this.#options.appeared()
    } catch (error) {
      this.#options.log.debug('Kafka was not asked for topics', { error: messageOf(error) })
    }
    this.#await(missing, consumer)
  }
}
