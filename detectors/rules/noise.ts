import type { AlertEvent } from '#core/alert.ts'

const WEEK_MS = 604_800_000
/** More is noise beyond counting. */
const KEPT_MAX = 1000

/** When the alerts of a rule began to fire, for the last week: how much it asks of people. */
export class Noise {
  #fired: number[] = []

  took(events: readonly AlertEvent[]): void {
    for (const { type, at_ms } of events) if (type === 'firing') this.#fired.push(at_ms)
    if (this.#fired.length > KEPT_MAX) this.#fired = this.#fired.slice(-KEPT_MAX)
  }

  /** Alerts that began to fire in the week up to `time_ms`; at most 1000. */
  lastWeek(time_ms: number): number {
    this.#fired = this.#fired.filter((at_ms) => at_ms > time_ms - WEEK_MS)
    return this.#fired.length
  }

  save(): readonly number[] {
    return this.#fired
  }

  load(fired: readonly number[]): void {
    this.#fired = [...fired]
  }
}
