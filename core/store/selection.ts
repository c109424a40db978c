import { shapeOfBounds } from '../exponential.ts'
import type {
  ExemplarSlice,
  Extent,
  Matcher,
  RollupChoice,
  RollupResolution,
  RollupSlice,
  SelectOptions,
  SeriesBatch,
  SeriesSlice,
  TimeRange,
} from '../ports/series-reader.ts'
import { type Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '../series.ts'
import { Slab } from '../slab.ts'
import type { StoredExemplar } from './exemplar-table.ts'
import { Expansions } from './expansions.ts'
import { boundFor, type ExponentialRows, expansion, nativeSlice } from './exponential-slices.ts'
import { FoundRows } from './found-rows.ts'
import { formatBound, LE, type Part, partMatches, partNames } from './histogram-row.ts'
import { histogramSlices, mergeSlices } from './histogram-slices.ts'
import { LabelLists } from './label-lists.ts'
import type { Matching, Test } from './matching.ts'
import { countRolled, rolledSlice } from './rolled-slice.ts'
import { COUNT, LAST, MAX, MIN, SUM } from './rollup.ts'
import { lowerBound, SampleBuffer } from './sample-buffer.ts'
import { Strip } from './strip.ts'
import type { Tables } from './tables.ts'

/** A row that matches. */
interface Match {
  readonly row: SeriesId
  readonly definition: SeriesDefinition
  /** Of a classic histogram, the series of its expansion that match; of others empty. */
  readonly parts: readonly Part[]
}

/** Floats in order of their label sets. */
interface Candidates {
  readonly floats: Uint32Array
  readonly histograms: readonly Match[]
}

interface Reading {
  readonly tests: readonly Test[]
  readonly range: TimeRange
  readonly slices: SeriesSlice[]
}

/** Float rows to be read; `strip`: what a batch is read into lasts until the next. */
interface Floats {
  readonly rows: Uint32Array
  readonly range: TimeRange
  readonly newest: boolean
  readonly rollups?: RollupChoice | undefined
  readonly strip?: Strip
}

/** So many strips are kept for selections that are read one batch after the other. */
const STRIPS = 4
/** Numbers of one that is kept, 4 MB: one very long series must not leave its length behind. */
const STRIP_NUMBERS = 2 ** 19

/** What of the buffer is kept, and where. */
interface Kept {
  readonly from: number
  readonly to: number
  readonly numbers: Strip | Slab<Float64Array>
}

const VALUE_COLUMN = [0]
/** Samples that are read between two turns of others: a millisecond. A series costs as much as so many. */
const READ_AT_ONCE = 50_000
const SERIES_COST = 50

let fresh = new Uint8Array(1024)
let freshView = fresh.subarray(0, 0)

/** So many samples that are not stale: mostly none is, and they share this. */
function freshFlags(length: number): Uint8Array {
  if (length > fresh.length) fresh = new Uint8Array(length * 2)
  if (freshView.length !== length) freshView = fresh.subarray(0, length)
  return freshView
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

function byLabels(a: { readonly labels: Labels }, b: { readonly labels: Labels }): number {
  return a.labels.compare(b.labels)
}

/** Tests on what a row does not have as such: the name and `le` of its expansion. */
function ownTests(tests: readonly Test[]): Test[] {
  return tests.filter(({ name }) => name === METRIC_NAME || name === LE).map(remembered)
}

/** Whether a series of this name, without `le`, passes. */
function nameMatches(name: string, own: readonly Test[]): boolean {
  return own.every((test) => test.matches(test.name === LE ? '' : name))
}

/** Finds series and reads their samples. */
export class Selection {
  readonly #tables: Tables
  readonly #matching: Matching
  readonly #lists: LabelLists
  readonly #buffer = new SampleBuffer()
  readonly #strips: Strip[] = []
  readonly #numbers = new Slab((length) => new Float64Array(length))
  readonly #expansions = new Expansions()
  readonly #found = new FoundRows()

  constructor(tables: Tables, matching: Matching) {
    this.#tables = tables
    this.#matching = matching
    this.#lists = new LabelLists(tables, matching, (matchers, range, rows) => this.labelSets(matchers, range, rows))
  }

  select(matchers: readonly Matcher[], range: TimeRange): SeriesSlice[] {
    const all: SeriesSlice[] = []
    for (const { slices } of this.selecting(matchers, range)) {
      for (const slice of slices) all.push(slice)
    }
    return all
  }

  *selecting(
    matchers: readonly Matcher[],
    range: TimeRange,
    options: SelectOptions = {},
  ): Generator<SeriesBatch, void> {
    const tests = this.#tests(matchers)
    const found = this.#candidates(matchers, tests)
    this.#admit(found, range, options)
    // Floats alone are in order, each label set once.
    if (found.histograms.length === 0) {
      yield* this.#floats(found.floats, range, options)
      return
    }
    const slices: SeriesSlice[] = []
    for (const batch of this.#floats(found.floats, range, { ...options, passing: false, rollups: undefined })) {
      for (const slice of batch.slices) slices.push(slice)
      yield { slices: [], read: batch.read }
    }
    for (const read of this.#histograms(found.histograms, { tests, range, slices })) yield { slices: [], read }
    yield { slices: mergeSlices(slices.toSorted(byLabels)), read: 0 }
  }

  *#floats(
    rows: Uint32Array,
    range: TimeRange,
    { newest = false, passing = false, rollups }: SelectOptions,
  ): Generator<SeriesBatch> {
    if (!passing || rows.length < 2) {
      yield* this.#batches({ rows, range, newest, rollups })
      return
    }
    const strip = this.#strips.pop() ?? new Strip()
    yield* this.#batches({ rows, range, newest, rollups, strip })
    // One that was not read to its end is not used again.
    if (this.#strips.length < STRIPS && strip.length <= STRIP_NUMBERS) this.#strips.push(strip)
  }

  *#batches({ rows, range, newest, rollups, strip }: Floats): Generator<SeriesBatch> {
    const { series } = this.#tables
    const numbers = strip ?? this.#numbers
    strip?.rewind()
    let slices: SeriesSlice[] = []
    let read = 0
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!
      const { from, to } = this.#readFloats(row, range, newest)
      const rolled = rollups && rolledSlice(this.#tables, row, range, rollups, { buffer: this.#buffer, from, to })
      if (rolled !== undefined) slices.push({ labels: series.labels(row), ...rolled })
      else if (to > from) slices.push(this.#floatSlice(series.labels(row), { from, to, numbers }))
      read += this.#buffer.length + (rolled?.time_ms.length ?? 0) + SERIES_COST
      if (read < READ_AT_ONCE) continue
      yield { slices, read }
      strip?.rewind()
      slices = []
      read = 0
    }
    yield { slices, read }
  }

  /** `rows`: only these, which match as far as the index tells. */
  labelSets(matchers: readonly Matcher[], range?: TimeRange, rows?: Iterable<SeriesId>): Labels[] {
    const found = new Map<string, { readonly labels: Labels }>()
    const tests = this.#tests(matchers)
    const own = ownTests(tests)
    for (const match of this.#matches(tests, rows)) {
      if (range !== undefined && !this.#tables.samples.has(match.row, range)) continue
      for (const one of this.#inRange(match, range, own)) found.set(one.labels.key, one)
    }
    return [...found.values()].toSorted(byLabels).map(({ labels }) => labels)
  }

  /** A row that is gone. */
  forget(row: SeriesId): void {
    this.#expansions.forget(row)
  }

  /** Rows of the exponential histogram that has these labels and no others: one a shape. */
  exponentialRows(labels: Labels): SeriesId[] {
    const { series } = this.#tables
    const matchers = Array.from(labels, ([name, value]) => ({ name, op: '=', value }) as const)
    return Array.from(series.index.candidates(this.#tests(matchers), LE)).filter((row) => {
      return series.kind(row) === 'exponential' && series.labels(row).compare(labels) === 0
    })
  }

  labelNames(matchers: readonly Matcher[], range?: TimeRange): string[] {
    return this.#lists.names(matchers, range)
  }

  labelValues(name: string, matchers: readonly Matcher[], range?: TimeRange): string[] {
    return this.#lists.values(name, matchers, range)
  }

  extent(matchers: readonly Matcher[], enough_ms = -Infinity): Extent | null {
    const { samples } = this.#tables
    let from_ms = Infinity
    let to_ms = -Infinity
    const look = (row: SeriesId): void => {
      if (from_ms > enough_ms) from_ms = Math.min(from_ms, samples.oldest_ms(row))
      to_ms = Math.max(to_ms, samples.newest_ms(row))
    }
    const { floats, histograms } = this.#candidates(matchers, this.#tests(matchers))
    for (let i = 0; i < floats.length; i++) look(floats[i]!)
    for (const { row } of histograms) look(row)
    return from_ms === Infinity ? null : { from_ms, to_ms, series: floats.length + histograms.length }
  }

  /** Of a histogram, exemplars belong to the bucket that they fell into; of an exponential one also to the series of its own name. */
  exemplars(matchers: readonly Matcher[], range: TimeRange): ExemplarSlice[] {
    const found = new Map<string, { labels: Labels; exemplars: StoredExemplar[] }>()
    const tests = this.#tests(matchers)
    const own = ownTests(tests)
    for (const { row, definition } of this.#matches(tests)) {
      for (const exemplar of this.#tables.exemplars.of(row)) {
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

  rollups(matchers: readonly Matcher[], range: TimeRange, resolution_ms: RollupResolution): RollupSlice[] {
    const slices: RollupSlice[] = []
    for (const { row, definition } of this.#matches(this.#tests(matchers))) {
      if (definition.kind !== 'float') continue
      const { time_ms, columns, length } = this.#tables.rollups.read(row, range, resolution_ms)
      const from = lowerBound(time_ms, length, range.from_ms)
      let to = lowerBound(time_ms, length, range.to_ms)
      if (to < length && time_ms[to] === range.to_ms) to++
      if (to <= from) continue
      const column = (index: number): Float64Array => columns[index]!.slice(from, to)
      slices.push({
        labels: definition.labels,
        time_ms: time_ms.slice(from, to),
        min: column(MIN),
        max: column(MAX),
        sum: column(SUM),
        count: column(COUNT),
        last: column(LAST),
      })
    }
    return slices.toSorted(byLabels)
  }

  /** Adds the slices of histograms. */
  *#histograms(matches: readonly Match[], { tests, range, slices }: Reading): Generator<number> {
    const exponential = new Map<string, Match[]>()
    let read = 0
    for (const match of matches) {
      const { row, parts, definition } = match
      if (definition.kind === 'histogram') {
        slices.push(...histogramSlices({ row, parts, range }, this.#tables.samples, this.#buffer))
      } else {
        const { key } = definition.labels
        const rows = exponential.get(key)
        if (rows === undefined) exponential.set(key, [match])
        else rows.push(match)
      }
      read += this.#buffer.length + SERIES_COST
      if (read < READ_AT_ONCE) continue
      yield read
      read = 0
    }
    const own = ownTests(tests)
    for (const rows of exponential.values()) slices.push(...this.#exponential(rows, range, own))
  }

  #tests(matchers: readonly Matcher[]): Test[] {
    return matchers.map((matcher) => this.#matching.test(matcher))
  }

  /** Rows that match, floats apart: of those nothing needs to be made. */
  #candidates(matchers: readonly Matcher[], tests: readonly Test[]): Candidates {
    const { series } = this.#tables
    const key = FoundRows.key(matchers)
    const known = this.#found.get(key, series.changes)
    if (known !== undefined) return { floats: known, histograms: [] }
    const found = this.#looked(tests)
    // Whether a histogram is there, and which parts of it, depends on its samples.
    if (found.floatsOnly) this.#found.keep(key, found.floats)
    return found
  }

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
    return { floats: series.ordered(floats.subarray(0, length)), histograms, floatsOnly }
  }

  /** Rows that match and hold samples, with the parts of histograms that match. */
  *#matches(tests: readonly Test[], rows?: Iterable<SeriesId>): Iterable<Match> {
    const { series, samples } = this.#tables
    const own = ownTests(tests)
    for (const row of rows ?? series.index.candidates(tests, LE)) {
      if (samples.oldest_ms(row) === Infinity) continue
      const match = this.#match(row, own)
      if (match !== undefined) yield match
    }
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

  /** What matches of exponential rows of one label set: the histograms themselves, and series of their classic form. */
  #exponential(matches: readonly Match[], range: TimeRange, own: readonly Test[]): SeriesSlice[] {
    const { labels } = matches[0]!.definition
    const rows: ExponentialRows = {
      labels,
      rows: matches.map(({ row, definition }) => ({ row, bounds: definition.bounds })),
    }
    const native = nativeSlice(rows, range, this.#tables.samples)
    if (native === undefined) return []
    const isOwn = nameMatches(labels.name, own)
    const isOnlyOwn = own.some(({ name, values }) => name === METRIC_NAME && values?.length === 1) && isOwn
    const parts = isOnlyOwn ? [] : expansion(native)
    const found = parts.filter((part) => own.every((test) => test.matches(part.labels.get(test.name))))
    return isOwn ? [native, ...found] : found
  }

  /** The series of a match that have a sample in the range, when the row has one: where sums are missing, they must be read. */
  #inRange(match: Match, range: TimeRange | undefined, own: readonly Test[]): readonly { readonly labels: Labels }[] {
    const { row, parts, definition } = match
    if (definition.kind === 'float') return [definition]
    if (definition.kind === 'exponential') {
      // Counts only grow: the newest sample has every bucket that any has.
      const newest_ms = this.#tables.samples.newest_ms(row)
      return this.#exponential([match], range ?? { from_ms: newest_ms, to_ms: newest_ms }, own)
    }
    if (range === undefined || this.#tables.sums.every(row)) return parts
    return histogramSlices({ row, parts, range }, this.#tables.samples, this.#buffer)
  }

  #admit({ floats, histograms }: Candidates, range: TimeRange, { admit, rollups }: SelectOptions): void {
    if (admit === undefined) return
    const { samples } = this.#tables
    let series = floats.length
    let count = 0
    for (let i = 0; i < floats.length; i++) {
      count += samples.estimate(floats[i]!, range)
      if (rollups !== undefined) count += countRolled(this.#tables, floats[i]!, range, rollups)
    }
    for (const { row, parts } of histograms) {
      const width = Math.max(1, parts.length)
      series += width
      count += width * samples.estimate(row, range)
    }
    admit(series, count)
  }

  #readFloats(row: SeriesId, range: TimeRange, newest: boolean): { from: number; to: number } {
    const { samples } = this.#tables
    if (!newest) return samples.read(row, range, VALUE_COLUMN, this.#buffer)
    const { from, to } =
      samples.readNewest(row, range, VALUE_COLUMN, this.#buffer) ?? samples.read(row, range, VALUE_COLUMN, this.#buffer)
    return { from: Math.max(from, to - 1), to }
  }

  #floatSlice(labels: Labels, { from, to, numbers }: Kept): SeriesSlice {
    const { time_ms, columns, stale } = this.#buffer
    const times = numbers.take(to - from)
    const value = numbers.take(to - from)
    const source = columns[0]!
    let marked = 0
    for (let i = from; i < to; i++) {
      times[i - from] = time_ms[i]!
      value[i - from] = source[i]!
      marked |= stale[i]!
    }
    return { labels, time_ms: times, value, stale: marked === 0 ? freshFlags(to - from) : stale.slice(from, to) }
  }
}

/** The series that an exemplar of a row is shown with. */
function exemplarSeries({ labels, kind, bounds }: SeriesDefinition, value: number): readonly Labels[] {
  if (kind === 'float') return [labels]
  const buckets = labels.with(METRIC_NAME, partNames(labels.name)[0])
  if (kind === 'exponential') return [labels, buckets.with(LE, boundFor(value, shapeOfBounds(bounds)))]
  return [buckets.with(LE, formatBound(bounds.find((bound) => value <= bound) ?? Infinity))]
}
