import { z } from 'zod'

import { assert } from '#core/assert.ts'
import { unjudged, type Verdict } from '#core/score.ts'

import type { Correctable, Detector, Kind } from './kind.ts'
import { Pauses } from './pauses.ts'
import { Rows } from './rows.ts'

const config = z.strictObject({ kind: z.literal('absence') })

/** Silences under this concern nobody. */
const MIN_SILENCE_MS = 60_000

class Absence implements Correctable {
  readonly #rows = new Rows()
  readonly #pauses = new Pauses(this.#rows)

  get live(): number {
    return this.#rows.live
  }

  get bytes(): number {
    return this.#rows.bytes
  }

  add(): number {
    return this.#rows.add()
  }

  remove(row: number): void {
    this.#rows.remove(row)
  }

  /** Learns the cadence; a sample is never absent, whatever its value. */
  step(row: number, time_ms: number, _value: number, out: Verdict): void {
    unjudged(out)
    this.#pauses.event(row, time_ms)
  }

  overdue(row: number, time_ms: number): number {
    return this.#pauses.overdue(row, time_ms, MIN_SILENCE_MS)
  }

  since_ms(row: number): number {
    return this.#pauses.last_ms(row)
  }

  confident(row: number): boolean {
    return this.#pauses.known(row)
  }

  blamed(): readonly string[] {
    return ['absence']
  }

  take(row: number, from: Detector, other: number): void {
    assert(from instanceof Absence, 'a row is taken from its own kind')
    this.#rows.copy(row, from.#rows, other)
  }

  near(): number {
    return NaN
  }

  pass(row: number, time_ms: number): void {
    this.#pauses.pass(row, time_ms)
  }

  /** Nothing is adopted: a pause is known once it is over. */
  insist(): void {}

  /** A pause that was no trouble was learned as it is. */
  accept(): void {}

  save(): Uint8Array {
    return this.#rows.save()
  }

  load(bytes: Uint8Array): void {
    this.#rows.load(bytes)
  }
}

/** A series that stays away longer than it ever used to. It speaks on ticks, never on samples. */
export const absence: Kind<z.infer<typeof config>> = {
  kind: 'absence',
  config,
  scores: false,
  create: () => new Absence(),
}
