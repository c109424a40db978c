import { Flow } from '../flow.ts'
import type { Pulse } from '../ports/series-writer.ts'
import type { SeriesId } from '../series.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

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
 * later at the soonest. Where nothing came at all for a while, silence counts from when something did: but who was silent before still is.
 */
export class LiveSeries {
  readonly #heard: Heard
  readonly #flow = new Flow()
  /** Who had no sample later than this was silent when the last pause began. */
  #paused_ms = -Infinity
  #counted_ms = Number.NaN
  readonly #silent = new Map<number, number>()

  constructor(heard: Heard) {
    this.#heard = heard
  }

  /** Samples came, or were refused. */
  heard(): void {
    const now_ms = this.#heard.now_ms()
    const before = this.#flow.state
    this.#flow.heard(now_ms)
    if (before === undefined || this.#flow.since_ms === before.since_ms) return
    // Ahead of now where the clock was set back.
    const last_ms = Math.min(before.heard_ms, now_ms)
    if (last_ms - before.since_ms >= UNHEARD_MS) this.#paused_ms = last_ms - UNHEARD_MS
  }

  /** Silent ones among `ids`, which are asked for where they are to be counted. `key`: the same for the same ids. */
  silent(key: number, ids: () => Iterable<SeriesId>): number {
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
    for (const id of ids()) if (this.#isSilent(id)) count++
    this.#silent.set(key, count)
    return count
  }

  /** Who had no sample later than this is silent, whatever the last one said; -Infinity where nobody is. */
  get unheard_ms(): number {
    const until_ms = this.#heard.now_ms() - UNHEARD_MS
    return this.#flow.since_ms <= until_ms ? Math.max(this.#paused_ms, until_ms) : this.#paused_ms
  }

  save(writer: ByteWriter): void {
    const { since_ms = Infinity, heard_ms = Number.NaN } = this.#flow.state ?? {}
    for (const time_ms of [since_ms, heard_ms, this.#paused_ms]) writer.f64(time_ms)
  }

  load(reader: ByteReader): void {
    const [since_ms, heard_ms] = [reader.f64(), reader.f64()]
    this.#flow.restore({ since_ms, heard_ms })
    this.#paused_ms = reader.f64()
  }

  #isSilent(id: SeriesId): boolean {
    const silence_ms = this.#silence_ms(id)
    return silence_ms >= UNHEARD_MS || (silence_ms >= MARKED_MS && this.#heard.pulse(id).stale)
  }

  /** How long others came and it did not; -Infinity for one that was just made: its sample is yet to come. */
  #silence_ms(id: SeriesId): number {
    const newest_ms = this.#heard.newest_ms(id)
    if (newest_ms === -Infinity) return -Infinity
    return newest_ms <= this.#paused_ms ? Infinity : this.#heard.now_ms() - Math.max(newest_ms, this.#flow.since_ms)
  }
}
