import type { Matcher, SeriesReader, TimeRange } from './ports/series-reader.ts'
import type { Labels } from './series.ts'

type Listed = Pick<SeriesReader, 'labelSets' | 'listing'>
type Reader = Pick<SeriesReader, 'labelSets' | 'labelNames' | 'labelValues'>

/** `SeriesReader.listing`, of any reader. */
export function* listingOf(
  reader: Listed,
  matchers: readonly Matcher[],
  range?: TimeRange,
): Generator<readonly Labels[], void> {
  if (reader.listing === undefined) yield reader.labelSets(matchers, range)
  else yield* reader.listing(matchers, range)
}

/** Label sets in batches and others beside them, all in order: together in order, each once. */
export function* mergedListing(
  batches: Iterable<readonly Labels[]>,
  others: readonly Labels[],
): Generator<readonly Labels[], void> {
  let next = 0
  for (const batch of batches) {
    if (next === others.length) {
      yield batch
      continue
    }
    const merged: Labels[] = []
    for (const labels of batch) {
      while (next < others.length && others[next]!.compare(labels) < 0) merged.push(others[next++]!)
      if (next < others.length && others[next]!.equals(labels)) next++
      merged.push(labels)
    }
    yield merged
  }
  yield others.slice(next)
}

/** `SeriesReader.labelNames`, of any reader. */
export function labelNamesOf(reader: Reader, matchers: readonly Matcher[], range?: TimeRange): string[] {
  if (reader.labelNames !== undefined) return reader.labelNames(matchers, range)
  const names = new Set<string>()
  for (const labels of reader.labelSets(matchers, range)) for (const [name] of labels) names.add(name)
  return [...names].toSorted()
}

/** `SeriesReader.labelValues`, of any reader. */
export function labelValuesOf(reader: Reader, name: string, matchers: readonly Matcher[], range?: TimeRange): string[] {
  if (reader.labelValues !== undefined) return reader.labelValues(name, matchers, range)
  const values = new Set(reader.labelSets(matchers, range).map((labels) => labels.get(name)))
  values.delete('')
  return [...values].toSorted()
}
