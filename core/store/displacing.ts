import type { Log } from '../ports/log.ts'
import type { Counter, Meter } from '../ports/meter.ts'
import type { SeriesId } from '../series.ts'
import type { StoreLimits } from './limits.ts'
import type { Tables } from './tables.ts'

/** This share of `limits.series_kept` is made free after a batch: the new series of the next ones find it. */
const ROOM = 1 / 32
/** Series that have ended are known for some batches more. Where they would be more than this share of the limit, no more are made to. */
const ENDED = 1 / 4
/** So many are nothing. */
const ENDED_LEAST = 4096
/** Nobody silent was found: it is looked again so long after. */
const AGAIN_MS = 60_000
/** About so many are found together, and from so many it is told how long silent they are. */
const SOME = 2 ** 14
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
  /** None of them had a later sample when they were found. */
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

  /** To be called after a batch. Returns how many samples were let go. */
  after(tables: Tables, now_ms: number): number {
    const { series } = tables
    const [most, mostEnded] = [this.#most * (1 - ROOM), Math.max(ENDED_LEAST, this.#most * ENDED)]
    let displaced = 0
    let samples = 0
    while (series.active > most && series.known - series.active < mostEnded) {
      const id = this.#oldest(tables, now_ms)
      if (id === undefined) break
      samples += tables.samples.forget(id)
      tables.end(id)
      displaced++
    }
    if (displaced > 0) this.#count(displaced)
    return samples
  }

  #oldest(tables: Tables, now_ms: number): SeriesId | undefined {
    const known = this.#nextOf(tables)
    if (known !== undefined || Math.abs(now_ms - this.#looked_ms) < AGAIN_MS) return known
    this.#look(tables)
    if (this.#next.length === 0) this.#looked_ms = now_ms
    return this.#nextOf(tables)
  }

  /** Those that came back since they were found are passed over, be they silent again. */
  #nextOf({ series, samples, live }: Tables): SeriesId | undefined {
    while (this.#at < this.#next.length) {
      const id = this.#next[this.#at++]!
      if (series.isActive(id) && live.isUnheard(id) && samples.newest_ms(id) <= this.#until_ms) return id
    }
    return undefined
  }

  /** Finds some that are silent for longest, in order. */
  #look({ series, samples, live }: Tables): void {
    const silent = series.actives().filter((id) => live.isUnheard(id))
    const step = Math.ceil(silent.length / SOME)
    const some = silent.filter((_, i) => i % step === 0)
    const times = Float64Array.from(some, (id) => samples.newest_ms(id)).toSorted()
    const until_ms = times[Math.floor((times.length * SOME) / silent.length)] ?? Infinity
    this.#next = silent
      .filter((id) => samples.newest_ms(id) <= until_ms)
      // Where very many fell silent together.
      .slice(0, 2 * SOME)
      .toSorted((a, b) => samples.newest_ms(a) - samples.newest_ms(b))
    this.#at = 0
    const last = this.#next.at(-1)
    this.#until_ms = last === undefined ? -Infinity : samples.newest_ms(last)
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
