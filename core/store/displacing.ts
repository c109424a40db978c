import type { Log } from '../ports/log.ts'
import type { Counter, Meter } from '../ports/meter.ts'
import type { SeriesId } from '../series.ts'
import type { Steps } from '../steps.ts'
import type { StoreLimits } from './limits.ts'
import type { Tables } from './tables.ts'

/** This share of `limits.series_kept` is made free after a batch: the new series of the next ones find it. */
const ROOM = 1 / 32
/** Series that have ended are known for some batches more. Where they would be more than this share of the limit, no more are made to. */
const ENDED = 1 / 4
/** So many are nothing. */
const ENDED_LEAST = 4096
/** So many end in one step. */
const ENDED_AT_ONCE = 2 ** 10
/** So many are looked at in one step. */
const LOOKED_AT_ONCE = 2 ** 16
/** Nobody silent was found: it is looked again so long after. */
const AGAIN_MS = 60_000
/** About so many are found together; from so many of all it is told how long these are silent. */
const SOME = 2 ** 14
const SAMPLED = 2 ** 16
const NOBODY = new Uint32Array()

/**
 * Near `limits.series_kept`, series that fell silent give way to those that come, those first that are silent for longest: they end with all their
 * samples, as if retention had taken them. So history gives way to what is live, never the other way round.
 */
export class Displacing {
  readonly #most: number
  readonly #displaced: Counter
  readonly #log: Log
  /** Who is next, from `#at` on. */
  #next: Uint32Array = NOBODY
  #at = 0
  /** None of them had a later sample. */
  #until_ms = -Infinity
  #looked_ms = Number.NaN
  #told = false

  constructor(limits: StoreLimits, meter: Meter, log: Log) {
    this.#most = Math.max(limits.series_kept, limits.series)
    this.#log = log
    this.#displaced = meter.counter('barograph.store.series.displaced', {
      description: 'Silent series that lost their history to new ones: limits.series_kept',
    })
  }

  /** To be done after a batch. Returns how many samples were let go. */
  *after(tables: Tables, now_ms: number): Steps<number> {
    const { series } = tables
    const [most, mostEnded] = [this.#most * (1 - ROOM), Math.max(ENDED_LEAST, this.#most * ENDED)]
    let displaced = 0
    let samples = 0
    while (series.active > most && series.known - series.active < mostEnded) {
      const id = yield* this.#oldest(tables, now_ms)
      if (id === undefined) break
      samples += tables.samples.forget(id)
      tables.end(id)
      if (++displaced % ENDED_AT_ONCE === 0) yield
    }
    if (displaced > 0) this.#count(displaced)
    return samples
  }

  *#oldest(tables: Tables, now_ms: number): Steps<SeriesId | undefined> {
    const known = this.#nextOf(tables)
    if (known !== undefined || Math.abs(now_ms - this.#looked_ms) < AGAIN_MS) return known
    yield* this.#looking(tables)
    if (this.#next.length === 0) this.#looked_ms = now_ms
    return this.#nextOf(tables)
  }

  /** Those that came back since they were found are passed over, be they silent again. */
  #nextOf({ series, samples, live }: Tables): SeriesId | undefined {
    const until_ms = Math.min(this.#until_ms, live.unheard_ms)
    while (this.#at < this.#next.length) {
      const id = this.#next[this.#at++]!
      if (series.isActive(id) && isSilent(samples.newest_ms(id), until_ms)) return id
    }
    return undefined
  }

  /** Finds some that are silent for longest, in order. */
  *#looking({ series, samples, live }: Tables): Steps<void> {
    const all = series.actives()
    const step = Math.ceil(all.length / SAMPLED)
    const times = Float64Array.from({ length: Math.floor(all.length / step) }, (_, i) =>
      samples.newest_ms(all[i * step]!),
    )
    const oldest_ms = times.toSorted()[Math.floor((times.length * SOME) / all.length)] ?? Infinity
    this.#until_ms = Math.min(oldest_ms, live.unheard_ms)
    const found: SeriesId[] = []
    // Very many may have fallen silent together.
    for (let i = 0; i < all.length && found.length < 2 * SOME; i++) {
      if (i % LOOKED_AT_ONCE === 0) yield
      if (isSilent(samples.newest_ms(all[i]!), this.#until_ms)) found.push(all[i]!)
    }
    this.#next = Uint32Array.from(found).toSorted((a, b) => samples.newest_ms(a) - samples.newest_ms(b))
    this.#at = 0
  }

  #count(displaced: number): void {
    this.#displaced.add(displaced)
    if (this.#told) return
    this.#told = true
    const facts = { limit: 'limits.series_kept', value: this.#most }
    this.#log.warn(
      'Silent series lose their history to new ones, the longest silent first; more are only counted.',
      facts,
    )
  }
}

/** One that has no sample was just made. */
function isSilent(newest_ms: number, until_ms: number): boolean {
  return newest_ms > -Infinity && newest_ms <= until_ms
}
