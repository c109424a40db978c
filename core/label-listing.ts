import type { Matcher, SeriesReader, TimeRange } from './ports/series-reader.ts'

type Reader = Pick<SeriesReader, 'labelSets' | 'labelNames' | 'labelValues'>

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
