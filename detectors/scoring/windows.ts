import { z } from 'zod'

import type { Change } from '#core/change.ts'
import type { Snapshot } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'

/** A time of which is known beforehand what it does to the series of a service. */
const windowSchema = z.object({
  id: z.string(),
  /** '' for all. */
  service: z.string(),
  from_ms: z.number(),
  until_ms: z.number(),
  /** What values are multiplied with; null: nothing is judged or learned. */
  factor: z.number().positive().nullable(),
})
const stateSchema = z.object({ version: z.literal(1), windows: z.array(windowSchema) })
type Window = z.output<typeof windowSchema>

/** More at a time concern nobody; the oldest give way. */
const LIMIT = 1000
/** Windows are kept so long after their end: history may still come. */
const KEEP_MS = 15 * 86_400_000

/**
 * Maintenance and planned events, as changes that came by the door told of them. Nothing that is learned outside of a window
 * changes by it: samples of maintenance are passed over, those of an event are divided by its factor first.
 */
export class Windows implements Snapshot {
  readonly name = 'windows'
  readonly #windows = new Map<string, Window>()

  /** Takes a change; other kinds than maintenance and events are nothing to it. The same id again moves its end. */
  change({ id, kind, service, at_ms, until_ms, factor }: Change): void {
    if (until_ms === undefined || (kind !== 'maintenance' && kind !== 'event')) return
    if (kind === 'event' && factor === undefined) return
    const known = this.#windows.get(id)
    const from_ms = known?.from_ms ?? at_ms
    this.#windows.delete(id)
    if (until_ms <= from_ms) return
    this.#windows.set(id, { id, service, from_ms, until_ms, factor: kind === 'event' ? factor! : null })
    if (this.#windows.size > LIMIT) this.#windows.delete(this.#windows.keys().next().value!)
  }

  /** Whether there is a window that touches this time, of whatever service. */
  touches(from_ms: number, to_ms: number): boolean {
    for (const window of this.#windows.values()) if (window.from_ms <= to_ms && from_ms < window.until_ms) return true
    return false
  }

  /** Whether there is one that touches any of the times. */
  touchesAny(time_ms: Float64Array, length: number): boolean {
    if (this.#windows.size === 0) return false
    let from_ms = Infinity
    let to_ms = -Infinity
    for (let i = 0; i < length; i++) {
      if (time_ms[i]! < from_ms) from_ms = time_ms[i]!
      if (time_ms[i]! > to_ms) to_ms = time_ms[i]!
    }
    return this.touches(from_ms, to_ms)
  }

  /** What to divide a value by; 1 outside of windows, null in maintenance. Events at the same time multiply. */
  factorAt(service: string, time_ms: number): number | null {
    let factor = 1
    for (const window of this.#windows.values()) {
      if (time_ms < window.from_ms || time_ms >= window.until_ms) continue
      if (window.service !== '' && window.service !== service) continue
      if (window.factor === null) return null
      factor *= window.factor
    }
    return factor
  }

  tick(time_ms: number): void {
    for (const [id, { until_ms }] of this.#windows) if (time_ms - until_ms > KEEP_MS) this.#windows.delete(id)
  }

  /** JSON, format 1. */
  save(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify({ version: 1, windows: [...this.#windows.values()] }))
  }

  load(bytes: Uint8Array): void {
    const parsed = stateSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
    if (!parsed.success) throw new ServiceError('bad_data', 'windows of maintenance and events cannot be read')
    this.#windows.clear()
    for (const window of parsed.data.windows) this.#windows.set(window.id, window)
  }
}
