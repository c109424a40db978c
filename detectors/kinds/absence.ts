import { z } from 'zod'

import type { Verdict } from '#core/score.ts'

import type { Detector, Kind } from './kind.ts'
import { Rows } from './rows.ts'

const config = z.strictObject({ kind: z.literal('absence') })

/** Silences are compared with the cadence only when it is known from so many samples. */
const MIN_COUNT = 10
/** Too long: five usual pauses, half as much again as the longest pause of late, and never under a minute. */
const CADENCES = 5
const LONGEST = 1.5
const MIN_SILENCE_MS = 60_000
/** The longest pause is forgotten by a share of the distance to the cadence each sample. */
const FORGET = 1 / 500

class Absence implements Detector {
  readonly #rows = new Rows()
  readonly #last_ms = this.#rows.column(Float64Array)
  readonly #cadence_ms = this.#rows.column(Float64Array)
  readonly #longest_ms = this.#rows.column(Float64Array)
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

  /** Learns the cadence; a sample is never absent, whatever its value. */
  step(row: number, time_ms: number, _value: number, out: Verdict): void {
    out.score = 0
    out.expected = NaN
    out.lower = NaN
    out.upper = NaN
    const count = this.#count.data[row]!
    if (count > 0) {
      const pause = time_ms - this.#last_ms.data[row]!
      const cadence = this.#cadence_ms.data[row]!
      const learned = count === 1 ? pause : cadence + (Math.min(pause, 4 * cadence) - cadence) / Math.min(count, 100)
      this.#cadence_ms.data[row] = learned
      const longest = this.#longest_ms.data[row]!
      this.#longest_ms.data[row] = pause > longest ? pause : longest - (longest - learned) * FORGET
    }
    this.#last_ms.data[row] = time_ms
    this.#count.data[row] = count + 1
  }

  overdue(row: number, time_ms: number): number {
    if (this.#count.data[row]! < MIN_COUNT) return 0
    const silence = time_ms - this.#last_ms.data[row]!
    const usual = Math.max(CADENCES * this.#cadence_ms.data[row]!, LONGEST * this.#longest_ms.data[row]!)
    return Math.max(0, silence / Math.max(usual, MIN_SILENCE_MS))
  }

  blamed(): readonly string[] {
    return ['absence']
  }

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
