import { ServiceError } from '#core/errors.ts'

/**
 * How many objects a body may hold: resources, metrics, points, attributes, records, spans. One of two bytes costs as much to read as
 * one of fifty, so that bytes alone bound neither time nor memory.
 */
export class Allowance {
  readonly #limit: number
  #left: number

  constructor(limit: number) {
    this.#limit = limit
    this.#left = limit
  }

  /** Throws `ServiceError('too_large')` for one too many. */
  take(count = 1): void {
    this.#left -= count
    if (this.#left < 0)
      throw new ServiceError('too_large', `a body may hold ${this.#limit} objects: limits.body_objects`)
  }
}

/** For what we wrote ourselves. */
export const unlimited = new Allowance(Infinity)
