import { ServiceError } from '#core/errors.ts'
import { LeftBehind } from '#core/left-behind.ts'
import type { Meter } from '#core/ports/meter.ts'

/** Bytes that all bodies together may hold. */
export class Budget {
  readonly #limit: number
  /** What bodies were in that are gone. */
  readonly leftBehind: LeftBehind
  #used = 0

  constructor(limit: number, meter: Meter, leftBehind = new LeftBehind(() => {})) {
    this.#limit = limit
    this.leftBehind = leftBehind
    meter.gauge('barograph.collector.bodies', { description: 'Bodies held', unit: 'By' }, () => this.#used)
  }

  get used(): number {
    return this.#used
  }

  get left(): number {
    return this.#limit - this.#used
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
