import { ServiceError } from '#core/errors.ts'
import type { Matcher, SeriesReader, SeriesSlice, TimeRange } from '#core/ports/series-reader.ts'

import type { VectorSelector } from '../language/ast.ts'
import type { Budget } from './budget.ts'
import { compareLabels, printLabels } from './label-order.ts'

interface Fetched {
  range: TimeRange
  slices: SeriesSlice[] | undefined
}

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
  want(selector: VectorSelector, range: TimeRange): void {
    this.#bySelector.set(selector, range)
    const key = keyOf(selector.matchers)
    let joined = range
    const apart: Fetched[] = []
    for (const other of this.#wanted.get(key) ?? []) {
      if (other.range.from_ms > joined.to_ms || other.range.to_ms < joined.from_ms) apart.push(other)
      else {
        joined = {
          from_ms: Math.min(joined.from_ms, other.range.from_ms),
          to_ms: Math.max(joined.to_ms, other.range.to_ms),
        }
      }
    }
    this.#wanted.set(key, [...apart, { range: joined, slices: undefined }])
  }

  /** The series of an announced selector, in order of their labels. */
  get(selector: VectorSelector): readonly SeriesSlice[] {
    const range = this.#bySelector.get(selector)!
    const fetched = this.#wanted
      .get(keyOf(selector.matchers))!
      .find((one) => one.range.from_ms <= range.from_ms && one.range.to_ms >= range.to_ms)!
    fetched.slices ??= this.#select(selector.matchers, fetched.range)
    return fetched.slices
  }

  #select(matchers: readonly Matcher[], range: TimeRange): SeriesSlice[] {
    this.#budget.check()
    const answers = this.#readers
      .map((reader) => reader.select(matchers, range).filter(isFloat))
      .filter(({ length }) => length > 0)
    const slices = answers.length === 1 ? answers[0]! : answers.flat()
    this.#budget.series(slices.length)
    for (const { time_ms } of slices) this.#budget.spend(time_ms.length)
    this.#budget.check()
    if (answers.length > 1) sortUnique(slices)
    return slices
  }
}

/** Histograms as values are not evaluated: they are there as `_bucket`, `_sum` and `_count`. */
function isFloat({ histograms }: SeriesSlice): boolean {
  return histograms === undefined
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
