import { assert } from '#core/assert.ts'
import { ServiceError } from '#core/errors.ts'
import type {
  Matcher,
  RollupChoice,
  SeriesBatch,
  SeriesReader,
  SeriesSlice,
  TimeRange,
} from '#core/ports/series-reader.ts'

import type { VectorSelector } from '../language/ast.ts'
import type { Budget } from './budget.ts'
import { compareLabels, printLabels } from './label-order.ts'
import type { Reach } from './reach.ts'

interface Fetched {
  readonly matchers: readonly Matcher[]
  readonly range: TimeRange
  readonly rollups: RollupChoice | undefined
  /** Every selector of it looks but once, for the newest sample. */
  readonly newest: boolean
  /** How often all its selectors look, at most. */
  readonly steps: number
  /** How often they look at each sample, at most. */
  readonly looks: number
  /** How many selectors of the query it is for. */
  readonly askers: number
  found: Found | undefined
}

/** What was found: all of it, or where only one selector asks, what was read first and the rest still to be read. */
type Found =
  | { readonly kind: 'whole'; readonly slices: readonly SeriesSlice[] }
  | { readonly kind: 'passing'; readonly first: SeriesBatch; readonly rest: Generator<SeriesBatch, void> }
  | { readonly kind: 'passed' }

/** Bytes of a sample that was read: time, value, whether it is stale; and of a series beside its samples. */
const SAMPLE_BYTES = 17
const SERIES_BYTES = 200

/**
 * What the selectors of one query find, each asked for once over all that it will need. What a single selector looks at is never in memory as a
 * whole: it passes by while an operator works on it.
 */
export class Fetch {
  readonly #readers: readonly SeriesReader[]
  readonly #budget: Budget
  readonly #wanted = new Map<string, Fetched[]>()
  readonly #bySelector = new Map<VectorSelector, Reach>()

  constructor(readers: readonly SeriesReader[], budget: Budget) {
    this.#readers = readers
    this.#budget = budget
  }

