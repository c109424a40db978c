import { isNative, shapeOf } from '../exponential.ts'
import type { ExemplarSlice, Matcher, TimeRange } from '../ports/series-reader.ts'
import { type Labels, METRIC_NAME, type SeriesDefinition } from '../series.ts'
import type { ExemplarTable, StoredExemplar } from './exemplar-table.ts'
import { boundFor } from './exponential-slices.ts'
import { formatBound, LE, partNames } from './histogram-row.ts'
import { byLabels, ownTests, type RowMatches } from './row-matches.ts'

/** Of a histogram, exemplars belong to the bucket that they fell into; of a native one also to the series of its own name. */
export function exemplarSlices(
  table: ExemplarTable,
  rows: RowMatches,
  matchers: readonly Matcher[],
  range: TimeRange,
): ExemplarSlice[] {
  const found = new Map<string, { labels: Labels; exemplars: StoredExemplar[] }>()
  const tests = rows.tests(matchers)
  const own = ownTests(tests)
  // Few series have any: only of those definitions are made.
  const having = rows.indexed(tests).filter((row) => table.of(row).length > 0)
  for (const { row, definition } of rows.matches(tests, having)) {
    for (const exemplar of table.of(row)) {
      if (exemplar.time_ms < range.from_ms || exemplar.time_ms > range.to_ms) continue
      for (const labels of exemplarSeries(definition, exemplar.value)) {
        if (!own.every((test) => test.matches(labels.get(test.name)))) continue
        const slice = found.get(labels.key) ?? { labels, exemplars: [] }
        slice.exemplars.push(exemplar)
        found.set(labels.key, slice)
      }
    }
  }
  return [...found.values()].toSorted(byLabels).map(({ labels, exemplars }) => {
    return { labels, exemplars: exemplars.toSorted((a, b) => a.time_ms - b.time_ms) }
  })
}

/** The series that an exemplar of a row is shown with. */
function exemplarSeries(definition: SeriesDefinition, value: number): readonly Labels[] {
  const { labels, kind, bounds } = definition
  if (kind === 'float') return [labels]
  const buckets = labels.with(METRIC_NAME, partNames(labels.name)[0])
  if (isNative(kind)) return [labels, buckets.with(LE, boundFor(value, shapeOf(definition)))]
  return [buckets.with(LE, formatBound(bounds.find((bound) => value <= bound) ?? Infinity))]
}
