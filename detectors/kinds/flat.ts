import { z } from 'zod'

import { assert } from '#core/assert.ts'
import type { FindingKind } from '#core/finding.ts'
import { unjudged, type Verdict } from '#core/score.ts'

import type { Correctable, Detector, Kind } from './kind.ts'
import { Pauses } from './pauses.ts'
import { Rows } from './rows.ts'

const config = z.strictObject({ kind: z.literal('flat') })

/** Stillness under this concerns nobody. */
const MIN_STILL_MS = 5 * 60_000
/** A pause between samples longer than so many cadences is no stillness: nobody knows whether it moved. */
const GAP_CADENCES = 5

class Flat implements Correctable {
  readonly #rows = new Rows()
  readonly #moves = new Pauses(this.#rows)
  readonly #last = this.#rows.column(Float64Array)
  readonly #last_ms = this.#rows.column(Float64Array)
  /** Of the time that the row was heard of: gaps are left out. */
  readonly #heard_ms = this.#rows.column(Float64Array)
  readonly #cadence_ms = this.#rows.column(Float64Array)
  readonly #count = this.#rows.column(Uint32Array)

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

  step(row: number, time_ms: number, value: number, out: Verdict): void {
    unjudged(out)
    if (!Number.isFinite(value)) return
    const count = this.#count.data[row]!
    const moved = count > 0 && value !== this.#last.data[row]!
    const heard_ms = this.#hear(row, time_ms)
    if (!moved && count > 0) out.score = this.#moves.overdue(row, heard_ms, MIN_STILL_MS)
    if (moved) this.#moves.event(row, heard_ms)
    this.#last.data[row] = value
    this.#count.data[row] = count + 1
  }

  confident(row: number): boolean {
    return this.#moves.known(row)
  }

  cadence_ms(row: number): number {
    return this.#cadence_ms.data[row]!
  }

  blamed(): readonly string[] {
    return ['flat']
  }

  since_ms(row: number): number {
    return this.#last_ms.data[row]! - this.#moves.pause_ms(row, this.#heard_ms.data[row]!)
  }

  shape(): FindingKind {
    return 'flat'
  }

  take(row: number, from: Detector, other: number): void {
    assert(from instanceof Flat, 'a row is taken from its own kind')
    this.#rows.copy(row, from.#rows, other)
  }

  near(): number {
    return NaN
  }

  pass(row: number, time_ms: number): void {
    if (!(time_ms > this.#last_ms.data[row]!)) return
    this.#last_ms.data[row] = time_ms
    this.#moves.pass(row, this.#heard_ms.data[row]!)
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

  /** The time for which the row was heard of, up to and with this sample. */
  #hear(row: number, time_ms: number): number {
    const count = this.#count.data[row]!
    const dt_ms = count === 0 ? 0 : time_ms - this.#last_ms.data[row]!
    const cadence_ms = this.#cadence_ms.data[row]!
    const heard_ms = cadence_ms === 0 ? dt_ms : Math.min(dt_ms, GAP_CADENCES * cadence_ms)
    this.#heard_ms.data[row]! += heard_ms
    this.#cadence_ms.data[row] = cadence_ms + (heard_ms - cadence_ms) / Math.min(Math.max(count, 1), 32)
    this.#last_ms.data[row] = time_ms
    return this.#heard_ms.data[row]!
  }
}

/**
 * A series that stands still longer than it ever used to: a stuck sensor, a dead exporter that repeats itself. What never
 * moves is never flat.
 */
export const flat: Kind<z.infer<typeof config>> = {
  kind: 'flat',
  config,
  scores: true,
  judges: 'stillness',
  create: () => new Flat(),
}
