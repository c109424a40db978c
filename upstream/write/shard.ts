import type { Clock } from '#core/clock.ts'
import { type Exemplar, type SampleBatch, SampleBuilder } from '#core/sample.ts'
import type { SeriesId } from '#core/series.ts'

import { halvesOf } from '../wire/halves.ts'
import { packed, unpacked } from '../wire/packing.ts'
import type { EncodedRequest } from '../wire/request.ts'
import type { WriteAnswer, WriteBody } from './endpoint.ts'

/** Requests into which one that is refused for its content is cut at the most, to save what is good of it. */
const HALVINGS = 24

export interface ShardLimits {
  /** Samples and compressed bytes that may wait; beyond either the oldest request is dropped. */
  readonly samples: number
  readonly bytes: number
  /** Samples and exemplars of one request. */
  readonly batch: number
  /** How long samples wait for others to go with. */
  readonly deadline_ms: number
  readonly backoff_ms: number
  readonly backoff_max_ms: number
}

export type ShardOutcome = 'sent' | 'refused' | 'dropped' | 'retried'

export interface ShardOptions {
  readonly version: 1 | 2
  readonly limits: ShardLimits
  readonly clock: Clock
  readonly encode: (batch: SampleBatch) => EncodedRequest
  readonly send: (body: WriteBody, attempt: number, signal: AbortSignal) => Promise<WriteAnswer>
  /** Samples by what became of them; `why` where a receiver said something. */
  readonly count: (outcome: ShardOutcome, samples: number, why: string) => void
  /** The oldest request that waited is done with, whatever became of it. */
  readonly settled: () => void
}

/** A request that waits. */
export interface WaitingBody extends WriteBody {
  /** The number of its last sample among all that the shard was offered. */
  readonly last: number
  /** Wall time at which it was put together. */
  readonly made_ms: number
}

/**
 * The queue of some of the series, always the same ones: samples become requests, which go out one after the other, so that
 * each series keeps its order. What is not taken yet is tried again; the oldest goes when there is no room.
 */
export class Shard {
  /** Samples offered so far, also those that were left out: equal after the same inputs. */
  offered = 0
  /** The number of the last sample that is done with. */
  settled = 0
  readonly #options: ShardOptions
  readonly #filling = new SampleBuilder()
  #filled = 0
  #exemplars = 0
  #last = 0
  readonly #waiting: WaitingBody[] = []
  #samples = 0
  #bytes = 0
  #held = true
  #running: Promise<void> | null = null
  #cancelDeadline: (() => void) | null = null
  #wake: (() => void) | null = null
  #stop = new AbortController()

  constructor(options: ShardOptions) {
    this.#options = options
  }

