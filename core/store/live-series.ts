import { Flow } from '../flow.ts'
import type { Pulse } from '../ports/series-writer.ts'
import type { SeriesId } from '../series.ts'

/** A series that is marked stale for so long, or had no sample for so long, is not live: its history stays, and others may come. */
const MARKED_MS = 60_000
const UNHEARD_MS = 300_000
/** Counts are good for so long. */
const GOOD_MS = 60_000
/** Metrics whose counts are kept. */
const METRICS_MAX = 1024

/** What is asked of samples. */
export interface Heard {
  /** Analysis time. */
  now_ms(): number
  /** -Infinity before the first. */
  newest_ms(id: SeriesId): number
  pulse(id: SeriesId): Pulse
}

/**
 * How many of the series that have samples are silent: of all, and of one metric. Only asked where a limit is reached, and counted anew a minute
 * later at the soonest. Where nothing came for a while, silence counts from when something did.
 */
export class LiveSeries {
  readonly #heard: Heard
  readonly #flow = new Flow()
  #counted_ms = Number.NaN
  readonly #silent = new Map<number, number>()

  constructor(heard: Heard) {
    this.#heard = heard
  }

  /** Samples came, or were refused. */
  heard(): void {
    this.#flow.heard(this.#heard.now_ms())
  }

  /** Silent ones among `ids`, which are asked for where they are to be counted. `key`: the same for the same ids. */
  silent(key: number, ids: () => Iterable<SeriesId>): number {
    this.heard()
    const now_ms = this.#heard.now_ms()
    // Before the first tick there is no time, and none passes.
    const good = Object.is(now_ms, this.#counted_ms) || Math.abs(now_ms - this.#counted_ms) < GOOD_MS
    if (!good || this.#silent.size >= METRICS_MAX) {
      this.#silent.clear()
      this.#counted_ms = now_ms
    }
    const known = this.#silent.get(key)
    if (known !== undefined) return known
    let count = 0
    for (const id of ids()) if (this.#isSilent(id, now_ms)) count++
    this.#silent.set(key, count)
    return count
  }

  #isSilent(id: SeriesId, now_ms: number): boolean {
    const newest_ms = this.#heard.newest_ms(id)
    // Just made: its sample is yet to come.
    if (newest_ms === -Infinity) return false
    const silent_ms = now_ms - Math.max(newest_ms, this.#flow.since_ms)
    return silent_ms >= UNHEARD_MS || (silent_ms >= MARKED_MS && this.#heard.pulse(id).stale)
  }
}
