import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Turns } from '#core/turns.ts'

import type { QueryLimits } from '../limits.ts'
import type { QueryArrays } from './arrays.ts'
import { type QueryMemory, VALUE_BYTES } from './memory.ts'

/** So many values are computed between two looks at the clock. */
const VALUES_PER_LOOK = 10_000
/**
 * Whoever holds up everything else until it is done may look at each of the samples that it may read so often, by effort: what comes to two
 * seconds or three. Others have their turn in between, and a timeout.
 */
const LOOKS_PER_SAMPLE = 16

export interface BudgetOptions {
  readonly limits: QueryLimits
  readonly clock: Clock
  readonly turns: Turns
  readonly memory: QueryMemory
  readonly arrays: QueryArrays
  readonly timeout_ms?: number
  readonly signal?: AbortSignal
  readonly at_once?: boolean
}

/** What is known of a selector before its samples are read. */
export interface Foresight {
  readonly series: number
  readonly samples: number
  /** At which each series will have a value. */
  readonly steps: number
  /** How often each sample will be looked at, by effort. */
  readonly looks: number
}

/**
 * What one query may still use: values, memory, time, patience. Throws `execution`, `overloaded`, `timeout` or `canceled` when it is used up.
 */
export class Budget {
  readonly limits: QueryLimits
  /** What columns are made of. */
  readonly arrays: QueryArrays
  readonly #clock: Clock
  readonly #deadline_ms: number
  readonly #signal: AbortSignal | undefined
  readonly #turns: Turns
  readonly #memory: QueryMemory
  readonly #atOnce: boolean
  #began_ms: number
  #spent = 0
  #since = 0
  #held = 0
  #peak = 0
  #looked = 0
  #toiled = 0
  readonly #toil: number

  constructor({ limits, clock, turns, memory, arrays, timeout_ms, signal, at_once = false }: BudgetOptions) {
    this.limits = limits
    this.arrays = arrays
    this.#clock = clock
    this.#deadline_ms = timeout_ms === undefined ? Infinity : clock.now_ms() + timeout_ms
    this.#signal = signal
    this.#turns = turns
    this.#memory = memory
    this.#atOnce = at_once
    this.#toil = at_once ? limits.samples * LOOKS_PER_SAMPLE : Infinity
    this.#began_ms = turns.begin()
  }

  /** Values read or computed so far. */
  get spent(): number {
    return this.#spent
  }

  /** The most bytes that were held at once. */
  get peak(): number {
    return this.#peak
  }

  /** Samples looked at so far, once for each step at which they were. */
  get looked(): number {
    return this.#looked
  }

  /** So many samples are looked at at one step, or several; `effort`: see `RollupSpec`. */
  look(samples: number, effort = 1): void {
    this.#looked += samples
    this.#since += samples
    this.#toiled += samples * effort
    if (this.#toiled > this.#toil) throw tooDear(this.#toiled, this.#toil)
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held
  }

  /** Accounts for values about to be made, of which `kept` stay while the operator works. */
  spend(values: number, kept = values): void {
    this.#spent += values
    this.#since += values
    if (this.#spent > this.limits.samples) throw tooMany(`limit ${this.limits.samples}`)
    this.hold(kept * VALUE_BYTES)
  }

  /** Accounts for memory about to be used. */
  hold(bytes: number): void {
    this.#held += bytes
    if (this.#held > this.#peak) this.#peak = this.#held
    this.#memory.take(bytes, this.#held)
  }

  /** What is held is so much now: an operator is done, and its operands are gone. */
  settle(bytes: number): void {
    this.hold(bytes - this.#held)
  }

  /** Work that makes no values. */
  worked(values: number): void {
    this.#since += values
  }

  /** Refuses now what would be too much once its samples are read and its first operator is done. */
  foresee({ series, samples, steps, looks }: Foresight): void {
    // A foresight is not exact: what is near the limit is seen when it is there.
    const values = (samples + series * steps) * 0.9
    if (this.#spent + values > this.limits.samples)
      throw tooMany(`${series} series of ${samples} samples over ${steps} steps, limit ${this.limits.samples}`)
    const toil = this.#toiled + samples * looks * 0.9
    if (toil > this.#toil) throw tooDear(toil, this.#toil)
  }

  /** Refuses more series than a selector or operator may have. */
  series(count: number): void {
    if (count <= this.limits.series) return
    throw new ServiceError('execution', `query would touch ${count} series (limit ${this.limits.series})`)
  }

  steps(count: number): void {
    if (count <= this.limits.steps) return
    throw new ServiceError('execution', `query would evaluate ${count} steps (limit ${this.limits.steps})`)
  }

  /** True when enough was done since the last pause that others should have their turn. */
  get due(): boolean {
    if (this.#since < VALUES_PER_LOOK) return false
    this.#since = 0
    return this.#turns.isOver(this.#began_ms)
  }

  /** Before anything is done: what queries have done of late may have to be made up for. */
  async start(): Promise<void> {
    if (!this.#atOnce) await this.#turns.start()
    this.#began_ms = this.#turns.begin()
    this.check()
  }

  /** The query is over. */
  end(): void {
    if (!this.#atOnce) this.#turns.end(this.#began_ms)
    this.settle(0)
  }

  /** Others have their turn; then looks at the clock and the signal. */
  async pause(): Promise<void> {
    await (this.#atOnce ? this.#turns.pass() : this.#turns.yield(this.#began_ms))
    this.#began_ms = this.#turns.begin()
    this.check()
  }

  check(): void {
    if (this.#signal?.aborted === true) throw new ServiceError('canceled', 'query was canceled in query execution')
    if (this.#clock.now_ms() >= this.#deadline_ms)
      throw new ServiceError('timeout', 'query timed out in query execution')
  }
}

function tooMany(why: string): ServiceError {
  const message = 'query processing would load too many samples into memory in query execution'
  return new ServiceError('execution', `${message} (${why})`)
}

function tooDear(looks: number, limit: number): ServiceError {
  const message = `a rule may look at samples ${limit} times (${LOOKS_PER_SAMPLE} × limits.query_samples), this one needs ${Math.round(looks)}`
  return new ServiceError('execution', `${message}: shorter windows, a coarser subquery or a recorded series need less`)
}
