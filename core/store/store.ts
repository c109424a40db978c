import type { MadePart, Snapshot } from '../component.ts'
import { ServiceError } from '../errors.ts'
import { type Log, silentLog } from '../ports/log.ts'
import type { Counter, Meter } from '../ports/meter.ts'
import type {
  ExemplarSlice,
  Extent,
  Matcher,
  MetricMetadata,
  RollupResolution,
  SelectOptions,
  SeriesBatch,
  SeriesReader,
  SeriesSlice,
  TimeRange,
} from '../ports/series-reader.ts'
import {
  type AppendResult,
  type NewestExponential,
  type NewestSample,
  type Pulse,
  SAMPLE_OUTCOMES,
  type SampleOutcome,
  type SeriesWriter,
} from '../ports/series-writer.ts'
import {
  type FloatColumns,
  floatsBetween,
  type HistogramColumns,
  histogramsBetween,
  type SampleBatch,
} from '../sample.ts'
import type { Labels, SeriesDefinition, SeriesId } from '../series.ts'
import { atOnce, type Steps } from '../steps.ts'
import type { Aging } from './aging.ts'
import { Dropping } from './dropping.ts'
import { exemplarSlices } from './exemplar-slices.ts'
import { grown } from './grow.ts'
import type { TimeWindow } from './head-table.ts'
import { LabelLists } from './label-lists.ts'
import { STORE_LIMITS, type StoreLimits } from './limits.ts'
import { Matching } from './matching.ts'
import { joined } from './part-writer.ts'
import { type RollupSlice, rollupSlices } from './rollup-slices.ts'
import { RowMatches } from './row-matches.ts'
import { type LooseSample, SampleBuffer } from './sample-buffer.ts'
import { Selection } from './selection.ts'
import { loadStore, storeParts, widthOf } from './store-snapshot.ts'
import { type StoreMemory, Tables } from './tables.ts'

/** No time lies further from 1970 than JavaScript's dates do. */
const LAST_TIME_MS = 8.64e15
/** Samples that are stored in one step, and histograms, which are wider: all of them may fill their heads, and be sealed. */
const STEP = 2 ** 13
const WIDE_STEP = 2 ** 10
/** What each is counted with. */
const OUTCOMES = Object.fromEntries(
  SAMPLE_OUTCOMES.map((outcome) => [outcome, Object.freeze({ outcome })]),
) as Readonly<Record<SampleOutcome, { readonly outcome: string }>>

function noCounts(): Record<SampleOutcome, number> {
  return { stored: 0, stored_late: 0, duplicate: 0, too_old: 0, too_far_ahead: 0, late_refused: 0 }
}

interface AppendWindow extends TimeWindow {
  /** A series whose newest sample lies beyond has some that were written while a clock was ahead. */
  readonly ahead_ms: number
}

export interface StoreOptions {
  /** Those not given are `STORE_LIMITS`. */
  readonly limits?: Partial<StoreLimits>
  /**
   * Analysis time. Undefined: nothing is too far ahead, and retention counts from the newest sample (by request, so that the
   * order inside one does not matter).
   */
  readonly analysis_ms: () => number | undefined
  /** By what samples go for their age, where the clock may be in doubt; analysis time when it is not given. */
  readonly aging?: () => Aging | undefined
  readonly meter: Meter
  readonly log?: Log
  /** For files of sealed samples; not given: everything stays in memory. */
  readonly folder?: string
}

/**
 * Series with their samples: the newest raw in memory, others sealed, in files where there is a folder. Written by batches, read by
 * matchers. Lossless: float64, ms, stale flags apart. A sample behind the newest of its series, within `limits.out_of_order_ms`, is kept
 * apart until the head is sealed.
 */
