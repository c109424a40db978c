import { setImmediate as nextTurn } from 'node:timers/promises'

import { monotonicNow_ms } from '#core/clock.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { Input, Intake, Receipt } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import { upon } from '#core/steps.ts'

/** What each is measured with. */
const KINDS: Readonly<Record<Input['kind'], Readonly<Record<string, string>>>> = {
  otlp: Object.freeze({ kind: 'otlp' }),
  samples: Object.freeze({ kind: 'samples' }),
  tick: Object.freeze({ kind: 'tick' }),
  answers: Object.freeze({ kind: 'answers' }),
  change: Object.freeze({ kind: 'change' }),
  command: Object.freeze({ kind: 'command' }),
  feedback: Object.freeze({ kind: 'feedback' }),
}
const ACCEPTED: Receipt = { rejected: 0, message: '' }
/** Inputs that take longer together leave the event loop a turn: long bodies that end at once would keep it for all of them. */
const TURN_MS = 10

/** An input that is journaled, and what is told of it so far. */
export interface Taken {
  readonly receipt: Receipt
  apply(): Receipt | Promise<Receipt>
}

/** What the pipeline drives. Both calls come strictly one after the other. */
export interface Stages {
  /** Records, decodes and journals an input. Throws `ServiceError` when it is refused as a whole: nothing was changed. */
  take(input: Input): Taken | Promise<Taken>
  /** Set while nothing may change the engine, though requests are read and answered: what comes next waits for it. */
  readonly busy?: Promise<void> | undefined
}

export interface PipelineOptions {
  readonly stages: Stages
  /** Inputs that may wait; one more is refused with `overloaded`. */
  readonly queue: number
  readonly meter: Meter
  readonly log: Log
}

/** An input, or work that needs the engine settled. */
interface Waiting {
  readonly input: Input | undefined
  /** A promise where there is something to wait for. */
  readonly run: () => void | Promise<void>
}

/** The door: inputs one at a time, in order of `submit`, each journaled and applied before the next is looked at. */
export class Pipeline implements Intake {
  readonly #options: PipelineOptions
  readonly #waiting: Waiting[] = []
  readonly #duration
  readonly #refused
  #isRunning = false
  #closed = false
  #ticks = 0
  /** Worked since the last turn that was left. */
  #worked_ms = 0

  constructor(options: PipelineOptions) {
    this.#options = options
    const { meter } = options
    this.#duration = meter.histogram('barograph.pipeline.input.duration', {
      description: 'Time from taking an input to having applied it',
      unit: 's',
      bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    })
    this.#refused = meter.counter('barograph.pipeline.refused', { description: 'Inputs refused as a whole, by code' })
    meter.gauge('barograph.pipeline.queue', { description: 'Inputs waiting' }, () => this.waiting)
  }

  /** Inputs that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length
  }

  submit(input: Input): Promise<Receipt> {
    if (this.#closed) return this.#no('unavailable', 'stopping')
    if (this.#waiting.length >= this.#options.queue)
      return this.#no('overloaded', `${this.#options.queue} inputs are waiting`)
    // A tick that finds another waiting says nothing new: time stands in the newest one only.
    if (input.kind === 'tick' && this.#ticks > 1) return Promise.resolve(ACCEPTED)
    if (input.kind === 'tick') this.#ticks++
    return this.#enqueue(input, () => this.#take(input))
  }

  /** Runs something between two inputs, when the engine is settled (a reload). */
  between<T>(run: () => T): Promise<T> {
    return this.#enqueue(undefined, run)
  }

  /** When nothing waits and nothing runs. */
  async idle(): Promise<void> {
    while (this.#isRunning) await this.between(() => {})
  }

  /** Refuses what comes from now on and finishes what was accepted. */
  async close(): Promise<void> {
    this.#closed = true
    await this.idle()
  }

  #enqueue<T>(input: Input | undefined, work: () => T | Promise<T>): Promise<T> {
    return new Promise((settle, refuse) => {
      const run = (): void | Promise<void> => {
        try {
          const done = work()
          if (done instanceof Promise) return done.then(settle, refuse)
          settle(done)
        } catch (error) {
          refuse(error)
        }
        return undefined
      }
      if (this.#isRunning) this.#waiting.push({ input, run })
      else void this.#run({ input, run })
    })
  }

  /** One after the other until none waits; at once where there is nothing to wait for, as with most requests. */
  async #run(first: Waiting): Promise<void> {
    this.#isRunning = true
    for (let next: Waiting | undefined = first; next !== undefined; next = this.#waiting.shift()) {
      const { busy } = this.#options.stages
      if (busy !== undefined) await busy
      if (next.input?.kind === 'tick') this.#ticks--
      if (this.#worked_ms >= TURN_MS) await this.#leaveTurn()
      const began_ms = monotonicNow_ms()
      const running = next.run()
      if (running !== undefined) await running
      this.#worked_ms += monotonicNow_ms() - began_ms
    }
    this.#isRunning = false
  }

  async #leaveTurn(): Promise<void> {
    this.#worked_ms = 0
    await nextTurn()
  }

  #take(input: Input): Receipt | Promise<Receipt> {
    const began_ms = monotonicNow_ms()
    const ended = (): void => this.#duration.record((monotonicNow_ms() - began_ms) / 1000, KINDS[input.kind])
    const refused = (error: unknown): never => {
      this.#refusal(input, error)
      ended()
      throw error
    }
    try {
      const receipt = upon(this.#options.stages.take(input), (taken) =>
        upon(taken.apply(), (applied) => {
          ended()
          return together(taken.receipt, applied, monotonicNow_ms() - began_ms)
        }),
      )
      return receipt instanceof Promise ? receipt.catch(refused) : receipt
    } catch (error) {
      return refused(error)
    }
  }

  #refusal(input: Input, error: unknown): void {
    const code = error instanceof ServiceError ? error.code : 'internal'
    this.#refused.add(1, { kind: input.kind, code })
    if (code === 'internal')
      this.#options.log.error('an input failed', {
        kind: input.kind,
        error: messageOf(error),
        stack: (error as Error).stack,
      })
  }

  #no(code: 'unavailable' | 'overloaded', message: string): Promise<Receipt> {
    this.#refused.add(1, { code })
    return Promise.reject(new ServiceError(code, message))
  }
}

/** What both stages say, and for how long an input was worked on of which something is left. */
function together(taken: Receipt, applied: Receipt, took_ms: number): Receipt {
  const { written, unfinished } = applied
  const rejected = taken.rejected + applied.rejected
  const message =
    taken.message === '' || applied.message === ''
      ? taken.message + applied.message
      : `${taken.message}; ${applied.message}`
  if (unfinished === true) return { rejected, message, unfinished, took_ms }
  return written === undefined ? { rejected, message } : { rejected, message, written }
}
