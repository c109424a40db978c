import type { Matcher, SeriesReader, TimeRange } from './ports/series-reader.ts'
import type { Labels } from './series.ts'
import { byText, sorting } from './sorting.ts'
import type { Steps } from './steps.ts'

/** Label sets that are made one list of between two turns of others. */
const MERGED_AT_ONCE = 500

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
    let merged: Labels[] = []
    for (const labels of batch) {
      while (next < others.length && others[next]!.compare(labels) < 0) {
        merged.push(others[next++]!)
        if (merged.length < MERGED_AT_ONCE) continue
        yield merged
        merged = []
      }
      if (next < others.length && others[next]!.equals(labels)) next++
      merged.push(labels)
    }
    yield merged
  }
  for (; next < others.length; next += MERGED_AT_ONCE) yield others.slice(next, next + MERGED_AT_ONCE)
}

/** `SeriesReader.labelNames`, of any reader. */
export function* labelNamesOf(reader: Reader, matchers: readonly Matcher[], range?: TimeRange): Steps<string[]> {
  if (reader.labelNames !== undefined) return yield* reader.labelNames(matchers, range)
  const names = new Set<string>()
  for (const labels of reader.labelSets(matchers, range)) for (const [name] of labels) names.add(name)
  return [...names].toSorted()
}

/** `SeriesReader.labelValues`, of any reader. */
export function* labelValuesOf(
  reader: Reader,
  name: string,
  matchers: readonly Matcher[],
  range?: TimeRange,
): Steps<string[]> {
  if (reader.labelValues !== undefined) return yield* reader.labelValues(name, matchers, range)
  const values = new Set(reader.labelSets(matchers, range).map((labels) => labels.get(name)))
  values.delete('')
  return [...values].toSorted()
}

/** Sorted lists of texts as one, each text once. */
export function* mergedTexts(lists: readonly string[][]): Steps<string[]> {
  const some = lists.filter(({ length }) => length > 0)
  return some.length > 1 ? yield* sorting([...new Set(some.flat())], byText) : (some[0] ?? [])
}
