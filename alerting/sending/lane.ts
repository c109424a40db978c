import type { Clock } from '#core/clock.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter } from '#core/ports/meter.ts'

import type { Channel, Message } from '../channel.ts'

export interface LaneLimits {
  /** Messages that wait; above it the oldest is dropped. */
  readonly queue: number
  readonly timeout_ms: number
  readonly backoff_ms: number
  readonly backoff_max_ms: number
}

export const LANE_LIMITS: LaneLimits = {
  queue: 10_000,
  timeout_ms: 10_000,
  backoff_ms: 1000,
  backoff_max_ms: 5 * 60_000,
}

export interface LaneOptions {
  readonly clock: Clock
  readonly log: Log
  /** By channel and outcome: `sent`, `failed`, `dropped`. */
  readonly counter: Counter
  readonly limits: LaneLimits
  /** The peer has it, or will never take it. */
  readonly settled: (channel: Channel, messages: readonly Message[]) => void
}

/** The queue before one channel: one call at a time, the newest message of a key, patience with peers that are away. */
export class Lane {
  readonly channel: Channel
  readonly #options: LaneOptions
  readonly #waiting = new Map<string, Message>()
  /** Sent in vain. They go when nothing else waits: one that the peer never takes must not stand before all others. */
  readonly #again = new Map<string, Message>()
  /** In the call that runs. */
  readonly #flying = new Map<string, Message>()
  #running: Promise<void> | null = null
  #stop = new AbortController()
  #wake: (() => void) | null = null
  /** In a row, of those that are tried again. */
  #failures = 0
  #failing = false
  #held = false

  constructor(channel: Channel, options: LaneOptions) {
    this.channel = channel
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.size + this.#again.size
  }

  hold(held: boolean): void {
    this.#held = held
    if (!held) this.#go()
  }

  push(message: Message): void {
    this.#forget(message.key)
    this.#waiting.set(message.key, message)
    this.#trim()
    if (!this.#held) this.#go()
  }

  /** Takes back what waits under a key; what is under way is not tried again. */
  withdraw(key: string): void {
    this.#forget(key)
    this.#flying.delete(key)
  }

  #forget(key: string): void {
    this.#waiting.delete(key)
    this.#again.delete(key)
  }

  /** When the queue is empty, or its head waits for a peer that is away. */
  async idle(): Promise<void> {
    while (this.#running !== null && this.#wake === null) await Promise.race([this.#running, turn()])
  }

  /** Ends what runs; what waits stays and is taken up by the next message. */
  async stop(): Promise<void> {
    this.#held = true
    this.#stop.abort()
    this.#wake?.()
    await this.#running
    this.#stop = new AbortController()
  }

  #go(): void {
    if (this.#running === null && this.waiting > 0) this.#running = this.#run()
  }

  async #run(): Promise<void> {
    // What is pushed in the same moment goes together.
    await Promise.resolve()
    while (this.waiting > 0 && !this.#held) {
      const batch = [...this.#waiting.values(), ...this.#again.values()].slice(0, this.channel.batch)
      for (const message of batch) {
        this.#forget(message.key)
        this.#flying.set(message.key, message)
      }
      const wait_ms = await this.#send(batch)
      this.#flying.clear()
      if (wait_ms > 0 && !this.#held) await this.#pause(wait_ms)
    }
    this.#running = null
  }

  /** Sends a batch; how long to wait before the next. */
  async #send(batch: readonly Message[]): Promise<number> {
    const { clock, limits, settled } = this.#options
    const late = new AbortController()
    const tooLate = new ServiceError('timeout', `no answer within ${limits.timeout_ms / 1000} s`)
    const cancel = clock.after(limits.timeout_ms, () => late.abort(tooLate))
    try {
      await this.channel.send(batch, {
        now_ms: clock.now_ms(),
        signal: AbortSignal.any([this.#stop.signal, late.signal]),
      })
      this.#count(batch.length, 'sent')
      if (this.#failing) this.#options.log.info('a channel works again', { channel: this.channel.name })
      this.#failing = false
      this.#failures = 0
      settled(this.channel, batch)
      return 0
    } catch (error) {
      return this.#failed(batch, error)
    } finally {
      cancel()
    }
  }

  #failed(batch: readonly Message[], error: unknown): number {
    const { log, limits, settled } = this.#options
    const retryable = error instanceof ServiceError && error.retryable
    this.#count(batch.length, 'failed')
    if (this.#stop.signal.aborted) {
      this.#back(batch)
      return 0
    }
    // Said once for as long as it lasts; the counter tells the rest.
    if (!this.#failing) log.warn('a channel fails', { channel: this.channel.name, error: messageOf(error), retryable })
    this.#failing = true
    if (this.channel.delivery === 'again') return 0
    if (retryable) {
      this.#back(batch)
      return Math.min(limits.backoff_ms * 2 ** this.#failures++, limits.backoff_max_ms)
    }
    this.#failures = 0
    settled(this.channel, batch)
    return 0
  }

  /** Where nothing newer waits under the same key. */
  #back(batch: readonly Message[]): void {
    for (const { key } of batch) {
      const message = this.#flying.get(key)
      if (message !== undefined && !this.#waiting.has(key)) this.#again.set(key, message)
    }
    this.#trim()
  }

  #trim(): void {
    while (this.waiting > this.#options.limits.queue) {
      const [oldest] = (this.#again.size > 0 ? this.#again : this.#waiting).keys()
      if (oldest === undefined) return
      this.#forget(oldest)
      this.#count(1, 'dropped')
    }
  }

  #pause(wait_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(wait_ms, () => this.#wake?.())
      this.#wake = () => {
        cancel()
        this.#wake = null
        resolve()
      }
    })
  }

  #count(value: number, outcome: string): void {
    this.#options.counter.add(value, { channel: this.channel.name, outcome })
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
