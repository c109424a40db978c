import type { Matcher, TimeRange } from '../ports/series-reader.ts'
import { type Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '../series.ts'
import { LE, partNames } from './histogram-row.ts'
import type { Matching, Test } from './matching.ts'
import type { SampleTable } from './sample-table.ts'
import type { SeriesTable } from './series-table.ts'

export interface ListedTables {
  readonly series: SeriesTable
  readonly samples: Pick<SampleTable, 'oldest_ms' | 'has'>
}

/** Label sets of the series that rows are seen as, as `Selection.labelSets`. */
export type LabelSetsOf = (
  matchers: readonly Matcher[],
  range: TimeRange | undefined,
  rows: Iterable<SeriesId>,
) => Labels[]

/** Rows that match and are there, by what has to be done to list their labels. */
interface Found {
  /** Those of their label set are listed. */
  readonly plain: SeriesId[]
  /** Histograms of which it is not plain whether any series of the expansion matches. */
  readonly others: SeriesId[]
  /** Labels that the expansion of a plain histogram has beside its own. */
  readonly added: Set<string>
}

/**
 * Names and values of labels, from the index: label sets are built only of histograms, where the names of their expansion and
 * `le` matter.
 */
export class LabelLists {
  readonly #tables: ListedTables
  readonly #matching: Matching
  readonly #labelSets: LabelSetsOf

  constructor(tables: ListedTables, matching: Matching, labelSets: LabelSetsOf) {
    this.#tables = tables
    this.#matching = matching
    this.#labelSets = labelSets
  }

  names(matchers: readonly Matcher[], range?: TimeRange): string[] {
    const { plain, others, added } = this.#found(matchers, range)
    const names = new Set([...added, ...this.#tables.series.labelNames(plain)])
    for (const labels of this.#labelSets(matchers, range, others)) for (const [name] of labels) names.add(name)
    return [...names].toSorted()
  }

  values(name: string, matchers: readonly Matcher[], range?: TimeRange): string[] {
    if (name === METRIC_NAME || name === LE) return this.#expandedValues(name, matchers, range)
    const { series } = this.#tables
    if (matchers.length === 0) return series.labelValues(name, (row) => this.#isThere(row, range)).toSorted()
    const { plain, others } = this.#found(matchers, range)
    const values = new Set(series.labelValuesOf(name, plain))
    for (const labels of this.#labelSets(matchers, range, others)) values.add(labels.get(name))
    values.delete('')
    return [...values].toSorted()
  }

  /** Values that the expansion of a histogram makes: rows of one metric with the same bounds have the same. */
  #expandedValues(name: string, matchers: readonly Matcher[], range: TimeRange | undefined): string[] {
    const { series } = this.#tables
    const tests = this.#tests(matchers)
    const own = tests.filter(isOwn)
    const floats: SeriesId[] = []
    const values = new Set<string>()
    const seen = new Set<string>()
    for (const row of series.index.candidates(tests, LE)) {
      if (!this.#isThere(row, range)) continue
      const kind = series.kind(row)
      if (kind === 'float') {
        if (own.every((test) => this.#holds(row, test))) floats.push(row)
        continue
      }
      const family = series.family(row)
      if (seen.has(family)) continue
      const found = new Set(this.#labelSets(matchers, range, [row]).map((labels) => labels.get(name)))
      for (const value of found) values.add(value)
      // A sum is not always there, and the buckets of an exponential one are where its values are.
      const names = namesOf(series.label(row, METRIC_NAME), kind).filter((one) => namePasses(one, own))
      if (name === LE ? kind === 'histogram' : found.size === names.length) seen.add(family)
    }
    for (const value of series.labelValuesOf(name, floats)) values.add(value)
    values.delete('')
    return [...values].toSorted()
  }

  #found(matchers: readonly Matcher[], range: TimeRange | undefined): Found {
    const { series } = this.#tables
    const tests = this.#tests(matchers)
    const own = tests.filter(isOwn)
    const found: Found = { plain: [], others: [], added: new Set() }
    for (const row of series.index.candidates(tests, LE)) {
      if (!this.#isThere(row, range)) continue
      if (series.kind(row) === 'float') {
        if (own.every((test) => this.#holds(row, test))) found.plain.push(row)
        continue
      }
      const shows = own.length === 0 ? 'buckets' : this.#showing(row, own)
      if (shows === 'unknown') {
        found.others.push(row)
        continue
      }
      found.plain.push(row)
      found.added.add(METRIC_NAME)
      if (shows === 'buckets') found.added.add(LE)
    }
    return found
  }

  /** Which series of a histogram surely match: it has buckets and a count at every time. */
  #showing(row: SeriesId, own: readonly Test[]): 'buckets' | 'count' | 'unknown' {
    if (own.some(({ name }) => name === LE)) return 'unknown'
    const [bucket, , count] = partNames(this.#tables.series.label(row, METRIC_NAME))
    if (namePasses(bucket, own)) return 'buckets'
    return namePasses(count, own) ? 'count' : 'unknown'
  }

  #tests(matchers: readonly Matcher[]): Test[] {
    return matchers.map((matcher) => this.#matching.test(matcher))
  }

  #isThere(row: SeriesId, range: TimeRange | undefined): boolean {
    const { samples } = this.#tables
    return range === undefined ? samples.oldest_ms(row) !== Infinity : samples.has(row, range)
  }

  /** Of a float. Its metric name the index has looked at, but where an absent one would match. */
  #holds(row: SeriesId, test: Test): boolean {
    if (test.name === METRIC_NAME && !test.empty) return true
    return test.matches(this.#tables.series.label(row, test.name))
  }
}

function isOwn({ name }: Test): boolean {
  return name === METRIC_NAME || name === LE
}

function namePasses(name: string, own: readonly Test[]): boolean {
  return own.every((test) => test.name === LE || test.matches(name))
}

/** The metric names of a histogram. */
function namesOf(name: string, kind: SeriesDefinition['kind']): readonly string[] {
  return kind === 'exponential' ? [name, ...partNames(name)] : partNames(name)
}
