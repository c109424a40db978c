import type {
  Extent,
  Matcher,
  RollupChoice,
  SelectOptions,
  SeriesBatch,
  SeriesSlice,
  TimeRange,
} from '../ports/series-reader.ts'
import type { Labels, SeriesId } from '../series.ts'
import { Slab } from '../slab.ts'
import { restingAs } from '../steps.ts'
import { exponentialSlices } from './exponential-slices.ts'
import { histogramSlices } from './histogram-slices.ts'
import type { Test } from './matching.ts'
import { mergeSlices } from './merged-slices.ts'
import { countRolled, rolledSlice } from './rolled-slice.ts'
import { byLabels, type Candidates, type Match, ownTests, type RowMatches, seriesOf } from './row-matches.ts'
import { SampleBuffer } from './sample-buffer.ts'
import { Strip } from './strip.ts'
import type { Tables } from './tables.ts'

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
/** Rows are still being found. */
const SOUGHT: SeriesBatch = { slices: [], read: READ_AT_ONCE }
/** Series of which it is asked as much between two turns how many samples they have. */
const ESTIMATED_AT_ONCE = READ_AT_ONCE / SERIES_COST

let fresh = new Uint8Array(1024)
let freshView = fresh.subarray(0, 0)

/** So many samples that are not stale: mostly none is, and they share this. */
function freshFlags(length: number): Uint8Array {
  if (length > fresh.length) fresh = new Uint8Array(length * 2)
  if (freshView.length !== length) freshView = fresh.subarray(0, length)
  return freshView
}

/** Reads the samples of series that match. */
export class Selection {
  readonly #tables: Tables
  readonly #rows: RowMatches
  readonly #buffer = new SampleBuffer()
  readonly #strips: Strip[] = []
  readonly #numbers = new Slab((length) => new Float64Array(length))

  constructor(tables: Tables, rows: RowMatches) {
    this.#tables = tables
    this.#rows = rows
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
    const tests = this.#rows.tests(matchers)
    const finding = this.#rows.finding(matchers, tests, (series) => options.admit?.(series, 0))
    const found = yield* restingAs(finding, SOUGHT)
    yield* this.#admitting(found, range, options)
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

  extent(matchers: readonly Matcher[], enough_ms = -Infinity): Extent | null {
    const { samples } = this.#tables
    let from_ms = Infinity
    let to_ms = -Infinity
    const look = (row: SeriesId): void => {
      if (from_ms > enough_ms) from_ms = Math.min(from_ms, samples.oldest_ms(row))
      to_ms = Math.max(to_ms, samples.newest_ms(row))
    }
    const { floats, histograms } = this.#rows.found(matchers)
    for (let i = 0; i < floats.length; i++) look(floats[i]!)
    for (const { row } of histograms) look(row)
    return from_ms === Infinity ? null : { from_ms, to_ms, series: floats.length + histograms.length }
  }

  /** Adds the slices of histograms. */
  *#histograms(matches: readonly Match[], { tests, range, slices }: Reading): Generator<number> {
    const { samples } = this.#tables
    const exponential = new Map<string, Match[]>()
    let read = 0
    for (const match of matches) {
      const { row, parts, definition } = match
      if (definition.kind === 'histogram') {
        slices.push(...histogramSlices({ row, parts, range }, samples, this.#buffer))
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
    for (const rows of exponential.values()) slices.push(...exponentialSlices(rows, range, { own, samples }))
  }

  /** Asks how many samples they have, of those that are not too many series already. */
  *#admitting(found: Candidates, range: TimeRange, { admit, rollups }: SelectOptions): Generator<SeriesBatch> {
    if (admit === undefined) return
    const { samples } = this.#tables
    const { floats, histograms } = found
    let count = 0
    for (let i = 0; i < floats.length; i++) {
      if (i > 0 && i % ESTIMATED_AT_ONCE === 0) yield { slices: [], read: READ_AT_ONCE }
      count += samples.estimate(floats[i]!, range)
      if (rollups !== undefined) count += countRolled(this.#tables, floats[i]!, range, rollups)
    }
    for (const [i, { row, parts }] of histograms.entries()) {
      if (i > 0 && i % ESTIMATED_AT_ONCE === 0) yield { slices: [], read: READ_AT_ONCE }
      count += Math.max(1, parts.length) * samples.estimate(row, range)
    }
    admit(seriesOf(found), count)
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
