import type { Matcher } from '../ports/series-reader.ts'
import { type Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '../series.ts'
import { Expansions } from './expansions.ts'
import { FoundRows } from './found-rows.ts'
import { LE, type Part, partMatches, partNames } from './histogram-row.ts'
import type { Matching, Test } from './matching.ts'
import type { Tables } from './tables.ts'

/** A row that matches. */
export interface Match {
  readonly row: SeriesId
  readonly definition: SeriesDefinition
  /** Of a classic histogram, the series of its expansion that match; of others empty. */
  readonly parts: readonly Part[]
}

/** Floats in order of their label sets. */
export interface Candidates {
  readonly floats: Uint32Array
  readonly histograms: readonly Match[]
}

/** Asks an expression once a value. */
function remembered(test: Test): Test {
  const answers = new Map<string, boolean>()
  const matches = (value: string): boolean => {
    const known = answers.get(value)
    if (known !== undefined) return known
    const answer = test.matches(value)
    answers.set(value, answer)
    return answer
  }
  return { ...test, matches }
}

export function byLabels(a: { readonly labels: Labels }, b: { readonly labels: Labels }): number {
  return a.labels.compare(b.labels)
}

/** Tests on what a row does not have as such: the name and `le` of its expansion. */
export function ownTests(tests: readonly Test[]): Test[] {
  return tests.filter(({ name }) => name === METRIC_NAME || name === LE).map(remembered)
}

/** Whether a series of this name, without `le`, passes. */
export function nameMatches(name: string, own: readonly Test[]): boolean {
  return own.every((test) => test.matches(test.name === LE ? '' : name))
}

/** How many series they are: a histogram is as many as it has parts that match. */
export function seriesOf({ floats, histograms }: Candidates): number {
  return histograms.reduce((sum, { parts }) => sum + Math.max(1, parts.length), floats.length)
}

/** Finds the rows that matchers mean. */
export class RowMatches {
  readonly #tables: Tables
  readonly #matching: Matching
  readonly #expansions = new Expansions()
  readonly #found = new FoundRows()

  constructor(tables: Tables, matching: Matching) {
    this.#tables = tables
    this.#matching = matching
  }

  tests(matchers: readonly Matcher[]): Test[] {
    return matchers.map((matcher) => this.#matching.test(matcher))
  }

  /**
   * Rows that match, floats apart: of those nothing needs to be made. `seen` hears of how many series they are before they are put in order, and
   * may throw.
   */
  candidates(
    matchers: readonly Matcher[],
    tests: readonly Test[],
    seen: (series: number) => void = () => undefined,
  ): Candidates {
    const { series } = this.#tables
    const key = FoundRows.key(matchers)
    const known = this.#found.get(key, series.changes)
    if (known !== undefined) {
      seen(known.length)
      return { floats: known, histograms: [] }
    }
    const found = this.#looked(tests)
    seen(seriesOf(found))
    const floats = series.ordered(found.floats)
    // Whether a histogram is there, and which parts of it, depends on its samples.
    if (found.floatsOnly) this.#found.keep(key, floats)
    return { floats, histograms: found.histograms }
  }

  /** Rows that match as far as the index tells: `matches` says of these which do. */
  indexed(tests: readonly Test[]): Uint32Array {
    return this.#tables.series.index.candidates(tests, LE)
  }

  /** Of these rows, those that match and hold samples, with the parts of histograms that match. */
  *matches(tests: readonly Test[], rows: Iterable<SeriesId>): Iterable<Match> {
    const { samples } = this.#tables
    const own = ownTests(tests)
    for (const row of rows) {
      if (samples.oldest_ms(row) === Infinity) continue
      const match = this.#match(row, own)
      if (match !== undefined) yield match
    }
  }

  /** Rows of the histogram that has these labels and no others: one a shape. */
  histogramRows(labels: Labels): SeriesId[] {
    const { series } = this.#tables
    const matchers = Array.from(labels, ([name, value]) => ({ name, op: '=', value }) as const)
    return Array.from(series.index.candidates(this.tests(matchers), LE)).filter((row) => {
      return series.kind(row) !== 'float' && series.labels(row).compare(labels) === 0
    })
  }

  /** A row that is gone. */
  forget(row: SeriesId): void {
    this.#expansions.forget(row)
  }

  /** The same in no order. */
  #looked(tests: readonly Test[]): Candidates & { readonly floatsOnly: boolean } {
    const { series, samples } = this.#tables
    const own = ownTests(tests)
    // What the index does not tell exactly.
    const asked = own.filter(({ name, empty }) => name === LE || empty)
    const rows = series.index.candidates(tests, LE)
    const floats = new Uint32Array(rows.length)
    const histograms: Match[] = []
    let length = 0
    let floatsOnly = true
    for (const row of rows) {
      if (series.kind(row) === 'float') {
        if (asked.every((test) => test.matches(series.label(row, test.name)))) floats[length++] = row
      } else {
        floatsOnly = false
        const match = samples.oldest_ms(row) < Infinity ? this.#match(row, own) : undefined
        if (match !== undefined) histograms.push(match)
      }
    }
    return { floats: floats.subarray(0, length), histograms, floatsOnly }
  }

  #match(row: SeriesId, own: readonly Test[]): Match | undefined {
    const definition = this.#tables.series.definition(row)
    const { labels, kind } = definition
    if (kind === 'float') {
      return own.every((test) => test.matches(labels.get(test.name))) ? { row, definition, parts: [] } : undefined
    }
    if (kind === 'exponential') {
      const isExpanded = partNames(labels.name).some((name) => {
        return own.every((test) => test.name === LE || test.matches(name))
      })
      return isExpanded || nameMatches(labels.name, own) ? { row, definition, parts: [] } : undefined
    }
    const parts = this.#expansions.of(row, definition).filter((part) => {
      return (part.kind !== 'sum' || this.#tables.sums.some(row)) && partMatches(part, own)
    })
    return parts.length > 0 ? { row, definition, parts } : undefined
  }
}
