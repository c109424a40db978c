import { ServiceError } from '#core/errors.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition, type SeriesId } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'

import type { Line } from '../exposition/lines.ts'
import type { PageExemplar, SampleSink } from '../exposition/page-reader.ts'
import { HistogramRow, type PlainReason } from './histogram-row.ts'
import { type NamingOptions, storedLabels } from './naming.ts'
import { NO_ID, Part, partOf, Row } from './row.ts'

const NO_BOUNDS = new Float64Array(0)
/** Series that are looked at in one step for whether they have ended, or are forgotten. */
const STEP = 4096

export interface TargetSeriesOptions extends NamingOptions {
  readonly honor_timestamps: boolean
  readonly track_timestamps_staleness: boolean
  /** Samples of one scrape after relabelling, 0 being no limit. */
  readonly sample_limit: number
}

/** What one scrape brought, in samples of the page. */
export interface Tally {
  scraped: number
  kept: number
  added: number
  /** New series that the store refused, samples of them that is. */
  refused: number
  refusal: string
  /** Histograms that were stored as plain series. */
  readonly plain: Map<PlainReason, number>
}

/** What a line is: a series, part of a histogram. */
export type Known = Row | Part

/**
 * The series of one target, over its scrapes: what a line of its page is in the store, which of them make one histogram, and which
 * are gone since the scrape before. Lines may be forgotten and come again: a series is known by its id, a histogram by its labels.
 */
export class TargetSeries implements SampleSink<Known> {
  #options: TargetSeriesOptions
  readonly #rows = new Map<SeriesId, Row>()
  readonly #histograms = new Map<string, HistogramRow>()
  /** What relabelling drops. */
  readonly #dropped = new Row(NO_ID)
  readonly #begun: HistogramRow[] = []
  readonly #exemplars: { readonly known: Known; readonly exemplar: PageExemplar; readonly said: string }[] = []
  /** Marked stale by the scrape that is on its way. */
  #ended: Row[] = []
  #scrape = 0
  /** The scrape whose page was read last. */
  #before = 0
  #time_ms = 0
  #live = 0
  #writer: SeriesWriter | undefined
  #generation: number | undefined
  #builder: SampleBuilder | undefined
  #tally = newTally()

  constructor(options: TargetSeriesOptions) {
    this.#options = options
  }

  get tally(): Tally {
    return this.#tally
  }

  /** Why a page that could be read is not taken; '' where it is. */
  get excess(): string {
    const { sample_limit } = this.#options
    const { kept } = this.#tally
    return sample_limit > 0 && kept > sample_limit ? `${kept} samples; sample_limit is ${sample_limit}` : ''
  }

  /** Other settings from the next page on, whose lines must come unknown. What was there before and is not under these is marked stale. */
  use(options: TargetSeriesOptions): void {
    this.#options = options
  }

