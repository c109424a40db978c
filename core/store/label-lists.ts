import { isNative } from '../exponential.ts'
import { mergedListing } from '../label-listing.ts'
import type { Matcher, TimeRange } from '../ports/series-reader.ts'
import { type Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '../series.ts'
import { byText, sorting } from '../sorting.ts'
import { atOnce, restingAs, type Steps } from '../steps.ts'
import { exponentialSlices } from './exponential-slices.ts'
import { LE, partNames } from './histogram-row.ts'
import { histogramSlices } from './histogram-slices.ts'
import type { Test } from './matching.ts'
import { type Match, ownTests, type RowMatches } from './row-matches.ts'
import { SampleBuffer } from './sample-buffer.ts'
import type { Tables } from './tables.ts'

/** Label sets that are made between two turns of others: a millisecond. */
const AT_ONCE = 500
/** Rows whose names and values are looked at in one step. */
const ROWS_AT_ONCE = 2 ** 12

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
 * Label sets, and names and values of labels. These come from the index: label sets are built only of histograms, where the names of
 * their expansion and `le` matter.
 */
export class LabelLists {
  readonly #tables: Tables
  readonly #rows: RowMatches
  readonly #buffer = new SampleBuffer()

  constructor(tables: Tables, rows: RowMatches) {
    this.#tables = tables
    this.#rows = rows
  }

  sets(matchers: readonly Matcher[], range?: TimeRange): Labels[] {
    return Array.from(this.listing(matchers, range)).flat()
  }

  /** `SeriesReader.listing`: floats lie in order, histograms are put in order before the first batch. */
  *listing(matchers: readonly Matcher[], range?: TimeRange): Generator<readonly Labels[], void> {
    const tests = this.#rows.tests(matchers)
    const { floats, histograms } = yield* restingAs(this.#rows.finding(matchers, tests), [])
    const expanded = yield* restingAs(this.#expanding(histograms, ownTests(tests), range), [])
    yield* mergedListing(this.#floats(floats, range), expanded)
  }

  *#floats(rows: Uint32Array, range: TimeRange | undefined): Generator<readonly Labels[], void> {
    const { series } = this.#tables
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const there = rows.subarray(from, from + AT_ONCE).filter((row) => this.#isThere(row, range))
      yield Array.from(there, (row) => series.labels(row))
    }
  }

  /** Label sets of the expansions, in order, each once. */
  *#expanding(matches: readonly Match[], own: readonly Test[], range: TimeRange | undefined): Steps<Labels[]> {
    const found = new Map<string, Labels>()
    for (const [i, match] of matches.entries()) {
      if (i % AT_ONCE === AT_ONCE - 1) yield
      if (!this.#isThere(match.row, range)) continue
      for (const { labels } of this.#inRange(match, range, own)) found.set(labels.key, labels)
    }
    return yield* sorting([...found.values()], (a, b) => a.compare(b))
  }

  /** Label sets of these rows, histograms which match as far as the index tells. */
  #setsOf(rows: readonly SeriesId[], matchers: readonly Matcher[], range: TimeRange | undefined): Labels[] {
    const tests = this.#rows.tests(matchers)
    return atOnce(this.#expanding([...this.#rows.matches(tests, rows)], ownTests(tests), range))
  }

  *names(matchers: readonly Matcher[], range?: TimeRange): Steps<string[]> {
    const names = new Set<string>()
    for (const { plain, others, added } of this.#finding(matchers, range)) {
      for (const name of added) names.add(name)
      for (const name of this.#tables.series.labelNames(plain)) names.add(name)
      for (const labels of this.#setsOf(others, matchers, range)) for (const [name] of labels) names.add(name)
      yield
    }
    return [...names].toSorted()
  }

  *values(name: string, matchers: readonly Matcher[], range?: TimeRange): Steps<string[]> {
    if (name === METRIC_NAME || name === LE) return yield* this.#expandedValues(name, matchers, range)
    const { series } = this.#tables
    if (matchers.length === 0) {
      return yield* sorting(yield* series.labelValues(name, (row) => this.#isThere(row, range)), byText)
    }
    const values = new Set<string>()
    for (const { plain, others } of this.#finding(matchers, range)) {
      for (const value of series.labelValuesOf(name, plain)) values.add(value)
      for (const labels of this.#setsOf(others, matchers, range)) values.add(labels.get(name))
      yield
    }
    values.delete('')
    return yield* sorting([...values], byText)
  }

  /** The series of a match that have a sample in the range, when the row has one: where sums are missing, they must be read. */
  #inRange(match: Match, range: TimeRange | undefined, own: readonly Test[]): readonly { readonly labels: Labels }[] {
    const { row, parts, definition } = match
    const { samples, sums } = this.#tables
    if (definition.kind === 'float') return [definition]
    if (isNative(definition.kind)) {
      // Counts only grow: the newest sample has every bucket that any has.
      const newest_ms = samples.newest_ms(row)
      return exponentialSlices([match], range ?? { from_ms: newest_ms, to_ms: newest_ms }, { own, samples })
    }
    if (range === undefined || sums.every(row)) return parts
    return histogramSlices({ row, parts, range }, samples, this.#buffer)
  }

  /** Values that the expansion of a histogram makes: rows of one metric with the same bounds have the same. */
  *#expandedValues(name: string, matchers: readonly Matcher[], range: TimeRange | undefined): Steps<string[]> {
    const { series } = this.#tables
    const tests = this.#rows.tests(matchers)
    const own = tests.filter(isOwn)
    const values = new Set<string>()
    const seen = new Set<string>()
    for (const rows of this.#there(tests, range)) {
      const floats: SeriesId[] = []
      for (const row of rows) {
        const kind = series.kind(row)
        if (kind === 'float') {
          if (own.every((test) => this.#holds(row, test))) floats.push(row)
          continue
        }
        const family = series.family(row)
        if (seen.has(family)) continue
        const found = new Set(this.#setsOf([row], matchers, range).map((labels) => labels.get(name)))
        for (const value of found) values.add(value)
        // A sum is not always there, and the buckets of a native one are where its values are.
        const names = namesOf(series.label(row, METRIC_NAME), kind).filter((one) => namePasses(one, own))
        if (name === LE ? kind === 'histogram' : found.size === names.length) seen.add(family)
      }
      for (const value of series.labelValuesOf(name, floats)) values.add(value)
      yield
    }
    values.delete('')
    return yield* sorting([...values], byText)
  }

  /** Rows that match as far as the index tells and are there, some at a time: series may end between two. */
  *#there(tests: readonly Test[], range: TimeRange | undefined): Generator<readonly SeriesId[], void> {
    const rows = (yield* restingAs(this.#tables.series.index.finding(tests, LE), [])).slice()
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      yield Array.from(rows.subarray(from, from + ROWS_AT_ONCE)).filter((row) => this.#isThere(row, range))
    }
  }

  *#finding(matchers: readonly Matcher[], range: TimeRange | undefined): Generator<Found, void> {
    const tests = this.#rows.tests(matchers)
    const own = tests.filter(isOwn)
    for (const rows of this.#there(tests, range)) {
      const found: Found = { plain: [], others: [], added: new Set() }
      for (const row of rows) this.#sort(row, own, found)
      yield found
    }
  }

  #sort(row: SeriesId, own: readonly Test[], { plain, others, added }: Found): void {
    if (this.#tables.series.kind(row) === 'float') {
      if (own.every((test) => this.#holds(row, test))) plain.push(row)
      return
    }
    const shows = own.length === 0 ? 'buckets' : this.#showing(row, own)
    if (shows === 'unknown') {
      others.push(row)
      return
    }
    plain.push(row)
    added.add(METRIC_NAME)
    if (shows === 'buckets') added.add(LE)
  }

  /** Which series of a histogram surely match: it has buckets and a count at every time. */
  #showing(row: SeriesId, own: readonly Test[]): 'buckets' | 'count' | 'unknown' {
    if (own.some(({ name }) => name === LE)) return 'unknown'
    const [bucket, , count] = partNames(this.#tables.series.label(row, METRIC_NAME))
    if (namePasses(bucket, own)) return 'buckets'
    return namePasses(count, own) ? 'count' : 'unknown'
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
  return isNative(kind) ? [name, ...partNames(name)] : partNames(name)
}
