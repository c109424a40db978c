import { ServiceError } from '#core/errors.ts'
import type { Meter } from '#core/ports/meter.ts'

/** So much is left behind before it is swept up. Eight times as much, and V8 begins by itself. */
const SWEEP_BYTES = 2 ** 22

/** Bytes that all bodies together may hold. */
export class Budget {
  readonly #limit: number
  readonly #sweep: () => void
  #used = 0
  #leftBehind = 0

  /** `sweep` gives back what was dropped a short time ago. */
  constructor(limit: number, meter: Meter, sweep: () => void = () => {}) {
    this.#limit = limit
    this.#sweep = sweep
    meter.gauge('barograph.collector.bodies', { description: 'Bodies held', unit: 'By' }, () => this.#used)
  }

  get used(): number {
    return this.#used
  }

  get left(): number {
    return this.#limit - this.#used
  }

  /**
   * Bytes came in memory that only the garbage collector can give back, and nobody holds them any more. Left to itself it looks through the
   * whole heap for every few dozen MiB of them, which costs as much as all other work on them; among what is young they are found in a millisecond.
   */
  leftBehind(bytes: number): void {
    this.#leftBehind += bytes
    if (this.#leftBehind < SWEEP_BYTES) return
    this.#leftBehind = 0
    this.#sweep()
  }

  /** One request's share. */
  share(): Share {
    return new Share((bytes) => {
      if (bytes > this.left) throw new ServiceError('overloaded', 'too many bodies at once; send again later')
      this.#used += bytes
    })
  }
}

/** Smaller ones may be part of a pool that others use, too. */
const OWN_BYTES = 2 ** 14

/** What one request holds of the budget. */
export class Share {
  readonly #take: (bytes: number) => void
  readonly #buffers: Uint8Array[] = []
  #held = 0

  constructor(take: (bytes: number) => void) {
    this.#take = take
  }

  /** Throws `ServiceError('overloaded')` where that is too much. */
  add(bytes: number): void {
    this.#take(bytes)
    this.#held += bytes
  }

  /**
   * Bytes of this request alone: their memory is given back with the share, and views of them are empty then. Bodies are most
   * of what comes and goes; leaving them to the garbage collector costs as much CPU time as all other work on them.
   */
  own(bytes: Uint8Array): void {
    if (bytes.length >= OWN_BYTES && bytes.byteOffset === 0) this.#buffers.push(bytes)
  }

  /** Gives everything back; twice is harmless. */
  release(): void {
    this.#take(-this.#held)
    this.#held = 0
    for (const { buffer } of this.#buffers.splice(0)) if (buffer instanceof ArrayBuffer) buffer.transfer(0)
  }
}
