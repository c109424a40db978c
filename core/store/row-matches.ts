import { isNative } from '../exponential.ts'
import type { Matcher } from '../ports/series-reader.ts'
import { type Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '../series.ts'
import { atOnce, type Steps } from '../steps.ts'
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

/** Rows whose labels are looked at in one step, and histograms, of which definitions are made. */
const FLOATS_AT_ONCE = 2 ** 12
const HISTOGRAMS_AT_ONCE = 2 ** 9

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
   * may throw. In steps: a series that ends meanwhile may be left out, or be gone.
   */
  *finding(
    matchers: readonly Matcher[],
    tests: readonly Test[],
    seen: (series: number) => void = () => undefined,
  ): Steps<Candidates> {
    const { series } = this.#tables
    const { changes } = series
    const key = FoundRows.key(matchers)
    const known = this.#found.get(key, changes)
    if (known !== undefined) {
      seen(known.length)
      return { floats: known, histograms: [] }
    }
    const { floats, histograms, floatsOnly } = yield* this.#looking(tests)
    seen(seriesOf({ floats, histograms }))
    const ordered = yield* series.ordering(floats)
    // Whether a histogram is there, and which parts of it, depends on its samples.
    if (floatsOnly && series.changes === changes) this.#found.keep(key, ordered)
    return { floats: ordered, histograms }
  }

  /** The same at once, in no order. */
  found(matchers: readonly Matcher[]): Candidates {
    const known = this.#found.get(FoundRows.key(matchers), this.#tables.series.changes)
    return known === undefined ? atOnce(this.#looking(this.tests(matchers))) : { floats: known, histograms: [] }
  }

  /** Rows that match as far as the index tells: `matches` says of these which do. */
  indexed(tests: readonly Test[]): Uint32Array {
    return atOnce(this.#tables.series.index.finding(tests, LE))
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
    return Array.from(this.indexed(this.tests(matchers))).filter((row) => {
      return series.kind(row) !== 'float' && series.labels(row).compare(labels) === 0
    })
  }

  /** A row that is gone. */
  forget(row: SeriesId): void {
    this.#expansions.forget(row)
  }

  /** Rows that match, in no order. */
  *#looking(tests: readonly Test[]): Steps<Candidates & { readonly floatsOnly: boolean }> {
    const { series, samples } = this.#tables
    const own = ownTests(tests)
    const rows = yield* series.index.finding(tests, LE)
    const floats = new Uint32Array(rows.length)
    const others: SeriesId[] = []
    let length = 0
    for (const row of rows) {
      if (!series.has(row)) continue
      if (series.kind(row) === 'float') floats[length++] = row
      else others.push(row)
    }
    const found = yield* this.#passing(floats.subarray(0, length), own)
    const histograms: Match[] = []
    for (const [i, row] of others.entries()) {
      if (i % HISTOGRAMS_AT_ONCE === HISTOGRAMS_AT_ONCE - 1) yield
      const match = samples.oldest_ms(row) < Infinity ? this.#match(row, own) : undefined
      if (match !== undefined) histograms.push(match)
    }
    return { floats: found, histograms, floatsOnly: others.length === 0 }
  }

  /** Of these floats, those that pass what the index does not tell exactly. */
  *#passing(floats: Uint32Array, own: readonly Test[]): Steps<Uint32Array> {
    const { series } = this.#tables
    const asked = own.filter(({ name, empty }) => name === LE || empty)
    if (asked.length === 0) return floats
    let length = 0
    for (const [i, row] of floats.entries()) {
      if (i % FLOATS_AT_ONCE === FLOATS_AT_ONCE - 1) yield
      if (!series.has(row)) continue
      if (asked.every((test) => test.matches(series.label(row, test.name)))) floats[length++] = row
    }
    return floats.subarray(0, length)
  }

  #match(row: SeriesId, own: readonly Test[]): Match | undefined {
    const definition = this.#tables.series.definition(row)
    const { labels, kind } = definition
    if (kind === 'float') {
      return own.every((test) => test.matches(labels.get(test.name))) ? { row, definition, parts: [] } : undefined
    }
    if (isNative(kind)) {
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
