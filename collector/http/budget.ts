import { ServiceError } from '#core/errors.ts'
import { LeftBehind } from '#core/left-behind.ts'
import type { Meter } from '#core/ports/meter.ts'

import { KeptMemory } from './kept-memory.ts'

/** Bytes that all bodies together may hold. */
export class Budget {
  readonly #limit: number
  /** What bodies were in that are gone. */
  readonly leftBehind: LeftBehind
  readonly #kept = new KeptMemory()
  readonly #take = (bytes: number): void => {
    if (bytes > this.left) throw new ServiceError('overloaded', 'too many bodies at once; send again later')
    this.#used += bytes
  }
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
    return new Share(this.#take, this.#kept)
  }
}

/** What is smaller is left to the garbage collector, which finds it among what is young: to give it back costs more. */
const OWN_BYTES = 2 ** 10

/** Whether others may have a part of the memory of these bytes, which Node cut from its pool. */
function isPooled({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
  return byteOffset > 0 || (buffer.byteLength === Buffer.poolSize && byteLength < Buffer.poolSize)
}

/** What one request holds of the budget. */
export class Share {
  readonly #take: (bytes: number) => void
  readonly #kept: KeptMemory
  readonly #buffers: Uint8Array[] = []
  readonly #lent: ArrayBuffer[] = []
  #held = 0

  constructor(take: (bytes: number) => void, kept: KeptMemory) {
    this.#take = take
    this.#kept = kept
  }

  /** Throws `ServiceError('overloaded')` where that is too much. */
  add(bytes: number): void {
    this.#take(bytes)
    this.#held += bytes
  }

  /**
   * Bytes of this request alone: their memory is given back with the share, and views of them are empty then. Bodies are most
   * of what comes and goes; leaving them to the garbage collector costs as much CPU time as all other work on them: it looks through the
   * whole heap for every few dozen MiB.
   */
  own(bytes: Uint8Array): void {
    if (bytes.length >= OWN_BYTES && !isPooled(bytes)) this.#buffers.push(bytes)
  }

  /** Memory for so many bytes, as `own` has it; they count when they are added. */
  memory(length: number): Buffer {
    const memory = this.#kept.take(length)
    if (memory !== undefined) {
      this.#lent.push(memory)
      return Buffer.from(memory, 0, length)
    }
    const bytes = Buffer.allocUnsafeSlow(length)
    this.own(bytes)
    return bytes
  }

  /** Gives everything back; twice is harmless. */
  release(): void {
    this.#take(-this.#held)
    this.#held = 0
    for (const memory of this.#lent) this.#kept.give(memory)
    this.#lent.length = 0
    for (const { buffer } of this.#buffers) if (buffer instanceof ArrayBuffer) buffer.transfer(0)
    this.#buffers.length = 0
  }
}
