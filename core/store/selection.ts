import type { Matcher, SeriesSlice, TimeRange } from '../ports/series-reader.ts'
import { type Labels, METRIC_NAME, type SeriesId } from '../series.ts'
import { LE, type Part, partMatches, partsOf } from './histogram-row.ts'
import { histogramSlices, mergeSlices } from './histogram-slices.ts'
import { LabelLists } from './label-lists.ts'
import type { Matching, Test } from './matching.ts'
import { SampleBuffer } from './sample-buffer.ts'
import type { SampleTable } from './sample-table.ts'
import type { SeriesTable } from './series-table.ts'
import type { SumTable } from './sum-table.ts'

/** What the store is made of, as far as reading needs it. */
export interface Tables {
  readonly series: SeriesTable
  readonly samples: SampleTable
  readonly sums: SumTable
}

/** A row that matches; of a histogram, the series of its expansion that do. */
interface Match {
  readonly row: SeriesId
  readonly labels: Labels
  readonly parts: readonly Part[] | undefined
}

const VALUE_COLUMN = [0]

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

/** The canonical text orders as the labels do: separators are below every character that a label may hold. */
function byLabels(a: { readonly labels: Labels }, b: { readonly labels: Labels }): number {
  if (a.labels.key === b.labels.key) return 0
  return a.labels.key < b.labels.key ? -1 : 1
}

/** Finds series and reads their samples. */
export class Selection {
  readonly #tables: Tables
  readonly #matching: Matching
  readonly #lists: LabelLists
  readonly #buffer = new SampleBuffer()
  /** Expansions of the histograms that were asked for. */
  readonly #parts = new Map<SeriesId, readonly Part[]>()

  constructor(tables: Tables, matching: Matching) {
    this.#tables = tables
    this.#matching = matching
    this.#lists = new LabelLists(tables, matching, (matchers, range, rows) => this.labelSets(matchers, range, rows))
  }

  select(matchers: readonly Matcher[], range: TimeRange): SeriesSlice[] {
    const slices: SeriesSlice[] = []
    for (const { row, labels, parts } of this.#matches(matchers)) {
      if (parts === undefined) {
        const { from, to } = this.#tables.samples.read(row, range, VALUE_COLUMN, this.#buffer)
        if (to > from) slices.push(this.#floatSlice(labels, from, to))
      } else slices.push(...histogramSlices({ row, parts, range }, this.#tables.samples, this.#buffer))
    }
    return mergeSlices(slices.toSorted(byLabels))
  }

  /** `rows`: only these, which match as far as the index tells. */
  labelSets(matchers: readonly Matcher[], range?: TimeRange, rows?: Iterable<SeriesId>): Labels[] {
    const found = new Map<string, { readonly labels: Labels }>()
    for (const match of this.#matches(matchers, rows)) {
      if (range !== undefined && !this.#tables.samples.has(match.row, range)) continue
      for (const part of this.#inRange(match, range)) found.set(part.labels.key, part)
    }
    return [...found.values()].toSorted(byLabels).map(({ labels }) => labels)
  }

  /** A row that is gone. */
  forget(row: SeriesId): void {
    this.#parts.delete(row)
  }

  labelNames(matchers: readonly Matcher[], range?: TimeRange): string[] {
    return this.#lists.names(matchers, range)
  }

  labelValues(name: string, matchers: readonly Matcher[], range?: TimeRange): string[] {
    return this.#lists.values(name, matchers, range)
  }

  extent(matchers: readonly Matcher[]): TimeRange | null {
    let from_ms = Infinity
    let to_ms = -Infinity
    for (const { row } of this.#matches(matchers)) {
      from_ms = Math.min(from_ms, this.#tables.samples.oldest_ms(row))
      to_ms = Math.max(to_ms, this.#tables.samples.newest_ms(row))
    }
    return from_ms === Infinity ? null : { from_ms, to_ms }
  }

  /** Rows that match and hold samples, with the parts of histograms that match. */
  *#matches(matchers: readonly Matcher[], rows?: Iterable<SeriesId>): Iterable<Match> {
    const { series, samples, sums } = this.#tables
    const tests = matchers.map((matcher) => this.#matching.test(matcher))
    const own = tests.filter(({ name }) => name === METRIC_NAME || name === LE).map(remembered)
    for (const row of rows ?? series.index.candidates(tests, LE)) {
      if (samples.oldest_ms(row) === Infinity) continue
      const { labels, kind } = series.definition(row)
      if (kind === 'float') {
        if (own.every((test) => test.matches(labels.get(test.name)))) yield { row, labels, parts: undefined }
        continue
      }
      const parts = this.#partsOf(row).filter((part) => {
        return (part.kind !== 'sum' || sums.some(row)) && partMatches(part, own)
      })
      if (parts.length > 0) yield { row, labels, parts }
    }
  }

  #partsOf(row: SeriesId): readonly Part[] {
    let parts = this.#parts.get(row)
    if (parts === undefined) {
      const { labels, bounds } = this.#tables.series.definition(row)
      this.#parts.set(row, (parts = partsOf(labels, bounds)))
    }
    return parts
  }

  /** The series of a match that have a sample in the range, when the row has one: where sums are missing, they must be read. */
  #inRange(match: Match, range: TimeRange | undefined): readonly { readonly labels: Labels }[] {
    const { row, parts } = match
    if (parts === undefined) return [match]
    if (range === undefined || this.#tables.sums.every(row)) return parts
    return histogramSlices({ row, parts, range }, this.#tables.samples, this.#buffer)
  }

  #floatSlice(labels: Labels, from: number, to: number): SeriesSlice {
    const { time_ms, columns, stale } = this.#buffer
    return {
      labels,
      time_ms: time_ms.slice(from, to),
      value: columns[0]!.slice(from, to),
      stale: stale.slice(from, to),
    }
  }
}
