import { ServiceError } from '#core/errors.ts'
import type { Meter } from '#core/ports/meter.ts'

/** Bytes that all bodies together may hold. */
export class Budget {
  readonly #limit: number
  #used = 0

  constructor(limit: number, meter: Meter) {
    this.#limit = limit
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

/** What one request holds of the budget. */
export class Share {
  readonly #take: (bytes: number) => void
  #held = 0

  constructor(take: (bytes: number) => void) {
    this.#take = take
  }

  /** Throws `ServiceError('overloaded')` where that is too much. */
  add(bytes: number): void {
    this.#take(bytes)
    this.#held += bytes
  }

  /** Gives everything back; twice is harmless. */
  release(): void {
    this.#take(-this.#held)
    this.#held = 0
  }
}
