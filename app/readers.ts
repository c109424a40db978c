import { labelNamesOf, labelValuesOf, listingOf, mergedListing, mergedTexts } from '#core/label-listing.ts'
import type {
  ExemplarSlice,
  Extent,
  Matcher,
  MetricMetadata,
  SeriesReader,
  SeriesSlice,
  TimeRange,
} from '#core/ports/series-reader.ts'
import type { Labels } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'

const byLabels = (a: Labels, b: Labels): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

/** Several readers as one: the store, and forecasts whose samples lie in the future. */
export class ReaderOf implements SeriesReader {
  readonly #readers: readonly SeriesReader[]

  constructor(readers: readonly SeriesReader[]) {
    this.#readers = readers
  }

  select(matchers: readonly Matcher[], range: TimeRange): SeriesSlice[] {
    return this.#readers
      .flatMap((reader) => reader.select(matchers, range))
      .toSorted((a, b) => byLabels(a.labels, b.labels))
  }

  labelSets(matchers: readonly Matcher[], range?: TimeRange): Labels[] {
    return Array.from(this.listing(matchers, range)).flat()
  }

  /** All but the first list theirs at once. */
  *listing(matchers: readonly Matcher[], range?: TimeRange): Generator<readonly Labels[], void> {
    const [first, ...others] = this.#readers
    yield* others.reduce(
      (batches, reader) => mergedListing(batches, reader.labelSets(matchers, range)),
      listingOf(first!, matchers, range),
    )
  }

  *labelNames(matchers: readonly Matcher[], range?: TimeRange): Steps<string[]> {
    const lists: string[][] = []
    for (const reader of this.#readers) lists.push(yield* labelNamesOf(reader, matchers, range))
    return yield* mergedTexts(lists)
  }

  *labelValues(name: string, matchers: readonly Matcher[], range?: TimeRange): Steps<string[]> {
    const lists: string[][] = []
    for (const reader of this.#readers) lists.push(yield* labelValuesOf(reader, name, matchers, range))
    return yield* mergedTexts(lists)
  }

  extent(matchers: readonly Matcher[], enough_ms?: number): Extent | null {
    let whole: Extent | null = null
    for (const reader of this.#readers) {
      const extent = reader.extent(matchers, enough_ms)
      if (extent === null) continue
      whole =
        whole === null
          ? extent
          : {
              from_ms: Math.min(whole.from_ms, extent.from_ms),
              to_ms: Math.max(whole.to_ms, extent.to_ms),
              series: (whole.series ?? 0) + (extent.series ?? 0),
            }
    }
    return whole
  }

  metadata(): MetricMetadata[] {
    return this.#readers.flatMap((reader) => reader.metadata())
  }

  exemplars(matchers: readonly Matcher[], range: TimeRange): ExemplarSlice[] {
    return this.#readers
      .flatMap((reader) => reader.exemplars?.(matchers, range) ?? [])
      .toSorted((a, b) => byLabels(a.labels, b.labels))
  }
}