  begin(time_ms: number, writer: SeriesWriter, builder: SampleBuilder): void {
    // Ids are those of one writer, and of series that it has not let go.
    if (this.#writer !== undefined && this.#writer !== writer) this.#forgetIds(() => true)
    else if (this.#generation !== writer.generation) this.#forgetIds((id) => writer.isLive?.(id) === false)
    this.#writer = writer
    this.#generation = writer.generation
    this.#builder = builder
    this.#time_ms = time_ms
    this.#scrape++
    this.#tally = newTally()
    this.#ended = []
  }

  sample(line: Line<Known>, value: number, time_ms: number): void {
    this.#tally.scraped++
    let { known } = line
    if (known === undefined || (known instanceof Row && known.id === NO_ID && known !== this.#dropped)) {
      if (this.#full) return this.#beyond(line)
      known = this.#identify(line)
      if (known === undefined) return
      line.known = known
    }
    if (known === this.#dropped) return
    const full = this.#full
    this.#count(known)
    if (full) return
    const { honor_timestamps, track_timestamps_staleness } = this.#options
    const explicit = honor_timestamps && !Number.isNaN(time_ms)
    const at_ms = explicit ? time_ms : this.#time_ms
    const followed = !explicit || track_timestamps_staleness
    if (known instanceof Part) this.#part(known, { time_ms: at_ms, value, followed })
    else {
      known.present = this.#scrape
      this.#float(known, at_ms, value, followed)
    }
  }

  exemplar({ known }: Line<Known>, exemplar: PageExemplar): void {
    if (known === undefined || known === this.#dropped) return
    const time = Number.isNaN(exemplar.time_ms) ? '' : String(exemplar.time_ms)
    const said = JSON.stringify([exemplar.pairs, String(exemplar.value), time])
    if (said !== known.exemplar) this.#exemplars.push({ known, exemplar, said })
  }

  /** The page was read to its end: histograms are put together, and what was there before and is not now is marked stale. */
  *finish(): Steps<void> {
    for (const histogram of this.#begun.splice(0)) this.#assembled(histogram)
    this.#giveExemplars()
    yield* this.#endOthers(this.#scrape)
    this.#before = this.#scrape
    yield* this.#trim()
  }

  /** There is no page, or it could not be read: nothing of it counts, and everything is marked stale. The builder must be empty. */
  *fail(): Steps<void> {
    this.#begun.length = 0
    this.#exemplars.length = 0
    this.#unlive()
    yield* this.#endOthers(NO_ID)
  }

  /** What the last scrape gave could not be stored: it is as if it had not been. */
  undo(): void {
    this.#unlive()
    for (const row of this.#ended.splice(0)) this.#setLive(row, true)
  }

  /** What is followed since this scrape is not. */
  #unlive(): void {
    for (const row of this.#all()) if (row.live && row.liveSince === this.#scrape) this.#setLive(row, false)
  }

  get #full(): boolean {
    const { sample_limit } = this.#options
    return sample_limit > 0 && this.#tally.kept >= sample_limit
  }

  /** A sample beyond `sample_limit`: the page fails, and is read on to tell how many it has. The store hears of none. */
  #beyond({ head, family }: Line<Known>): void {
    if (storedLabels(head, family, this.#options) !== undefined) this.#tally.kept++
  }

  #count(known: Known): void {
    const tally = this.#tally
    tally.kept++
    if (this.#before === 0 || known.present < this.#before) tally.added++
  }

  #float(row: Row, time_ms: number, value: number, followed: boolean): void {
    this.#builder!.float(row.id, time_ms, value)
    if (!row.listed) {
      row.listed = true
      this.#rows.set(row.id, row)
    }
    // A time of its own: no mark follows it.
    if (followed !== row.live) this.#setLive(row, followed)
  }

  #part(part: Part, { time_ms, value, followed }: Pick<Part, 'time_ms' | 'value' | 'followed'>): void {
    const { histogram } = part
    if (histogram.present !== this.#scrape) {
      histogram.present = this.#scrape
      histogram.filled = 0
      this.#begun.push(histogram)
      if (!histogram.listed) {
        histogram.listed = true
        this.#histograms.set(histogram.labels.key, histogram)
      }
    } else if (part.present === this.#scrape) {
      if (part.time_ms === time_ms) {
        this.#refuse(`${part.labels.name} stands twice on the page for one time`)
        return
      }
      // The next point of one page.
      this.#assembled(histogram)
      histogram.filled = 0
      for (const other of histogram.parts) other.present = this.#scrape - 1
    }
    if (!part.joined) histogram.join(part)
    part.present = this.#scrape
    part.time_ms = time_ms
    part.value = value
    part.followed = followed
    histogram.filled++
  }

  #assembled(histogram: HistogramRow): void {
    let reason = histogram.assemble(this.#scrape)
    if (reason === undefined && histogram.id === NO_ID) {
      const { labels, unit, help, bounds } = histogram
      histogram.id = this.#resolve({ labels, unit, help, type: 'histogram', kind: 'histogram', bounds })
      if (histogram.id === NO_ID) reason = 'limit'
    }
    this.#endFormer(histogram, reason === undefined)
    if (reason === undefined) this.#whole(histogram)
    else this.#plain(histogram, reason)
  }

  /** Parts of the point before that are gone end with its row, just before the others go on; so does a row that another one replaces. */
  #endFormer({ stored, live, id, time_ms }: HistogramRow, whole: boolean): void {
    if (stored === undefined || !live) return
    const replaced = whole && stored.id !== id
    if (!replaced && stored.parts.every(({ present }) => present === this.#scrape)) return
    this.#staleHistogram(stored.id, stored.width, (whole ? time_ms : this.#time_ms) - 1)
  }

  #staleHistogram(series: SeriesId, width: number, time_ms: number): void {
    const nothing = { sum: NaN, count: 0, buckets: new Float64Array(width) }
    this.#builder!.histogram({ series, time_ms, ...nothing, stale: true })
  }

  #whole(histogram: HistogramRow): void {
    const { id: series, time_ms, sum, count, counts: buckets, followed } = histogram
    this.#builder!.histogram({ series, time_ms, sum, count, buckets })
    histogram.store()
    if (followed !== histogram.live) this.#setLive(histogram, followed)
    // As plain series they were the same series: they have not ended.
    for (const { plain } of histogram.parts) if (plain?.live === true) this.#setLive(plain, false)
  }

  #plain(histogram: HistogramRow, reason: PlainReason): void {
    const { plain } = this.#tally
    plain.set(reason, (plain.get(reason) ?? 0) + 1)
    if (histogram.live) this.#setLive(histogram, false)
    histogram.stored = undefined
    for (const part of histogram.parts) {
      if (part.plain === undefined || part.plain.id === NO_ID) part.plain = this.#plainRow(part)
      if (part.plain === undefined) continue
      part.plain.present = this.#scrape
      this.#float(part.plain, part.time_ms, part.value, part.followed)
    }
  }

  #plainRow({ labels, histogram: { unit, help } }: Part): Row | undefined {
    return this.#rowOf({ labels, type: 'counter', unit, help, kind: 'float', bounds: NO_BOUNDS })
  }

  #giveExemplars(): void {
    for (const { known, exemplar, said } of this.#exemplars.splice(0)) {
      known.exemplar = said
      const row = known instanceof Row ? known : known.histogram.stored ? known.histogram : known.plain
      if (row === undefined || row.id === NO_ID) continue
      const { value } = exemplar
      const time_ms = Number.isNaN(exemplar.time_ms) ? this.#time_ms : exemplar.time_ms
      this.#builder!.exemplar({ series: row.id, time_ms, value, labels: Labels.of(exemplar.pairs) })
    }
  }

  /** Marks stale what is live and was not on the scrape. */
  *#endOthers(scrape: number): Steps<void> {
    if (this.#live === 0) return
    let looked = 0
    for (const row of this.#all()) {
      if (++looked % STEP === 0) yield
      if (!row.live || row.present === scrape) continue
      this.#setLive(row, false)
      this.#ended.push(row)
      if (row instanceof HistogramRow) this.#staleHistogram(row.id, row.bounds.length + 1, this.#time_ms)
      else this.#builder!.float(row.id, this.#time_ms, NaN, true)
    }
  }

  #setLive(row: Row, live: boolean): void {
    row.live = live
    if (live) row.liveSince = this.#scrape
    this.#live += live ? 1 : -1
  }

  /** What the line is; undefined where a limit of the store refuses it. */
  #identify({ head, family }: Line<Known>): Known | undefined {
    const labels = storedLabels(head, family, this.#options)
    if (labels === undefined) return this.#dropped
    const { unit, help } = family
    const part = family.type === 'histogram' ? partOf(labels) : undefined
    if (part !== undefined) {
      const histogram = this.#histogramOf(part.whole, { unit, help })
      return histogram.part(part.kind, part.bound) ?? new Part(histogram, part.kind, part.bound)
    }
    // When something began is a time, whatever it is of.
    const type = family.type === 'histogram' || head.name.endsWith('_created') ? 'gauge' : family.type
    const row = this.#rowOf({ labels, type, unit, help, kind: 'float', bounds: NO_BOUNDS })
    if (row === undefined) this.#tally.kept++
    return row
  }

  #histogramOf(labels: Labels, about: { readonly unit: string; readonly help: string }): HistogramRow {
    const known = this.#histograms.get(labels.key)
    if (known !== undefined) return known
    const histogram = new HistogramRow(labels, about)
    histogram.listed = true
    this.#histograms.set(labels.key, histogram)
    return histogram
  }