export class Store implements SeriesWriter, SeriesReader, Snapshot {
  readonly name = 'store'
  readonly #limits: StoreLimits
  readonly #options: StoreOptions
  readonly #refused: Counter
  readonly #forgotten: Counter
  readonly #outcomes: Counter
  readonly #conflicts: Counter
  readonly #replacements: Counter
  readonly #matching = new Matching()
  #tables: Tables
  #rows: RowMatches
  #selection: Selection
  #labels: LabelLists
  #dropping: Dropping
  #newest_ms = -Infinity
  readonly #newest = new SampleBuffer()
  readonly #removed: ((ids: readonly SeriesId[]) => void)[] = []
  #fresh = new Uint8Array(256)
  readonly #single = new Float64Array(1)
  /** Samples of the running batch by outcome. */
  #counts = noCounts()
  #conflicted = 0
  #replaced = 0

  /** Throws `ServiceError('bad_config')` when the folder cannot be used. */
  constructor(options: StoreOptions) {
    const { limits = {}, meter, log = silentLog } = options
    this.#options = options
    this.#limits = { ...STORE_LIMITS, ...limits }
    this.#refused = meter.counter('barograph.store.series.refused', {
      description: 'Points whose new series a limit refused',
    })
    this.#tables = this.#emptyTables()
    this.#rows = new RowMatches(this.#tables, this.#matching)
    this.#selection = new Selection(this.#tables, this.#rows)
    this.#labels = new LabelLists(this.#tables, this.#rows)
    this.#dropping = new Dropping(this.#limits, meter, log)
    this.#outcomes = meter.counter('barograph.store.samples', { description: 'Samples by what became of them' })
    this.#conflicts = meter.counter('barograph.store.samples.conflicting', {
      description: 'Samples with the time of a stored one and another value; refused, the first stays',
    })
    this.#replacements = meter.counter('barograph.store.samples.replaced', {
      description: 'Samples of a clock that was ahead, in whose place another came when it was set right',
    })
    meter.gauge('barograph.store.series', { description: 'Series with samples' }, () => this.#tables.series.index.size)
    meter.gauge('barograph.store.series.memory', { description: 'Labels and their index', unit: 'By' }, () => {
      return this.#tables.series.bytes
    })
    this.#forgotten = meter.counter('barograph.store.series.forgotten', {
      description: 'Series that had no samples any more and left memory',
    })
    meter.gauge('barograph.store.size', { description: 'Samples and rollups, memory and files', unit: 'By' }, () => {
      return this.bytes
    })
    meter.gauge('barograph.store.allocated', { description: 'Memory held for samples', unit: 'By' }, () => {
      return this.#tables.allocated
    })
    meter.gauge('barograph.store.late', { description: 'Late samples that wait for their chunks', unit: 'By' }, () => {
      return this.#tables.samples.late.bytes
    })
    meter.gauge('barograph.store.unwritten', { description: 'Sealed samples not written yet', unit: 'By' }, () => {
      return this.#tables.unwritten
    })
    meter.gauge('barograph.store.exemplars', { description: 'Exemplars' }, () => this.#tables.exemplars.size)
  }

  /** Samples and rollups, in memory and in files: what `limits.bytes` bounds. */
  get bytes(): number {
    return this.#tables.bytes
  }

  /** True while `append` refuses, since sealed samples cannot be written and memory for them is full. */
  get isStuck(): boolean {
    return this.#tables.isStuck
  }

  /** Where memory goes: what series have whatever is sealed, sealed samples that grow, and what is held of files. */
  get memory(): StoreMemory {
    return this.#tables.memory
  }

  /** Newest event time of any sample; undefined before the first. */
  get newest_ms(): number | undefined {
    return this.#newest_ms === -Infinity ? undefined : this.#newest_ms
  }

  resolve(definition: SeriesDefinition): SeriesId {
    const { series } = this.#tables
    const known = series.find(definition)
    if (known !== undefined) return known
    const id = series.add(definition)
    this.#tables.add(widthOf(definition))
    return id
  }

  definition(id: SeriesId): SeriesDefinition {
    return this.#tables.series.definition(id)
  }

  get generation(): number {
    return this.#tables.series.generation
  }

  isLive(id: SeriesId): boolean {
    return this.#tables.series.isActive(id)
  }

  onRemoved(listener: (ids: readonly SeriesId[]) => void): void {
    this.#removed.push(listener)
  }

  newest(id: SeriesId): NewestSample | undefined {
    const { samples } = this.#tables
    const time_ms = samples.newest_ms(id)
    const wanted = Array.from({ length: samples.columns(id) }, (_, column) => column)
    const { from, to } = samples.read(id, { from_ms: time_ms, to_ms: time_ms }, wanted, this.#newest)
    if (from === to || this.#newest.stale[from] === 1) return undefined
    return { time_ms, values: Float64Array.from(wanted, (column) => this.#newest.columns[column]![from]!) }
  }

  pulse(id: SeriesId): Pulse | undefined {
    const { samples, series } = this.#tables
    return series.has(id) ? samples.pulse(id) : undefined
  }

  newestExponential(labels: Labels): NewestExponential | undefined {
    const { series } = this.#tables
    const found = this.#newestOf(this.#rows.histogramRows(labels).filter((row) => series.kind(row) === 'exponential'))
    const newest = found === undefined ? undefined : this.newest(found)
    return newest === undefined ? undefined : { ...newest, bounds: series.definition(found!).bounds }
  }

  newestHistogram(labels: Labels): SeriesId | undefined {
    const found = this.#newestOf(this.#rows.histogramRows(labels))
    return found === undefined || this.newest(found) === undefined ? undefined : this.resolve(this.definition(found))
  }

  /** Throws `ServiceError('unavailable')`, with nothing changed, when too much waits for a disk that does not take it. */
  append(batch: SampleBatch): AppendResult {
    return atOnce(this.appending(batch))
  }

  /** The same in steps. */
  *appending({ floats, histograms, exemplars }: SampleBatch): Steps<AppendResult> {
    if (this.isStuck) {
      throw new ServiceError('unavailable', 'sealed samples cannot be written; is the disk full?')
    }
    const length = floats.length + histograms.length
    this.#fresh = grown(this.#fresh, length)
    this.#counts = noCounts()
    this.#conflicted = this.#replaced = 0
    const now_ms = this.#options.analysis_ms()
    const base_ms = now_ms ?? this.#newest_ms
    const aging = this.#options.aging?.()
    const latest_ms = Math.min((now_ms ?? Infinity) + this.#limits.ahead_ms, LAST_TIME_MS)
    const window = {
      oldest_ms: Math.max((aging?.earliest_ms ?? base_ms) - this.#limits.retention_ms, -LAST_TIME_MS),
      latest_ms,
      ahead_ms: now_ms !== undefined && aging !== undefined && aging.furthest_ms > now_ms ? now_ms : latest_ms,
    }
    if (length > 0) this.#tables.live.heard()
    for (let from = 0; from < floats.length; from += STEP) {
      if (from > 0) yield
      this.#appendFloats(floatsBetween(floats, from, Math.min(from + STEP, floats.length)), from, window)
    }
    const refused = this.#refusedSoFar()
    for (let from = 0; from < histograms.length; from += WIDE_STEP) {
      if (from > 0) yield
      const part = histogramsBetween(histograms, from, Math.min(from + WIDE_STEP, histograms.length))
      this.#appendHistograms(part, floats.length + from, window)
    }
    const refused_histograms = this.#refusedSoFar() - refused
    const added = exemplars.length === 0 ? exemplars : exemplars.filter((one) => this.#tables.exemplars.add(one))
    const aged_ms = now_ms ?? this.#newest_ms
    yield* this.#dropping.after(
      this.#tables,
      aging ?? { earliest_ms: aged_ms, latest_ms: aged_ms, furthest_ms: aged_ms },
    )
    for (const gone of this.#tables.series.settling()) {
      this.#forget(gone)
      yield
    }
    return { counts: this.#result(), refused_histograms, fresh: this.#fresh.subarray(0, length), exemplars: added }
  }

  select(matchers: readonly Matcher[], range: TimeRange): SeriesSlice[] {
    return this.#selection.select(matchers, range)
  }

  selecting(matchers: readonly Matcher[], range: TimeRange, options?: SelectOptions): Generator<SeriesBatch, void> {
    return this.#selection.selecting(matchers, range, options)
  }

  labelSets(matchers: readonly Matcher[], range?: TimeRange): Labels[] {
    return this.#labels.sets(matchers, range)
  }

  listing(matchers: readonly Matcher[], range?: TimeRange): Generator<readonly Labels[], void> {
    return this.#labels.listing(matchers, range)
  }

  labelNames(matchers: readonly Matcher[], range?: TimeRange): Steps<string[]> {
    return this.#labels.names(matchers, range)
  }

  labelValues(name: string, matchers: readonly Matcher[], range?: TimeRange): Steps<string[]> {
    return this.#labels.values(name, matchers, range)
  }

  extent(matchers: readonly Matcher[], enough_ms?: number): Extent | null {
    return this.#selection.extent(matchers, enough_ms)
  }

  /** Until the next start: who tells it does so again. */
  describe({ name, ...about }: MetricMetadata): void {
    this.#tables.series.describe(name, about)
  }

  metadata(): MetricMetadata[] {
    return this.#tables.series.metadata()
  }

  exemplars(matchers: readonly Matcher[], range: TimeRange): ExemplarSlice[] {
    return exemplarSlices(this.#tables.exemplars, this.#rows, matchers, range)
  }

  /**
   * All rollups, those as well whose samples are still there: nobody sees these, since `selecting` gives rollups in place of samples that are gone. By this
   * tests compare the two as long as there are both.
   */
  rollups(matchers: readonly Matcher[], range: TimeRange, resolution_ms: RollupResolution): RollupSlice[] {
    return rollupSlices(this.#tables.rollups, this.#rows, matchers, { range, resolution_ms })
  }

  /** Throws `ServiceError('unavailable')` when sealed samples cannot be written. */
  save(): Uint8Array {
    return joined(this.parts())
  }

  parts(): Iterable<Uint8Array | MadePart> {
    return storeParts({ tables: this.#tables, dropping: this.#dropping, newest_ms: this.#newest_ms })
  }

  /** Replaces all that is here. After an error nothing has changed. */
  load(bytes: Uint8Array): void {
    const tables = this.#emptyTables()
    const { meter, log = silentLog } = this.#options
    const dropping = new Dropping(this.#limits, meter, log)
    try {
      this.#newest_ms = loadStore(bytes, tables, dropping)
    } catch (error) {
      tables.close()
      throw error
    }
    tables.dropAll()
    this.#tables.close()
    this.#tables = tables
    this.#rows = new RowMatches(tables, this.#matching)
    this.#selection = new Selection(tables, this.#rows)
    this.#labels = new LabelLists(tables, this.#rows)
    this.#dropping = dropping
  }

  async durable(): Promise<void> {
    await this.#tables.files.durable()
    await this.#tables.rollupFiles.durable()
  }

  placed(): void {
    this.#tables.files.placed()
    this.#tables.rollupFiles.placed()
  }

  /** Lets go of files; nothing may come afterwards. */
  close(): void {
    this.#tables.close()
  }

  /** Of these rows the one with the newest sample. */
  #newestOf(rows: readonly SeriesId[]): SeriesId | undefined {
    const { samples } = this.#tables
    let found: SeriesId | undefined
    for (const row of rows) {
      if (found === undefined || samples.newest_ms(row) > samples.newest_ms(found)) found = row
    }
    return found
  }

  /** Series are gone. */
  #forget(gone: readonly SeriesId[]): void {
    this.#forgotten.add(gone.length)
    for (const id of gone) {
      this.#tables.sums.remove(id)
      this.#rows.forget(id)
    }
    this.#tables.drop(gone)
    for (const listener of this.#removed) listener(gone)
  }

  #emptyTables(): Tables {
    const { folder, meter, log = silentLog } = this.#options
    const now_ms = (): number => this.#options.analysis_ms() ?? this.#newest_ms
    return new Tables({ limits: this.#limits, folder, now_ms, refused: this.#refused, meter, log })
  }

  /** `flag`: where their flags begin. */
  #appendFloats(floats: FloatColumns, flag: number, window: AppendWindow): void {
    const { samples } = this.#tables
    const single = this.#single
    const fresh = flag === 0 ? this.#fresh : this.#fresh.subarray(flag)
    this.#counts.stored += samples.pushFloats(floats, window, fresh, (i) => {
      single[0] = floats.value[i]!
      const sample = { time_ms: floats.time_ms[i]!, values: single, stale: floats.stale[i]! }
      if (this.#notNewest(floats.series[i]!, sample, window) === 'newest') fresh[i] = 1
    })
    if (samples.pushed_ms > this.#newest_ms) this.#newest_ms = samples.pushed_ms
  }

  #appendHistograms(histograms: HistogramColumns, flag: number, window: AppendWindow): void {
    const { samples, sums } = this.#tables
    const { length, series, sum, stale } = histograms
    const fresh = this.#fresh
    this.#counts.stored += samples.pushHistograms(histograms, window, { fresh, flag }, (i) => {
      const kept = this.#notNewest(series[i]!, looseOf(histograms, i), window)
      if (kept === 'newest') fresh[flag + i] = 1
      else if (kept === 'late' && stale[i] === 0) sums.note(series[i]!, sum[i]!)
    })
    if (samples.pushed_ms > this.#newest_ms) this.#newest_ms = samples.pushed_ms
    for (let i = 0; i < length; i++) if (fresh[flag + i] === 1 && stale[i] === 0) sums.note(series[i]!, sum[i]!)
  }

  /**
   * Refuses or keeps a sample that is not the newest of its series, where `newest` is one that is all the same the newest up to now: the others were
   * written while a clock was ahead, neither make late what comes after it was set right, nor keep its place. A time that is no number is too old.
   */
  #notNewest(row: SeriesId, sample: LooseSample, window: AppendWindow): 'late' | 'newest' | false {
    const { oldest_ms, latest_ms, ahead_ms } = window
    const { samples, series } = this.#tables
    const { time_ms } = sample
    const newest_ms = samples.newest_ms(row)
    const isAhead = newest_ms > ahead_ms
    if (!(time_ms >= oldest_ms)) return this.#count('too_old')
    if (time_ms > latest_ms) return this.#count('too_far_ahead')
    const behind_ms =
      (isAhead ? Math.min(ahead_ms, latest_ms - this.#limits.ahead_ms) : newest_ms) - this.#limits.out_of_order_ms
    if (time_ms < behind_ms) return this.#count('late_refused')
    const outcome = samples.insert(row, sample, isAhead)
    if (outcome === 'duplicate') return this.#count('duplicate')
    if (outcome === 'conflict') {
      this.#conflicted++
      return this.#count('late_refused')
    }
    if (outcome === 'replaced') this.#replaced++
    if (!series.isActive(row)) series.activate(row)
    this.#count('stored_late')
    return isAhead ? 'newest' : 'late'
  }

  #count(outcome: SampleOutcome): false {
    this.#counts[outcome]++
    return false
  }

  /** Samples of the running batch that are not in the store. */
  #refusedSoFar(): number {
    const { too_old, too_far_ahead, late_refused } = this.#counts
    return too_old + too_far_ahead + late_refused
  }

  #result(): Readonly<Record<SampleOutcome, number>> {
    const counts = this.#counts
    for (const outcome of SAMPLE_OUTCOMES)
      if (counts[outcome] > 0) this.#outcomes.add(counts[outcome], OUTCOMES[outcome])
    if (this.#conflicted > 0) this.#conflicts.add(this.#conflicted)
    if (this.#replaced > 0) this.#replacements.add(this.#replaced)
    return counts
  }
}

/** A histogram apart from the others. */
function looseOf({ time_ms, sum, count, start, buckets, stale }: HistogramColumns, i: number): LooseSample {
  const values = Float64Array.of(sum[i]!, count[i]!, ...buckets.subarray(start[i], start[i + 1]))
  return { time_ms: time_ms[i]!, values, stale: stale[i]! }
}