  /** Announces what a selector will need. Selectors with the same matchers and overlapping ranges share one fetch. */
  want(selector: VectorSelector, reach: Reach): void {
    const { range, once, steps, looks, rollups } = reach
    this.#bySelector.set(selector, reach)
    const key = keyOf(selector, reach)
    let joined = range
    let newest = once
    const all = { steps, looks, askers: 1 }
    const apart: Fetched[] = []
    for (const other of this.#wanted.get(key) ?? []) {
      if (other.range.from_ms > joined.to_ms || other.range.to_ms < joined.from_ms) apart.push(other)
      else {
        newest = false
        all.steps += other.steps
        all.looks += other.looks
        all.askers += other.askers
        joined = {
          from_ms: Math.min(joined.from_ms, other.range.from_ms),
          to_ms: Math.max(joined.to_ms, other.range.to_ms),
        }
      }
    }
    this.#wanted.set(key, [
      ...apart,
      { matchers: selector.matchers, range: joined, rollups, newest, ...all, found: undefined },
    ])
  }

  /** Finds all that was announced and refuses what is too much, in turns with others. */
  async load(): Promise<void> {
    for (const fetches of this.#wanted.values()) {
      for (const fetched of fetches) {
        fetched.found ??= fetched.askers === 1 ? await this.#begin(fetched) : await this.#whole(fetched)
      }
    }
  }

  /** The series of an announced selector, once all is loaded, in order of their labels. The arrays of a batch only last until the next. */
  async *batches(selector: VectorSelector): AsyncGenerator<readonly SeriesSlice[], void> {
    const reach = this.#bySelector.get(selector)!
    const { range } = reach
    const fetched = this.#wanted
      .get(keyOf(selector, reach))!
      .find((one) => one.range.from_ms <= range.from_ms && one.range.to_ms >= range.to_ms)!
    const found = fetched.found!
    assert(found.kind !== 'passed', 'what one selector asked for is looked at once')
    if (found.kind === 'whole') {
      yield found.slices
      return
    }
    fetched.found = { kind: 'passed' }
    let series = 0
    for (let batch = found.first; ;) {
      series += batch.slices.length
      const bytes = this.#account(batch.slices, series)
      this.#budget.hold(bytes)
      yield batch.slices
      this.#budget.hold(-bytes)
      const next = await this.#next(found.rest)
      if (next === undefined) return
      batch = next
    }
  }

  /** What all readers hold. */
  async #whole(fetched: Fetched): Promise<Found> {
    this.#budget.check()
    const answers: SeriesSlice[][] = []
    for (const reader of this.#readers) {
      const found = await this.#read(reader, fetched)
      if (found.length > 0) answers.push(found)
    }
    const slices = answers.length === 1 ? answers[0]! : answers.flat()
    this.#budget.hold(this.#account(slices, slices.length))
    this.#budget.check()
    if (answers.length > 1) sortUnique(slices)
    return { kind: 'whole', slices }
  }

  /** Only what is read first, where one reader alone has any. */
  async #begin(fetched: Fetched): Promise<Found> {
    this.#budget.check()
    let found: Found = { kind: 'whole', slices: [] }
    for (const reader of this.#readers) {
      const rest = this.#selecting(reader, fetched, true)
      const first = await this.#next(rest)
      if (first === undefined) continue
      if (found.kind === 'passing') return this.#whole(fetched)
      found = { kind: 'passing', first, rest }
    }
    return found
  }

  /** The next batch that has any series. */
  async #next(selecting: Generator<SeriesBatch, void>): Promise<SeriesBatch | undefined> {
    for (;;) {
      const { value, done } = selecting.next()
      if (done === true) return undefined
      await this.#turn(value)
      if (value.slices.length > 0) return value
    }
  }

  async #read(reader: SeriesReader, fetched: Fetched): Promise<SeriesSlice[]> {
    const all: SeriesSlice[] = []
    for (const batch of this.#selecting(reader, fetched, false)) {
      await this.#turn(batch)
      for (const slice of batch.slices) all.push(slice)
    }
    return all
  }

  async #turn({ read }: SeriesBatch): Promise<void> {
    this.#budget.worked(read)
    if (this.#budget.due) await this.#budget.pause()
  }

  /** Refuses what has too many series or samples before they are in memory. */
  #selecting(
    reader: SeriesReader,
    { matchers, range, rollups, newest, steps, looks }: Fetched,
    passing: boolean,
  ): Generator<SeriesBatch, void> {
    if (reader.selecting === undefined) return atOnce(reader.select(matchers, range))
    const budget = this.#budget
    const admit = (series: number, samples: number): void => {
      budget.series(series)
      budget.foresee({ series, samples: newest ? 0 : samples, steps, looks })
    }
    return reader.selecting(matchers, range, { newest, rollups, admit, passing })
  }

  /** Counts what was read, of so many series in all; returns its bytes. */
  #account(slices: readonly SeriesSlice[], series: number): number {
    this.#budget.series(series)
    let samples = 0
    let buckets = 0
    for (const { time_ms, histograms } of slices) {
      samples += time_ms.length
      buckets += histograms?.buckets.length ?? 0
    }
    this.#budget.spend(samples + buckets, 0)
    return samples * SAMPLE_BYTES + buckets * 8 + slices.length * SERIES_BYTES
  }
}

function* atOnce(slices: readonly SeriesSlice[]): Generator<SeriesBatch, void> {
  yield { slices, read: 0 }
}

function keyOf({ matchers }: VectorSelector, { rollups }: Reach): string {
  const kind = rollups === undefined ? '' : `${rollups.value}${rollups.resolution_ms}`
  return [kind, ...matchers.map(({ name, op, value }) => `${name}\0${op}\0${value}`)].join('\0')
}

function sortUnique(slices: SeriesSlice[]): void {
  slices.sort((a, b) => compareLabels(a.labels, b.labels))
  for (const [i, { labels }] of slices.entries()) {
    if (i > 0 && labels.equals(slices[i - 1]!.labels)) {
      throw new ServiceError('execution', `two sources hold the series ${printLabels(labels)}`)
    }
  }
}