  /** Samples that wait, put together or not. */
  get samples(): number {
    return this.#samples + this.#filled
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Wall time of the oldest request that waits. */
  get oldest_ms(): number | undefined {
    return this.#waiting[0]?.made_ms
  }

  get waiting(): readonly WaitingBody[] {
    return this.#waiting
  }

  /** `exemplars`: of this series; they go in the same request. */
  float(series: SeriesId, time_ms: number, value: number, stale: boolean, exemplars: readonly Exemplar[]): void {
    this.#filling.float(series, time_ms, value, stale)
    this.#added(1, exemplars)
  }

  /** `width`: samples that the receiver gets for this one. */
  histogram(sample: Parameters<SampleBuilder['histogram']>[0], width: number, exemplars: readonly Exemplar[]): void {
    this.#filling.histogram(sample)
    this.#added(width, exemplars)
  }

  /** What waited before a restart, in its order. */
  restore(body: WaitingBody): void {
    this.#enqueue(body)
  }

  /** Puts together what has not reached the size of a request. */
  seal(): void {
    this.#cancelDeadline?.()
    this.#cancelDeadline = null
    if (this.#filled === 0) return
    const { version, clock, encode } = this.#options
    const { bytes, samples, histograms } = encode(this.#filling.batch())
    this.#filling.clear()
    this.#filled = 0
    this.#exemplars = 0
    const body = { version, bytes: packed(bytes), samples: samples + histograms }
    if (body.samples > 0) this.#enqueue({ ...body, last: this.#last, made_ms: clock.now_ms() })
  }

  start(): void {
    this.#held = false
    this.#go()
  }

  /** Sends what waits; returns when nothing is left, or when `signal` says that it has been long enough. What is left stays. */
  async drain(signal: AbortSignal): Promise<void> {
    this.seal()
    this.#go()
    const give = (): void => {
      this.#held = true
      this.#stop.abort()
      this.#wake?.()
    }
    signal.addEventListener('abort', give, { once: true })
    if (signal.aborted) give()
    await this.#running
    signal.removeEventListener('abort', give)
    this.#held = true
    this.#stop = new AbortController()
  }

  #added(width: number, exemplars: readonly Exemplar[]): void {
    const { limits, clock } = this.#options
    this.#last = this.offered
    if (this.#filled === 0) this.#cancelDeadline = clock.after(limits.deadline_ms, () => this.seal())
    this.#filled += width
    this.#exemplars += exemplars.length
    for (const exemplar of exemplars) this.#filling.exemplar(exemplar)
    if (this.#filled + this.#exemplars >= limits.batch) this.seal()
  }

  #enqueue(body: WaitingBody): void {
    const { limits, count } = this.#options
    this.#waiting.push(body)
    this.#samples += body.samples
    this.#bytes += body.bytes.length
    // The one under way is not taken back.
    const first = this.#running === null ? 0 : 1
    while ((this.#samples > limits.samples || this.#bytes > limits.bytes) && this.#waiting.length > first + 1) {
      const [dropped] = this.#waiting.splice(first, 1)
      this.#forget(dropped!)
      count('dropped', dropped!.samples, '')
    }
    this.#go()
  }

  #forget({ samples, bytes }: WaitingBody): void {
    this.#samples -= samples
    this.#bytes -= bytes.length
  }

  #go(): void {
    if (!this.#held && this.#running === null && this.#waiting.length > 0) this.#running = this.#run()
  }

  async #run(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.length > 0 && !this.#held) {
      const body = this.#waiting[0]!
      if (!(await this.#deliver(body))) break
      this.#waiting.shift()
      this.#forget(body)
      this.settled = Math.max(this.settled, body.last)
      this.#options.settled()
    }
    this.#running = null
  }

  /** False when it was stopped before it was done. */
  async #deliver(body: WaitingBody): Promise<boolean> {
    const { send, count, limits } = this.#options
    const parts: WriteBody[] = [body]
    let halvings = HALVINGS
    for (let attempt = 0, part = parts.at(-1); part !== undefined; part = parts.at(-1)) {
      const answer = await send(part, attempt, this.#stop.signal)
      if (this.#stop.signal.aborted && answer.kind === 'later') return false
      if (answer.kind === 'later') {
        count('retried', part.samples, answer.why)
        await this.#pause(answer.wait_ms ?? Math.min(limits.backoff_ms * 2 ** attempt, limits.backoff_max_ms))
        if (this.#stop.signal.aborted) return false
        attempt++
        continue
      }
      attempt = 0
      parts.pop()
      if (answer.kind === 'taken') {
        count('sent', part.samples, '')
        continue
      }
      const halves = answer.partly && halvings-- > 0 ? halved(part) : undefined
      if (halves !== undefined) parts.push(...halves)
      else {
        if (answer.written > 0) count('sent', answer.written, '')
        count('refused', part.samples - answer.written, answer.why)
      }
    }
    return true
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
}

/** The second half first: it is a stack. */
function halved({ version, bytes }: WriteBody): WriteBody[] | undefined {
  const halves = halvesOf(unpacked(bytes), version)
  return halves?.map(({ message, samples }) => ({ version, bytes: packed(message), samples })).toReversed()
}
