import { ServiceError } from '#core/errors.ts'
import type { Matcher, SeriesReader, SeriesSlice, TimeRange } from '#core/ports/series-reader.ts'

import type { VectorSelector } from '../language/ast.ts'
import type { Budget } from './budget.ts'
import { compareLabels, printLabels } from './label-order.ts'
import type { Reach } from './reach.ts'

interface Fetched {
  readonly matchers: readonly Matcher[]
  readonly range: TimeRange
  /** Every selector of it looks but once, for the newest sample. */
  readonly newest: boolean
  /** How often all its selectors look, at most. */
  readonly steps: number
  slices: SeriesSlice[] | undefined
}

/** Bytes of a sample that was read: time, value, whether it is stale; and of a series beside its samples. */
const SAMPLE_BYTES = 17
const SERIES_BYTES = 200

/** What the selectors of one query find, each asked for once over all that it will need. */
export class Fetch {
  readonly #readers: readonly SeriesReader[]
  readonly #budget: Budget
  readonly #wanted = new Map<string, Fetched[]>()
  readonly #bySelector = new Map<VectorSelector, TimeRange>()

  constructor(readers: readonly SeriesReader[], budget: Budget) {
    this.#readers = readers
    this.#budget = budget
  }

  /** Announces what a selector will need. Selectors with the same matchers and overlapping ranges share one fetch. */
  want(selector: VectorSelector, { range, once, steps }: Reach): void {
    this.#bySelector.set(selector, range)
    const key = keyOf(selector.matchers)
    let joined = range
    let newest = once
    let looks = steps
    const apart: Fetched[] = []
    for (const other of this.#wanted.get(key) ?? []) {
      if (other.range.from_ms > joined.to_ms || other.range.to_ms < joined.from_ms) apart.push(other)
      else {
        newest = false
        looks += other.steps
        joined = {
          from_ms: Math.min(joined.from_ms, other.range.from_ms),
          to_ms: Math.max(joined.to_ms, other.range.to_ms),
        }
      }
    }
    this.#wanted.set(key, [
      ...apart,
      { matchers: selector.matchers, range: joined, newest, steps: looks, slices: undefined },
    ])
  }

  /** Reads all that was announced, in turns with others. */
  async load(): Promise<void> {
    for (const fetches of this.#wanted.values()) {
      for (const fetched of fetches) fetched.slices ??= await this.#select(fetched)
    }
  }

  /** The series of an announced selector, once all is loaded, in order of their labels. */
  get(selector: VectorSelector): readonly SeriesSlice[] {
    const range = this.#bySelector.get(selector)!
    return this.#wanted
      .get(keyOf(selector.matchers))!
      .find((one) => one.range.from_ms <= range.from_ms && one.range.to_ms >= range.to_ms)!.slices!
  }

  async #select(fetched: Fetched): Promise<SeriesSlice[]> {
    this.#budget.check()
    const answers: SeriesSlice[][] = []
    for (const reader of this.#readers) {
      const found = await this.#read(reader, fetched)
      if (found.length > 0) answers.push(found)
    }
    const slices = answers.length === 1 ? answers[0]! : answers.flat()
    this.#budget.series(slices.length)
    let samples = 0
    let buckets = 0
    for (const { time_ms, histograms } of slices) {
      samples += time_ms.length
      buckets += histograms?.buckets.length ?? 0
    }
    this.#budget.spend(samples + buckets, 0)
    this.#budget.hold(samples * SAMPLE_BYTES + buckets * 8 + slices.length * SERIES_BYTES)
    this.#budget.check()
    if (answers.length > 1) sortUnique(slices)
    return slices
  }

  /** Refuses what has too many series or samples before they are in memory. */
  async #read(reader: SeriesReader, { matchers, range, newest, steps }: Fetched): Promise<SeriesSlice[]> {
    const budget = this.#budget
    if (reader.selecting === undefined) return reader.select(matchers, range)
    const admit = (series: number, samples: number): void => {
      budget.series(series)
      budget.foresee({ series, samples: newest ? 0 : samples, steps })
    }
    const selecting = reader.selecting(matchers, range, { newest, admit })
    for (;;) {
      const { value, done } = selecting.next()
      if (done === true) return value
      budget.worked(value)
      if (budget.due) await budget.pause()
    }
  }
}

function keyOf(matchers: readonly Matcher[]): string {
  return matchers.map(({ name, op, value }) => `${name}\0${op}\0${value}`).join('\0')
}

function sortUnique(slices: SeriesSlice[]): void {
  slices.sort((a, b) => compareLabels(a.labels, b.labels))
  for (const [i, { labels }] of slices.entries()) {
    if (i > 0 && labels.equals(slices[i - 1]!.labels)) {
      throw new ServiceError('execution', `two sources hold the series ${printLabels(labels)}`)
    }
  }
}