  #rowOf(definition: SeriesDefinition): Row | undefined {
    const id = this.#resolve(definition)
    return id === NO_ID ? undefined : (this.#rows.get(id) ?? new Row(id))
  }

  /** `NO_ID` where a limit of the store refuses it. */
  #resolve(definition: SeriesDefinition): SeriesId {
    try {
      return this.#writer!.resolve(definition)
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
      // A histogram that is refused is tried as plain series.
      if (definition.kind === 'float') this.#refuse(error.message)
      return NO_ID
    }
  }

  #refuse(why: string): void {
    this.#tally.refused++
    this.#tally.refusal = why
  }

  *#all(): Iterable<Row> {
    yield* this.#rows.values()
    yield* this.#histograms.values()
  }

  /** Series come and go: those that are over are forgotten once they are as many as those that are not. */
  *#trim(): Steps<void> {
    if (this.#rows.size + this.#histograms.size <= 2 * this.#tally.kept + 64) return
    let looked = 0
    for (const [id, row] of this.#rows) {
      if (++looked % STEP === 0) yield
      if (row.live || row.present === this.#scrape) continue
      row.listed = false
      this.#rows.delete(id)
    }
    for (const [key, row] of this.#histograms) {
      if (++looked % STEP === 0) yield
      if (row.live || row.present === this.#scrape) continue
      row.listed = false
      this.#histograms.delete(key)
    }
  }

  #forgetIds(gone: (id: SeriesId) => boolean): void {
    for (const row of this.#all()) {
      if (row.id === NO_ID || !gone(row.id)) continue
      // Without samples there is nothing to mark stale.
      if (row.live) this.#setLive(row, false)
      if (row instanceof HistogramRow) row.stored = undefined
      else this.#rows.delete(row.id)
      row.id = NO_ID
    }
  }
}

function newTally(): Tally {
  return { scraped: 0, kept: 0, added: 0, refused: 0, refusal: '', plain: new Map() }
}
