import { ServiceError } from '#core/errors.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition, type SeriesId } from '#core/series.ts'

import type { Line } from '../exposition/lines.ts'
import type { PageExemplar, SampleSink } from '../exposition/page-reader.ts'
import { HistogramRow, type PlainReason } from './histogram-row.ts'
import { type NamingOptions, storedLabels } from './naming.ts'
import { type Followed, NO_ID, partOf, Row } from './row.ts'

const NO_BOUNDS = new Float64Array(0)

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

/**
 * The series of one target, over its scrapes: what a line of its page is in the store, which of them make one histogram, and which
 * are gone since the scrape before. Lines may be forgotten and come again: a series is known by its labels.
 */
export class TargetSeries implements SampleSink<Row> {
  readonly #options: TargetSeriesOptions
  readonly #rows = new Map<string, Row>()
  readonly #histograms = new Map<string, HistogramRow>()
  /** What relabelling drops. */
  readonly #dropped = new Row(Labels.empty, { type: 'unknown', unit: '', help: '' })
  readonly #begun: HistogramRow[] = []
  readonly #exemplars: { readonly row: Row; readonly exemplar: PageExemplar; readonly said: string }[] = []
  /** Marked stale by the scrape that is on its way. */
  #ended: Followed[] = []
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

  sample(line: Line<Row>, value: number, time_ms: number): void {
    this.#tally.scraped++
    let row = line.known
    if (row === undefined) row = line.known = this.#identify(line)
    if (row === this.#dropped) return
    this.#count(row)
    const { honor_timestamps, track_timestamps_staleness } = this.#options
    const explicit = honor_timestamps && !Number.isNaN(time_ms)
    const at_ms = explicit ? time_ms : this.#time_ms
    const followed = !explicit || track_timestamps_staleness
    if (row.part === undefined) {
      row.present = this.#scrape
      this.#float(row, at_ms, value, followed)
    } else this.#part(row, row.part.histogram, { time_ms: at_ms, value, followed })
  }

  exemplar({ known: row }: Line<Row>, exemplar: PageExemplar): void {
    if (row === undefined || row === this.#dropped) return
    const time = Number.isNaN(exemplar.time_ms) ? '' : String(exemplar.time_ms)
    const said = JSON.stringify([exemplar.pairs, String(exemplar.value), time])
    if (said === row.exemplar) return
    this.#exemplars.push({ row, exemplar, said })
  }

  /** The page was read to its end: histograms are put together, and what was there before and is not now is marked stale. */
  finish(): void {
    for (const histogram of this.#begun.splice(0)) this.#assembled(histogram)
    this.#giveExemplars()
    this.#endOthers(this.#scrape)
    this.#before = this.#scrape
    this.#trim()
  }

  /** There is no page, or it could not be read: nothing of it counts, and everything is marked stale. The builder must be empty. */
  fail(): void {
    this.#begun.length = 0
    this.#exemplars.length = 0
    for (const row of this.#all()) if (row.live && row.liveSince === this.#scrape) this.#setLive(row, false)
    this.#endOthers(NO_ID)
  }

  /** What the last scrape gave could not be stored: it is as if it had not been. */
  undo(): void {
    for (const row of this.#all()) if (row.live && row.liveSince === this.#scrape) this.#setLive(row, false)
    for (const row of this.#ended.splice(0)) this.#setLive(row, true)
  }

  #count(row: Row): void {
    const tally = this.#tally
    const { sample_limit } = this.#options
    tally.kept++
    if (sample_limit > 0 && tally.kept > sample_limit) {
      throw new ServiceError('too_large', `more samples than sample_limit, which is ${sample_limit}`)
    }
    const known = this.#before > 0 && row.present >= this.#before
    if (!known) tally.added++
    if (!row.listed) this.#list(row)
  }

  #float(row: Row, time_ms: number, value: number, followed: boolean): void {
    if (row.id === NO_ID && !this.#resolve(row, 'float', NO_BOUNDS)) return
    this.#builder!.float(row.id, time_ms, value)
    if (followed && !row.live) this.#setLive(row, true)
    // A time of its own: no mark follows it.
    else if (!followed && row.live) this.#setLive(row, false)
  }

  #part(
    row: Row,
    histogram: HistogramRow,
    { time_ms, value, followed }: Pick<Row, 'time_ms' | 'value' | 'followed'>,
  ): void {
    if (histogram.present !== this.#scrape) {
      histogram.present = this.#scrape
      histogram.filled = 0
      this.#begun.push(histogram)
    } else if (row.present === this.#scrape) {
      if (row.time_ms === time_ms) {
        this.#refuse(`${row.labels.name} stands twice on the page for one time`)
        return
      }
      // The next point of one page.
      this.#assembled(histogram)
      histogram.filled = 0
      for (const part of histogram.parts) part.present = this.#scrape - 1
    }
    if (!row.joined) {
      row.joined = true
      histogram.parts.push(row)
    }
    row.present = this.#scrape
    row.time_ms = time_ms
    row.value = value
    row.followed = followed
    histogram.filled++
  }

  #assembled(histogram: HistogramRow): void {
    let reason = histogram.assemble(this.#scrape)
    if (reason === undefined && histogram.id === NO_ID && !this.#resolve(histogram, 'histogram', histogram.bounds)) {
      reason = 'limit'
    }
    if (reason === undefined) this.#whole(histogram)
    else this.#plain(histogram, reason)
  }

  #whole(histogram: HistogramRow): void {
    const { id: series, time_ms, sum, count, counts: buckets, followed } = histogram
    this.#builder!.histogram({ series, time_ms, sum, count, buckets })
    if (followed !== histogram.live) this.#setLive(histogram, followed)
    if (!histogram.listed) histogram.listed = true
    // As plain series they were the same series: they have not ended.
    for (const part of histogram.parts) if (part.live) this.#setLive(part, false)
  }

  #plain(histogram: HistogramRow, reason: PlainReason): void {
    const { plain } = this.#tally
    plain.set(reason, (plain.get(reason) ?? 0) + 1)
    if (histogram.live) this.#setLive(histogram, false)
    for (const part of histogram.parts) this.#float(part, part.time_ms, part.value, part.followed)
  }

  #giveExemplars(): void {
    for (const { row, exemplar, said } of this.#exemplars.splice(0)) {
      row.exemplar = said
      const { histogram } = row.part ?? {}
      const series = histogram?.live === true ? histogram.id : row.id
      if (series === NO_ID) continue
      const { value } = exemplar
      const time_ms = Number.isNaN(exemplar.time_ms) ? this.#time_ms : exemplar.time_ms
      this.#builder!.exemplar({ series, time_ms, value, labels: Labels.of(exemplar.pairs) })
    }
  }

  /** Marks stale what is live and was not on the scrape. */
  #endOthers(scrape: number): void {
    if (this.#live === 0) return
    for (const row of this.#all()) {
      if (!row.live || row.present === scrape) continue
      this.#setLive(row, false)
      this.#ended.push(row)
      if (row instanceof HistogramRow) {
        const nothing = { sum: NaN, count: 0, buckets: new Float64Array(row.bounds.length + 1), stale: true }
        this.#builder!.histogram({ series: row.id, time_ms: this.#time_ms, ...nothing })
      } else this.#builder!.float(row.id, this.#time_ms, NaN, true)
    }
  }

  #setLive(row: Followed, live: boolean): void {
    row.live = live
    if (live) row.liveSince = this.#scrape
    this.#live += live ? 1 : -1
  }

  #identify({ head, family }: Line<Row>): Row {
    const labels = storedLabels(head, family, this.#options)
    if (labels === undefined) return this.#dropped
    const known = this.#rows.get(labels.key)
    const { unit, help } = family
    const part = family.type === 'histogram' ? partOf(labels) : undefined
    if (known !== undefined && (known.part === undefined) === (part === undefined)) return known
    // It goes on as something else, under the same labels.
    if (known?.live === true) this.#setLive(known, false)
    if (part === undefined) {
      // When something began is a time, whatever it is of.
      const type = family.type === 'histogram' || head.name.endsWith('_created') ? 'gauge' : family.type
      return new Row(labels, { type, unit, help })
    }
    const histogram = this.#histogramOf(part.whole, { unit, help })
    const le = part.kind === 'bucket' ? numberOf(labels.get('le')) : NaN
    return new Row(labels, { type: 'counter', unit, help }, { kind: part.kind, histogram, le })
  }

  #histogramOf(labels: Labels, about: Pick<Followed, 'unit' | 'help'>): HistogramRow {
    let histogram = this.#histograms.get(labels.key)
    if (histogram === undefined) {
      histogram = new HistogramRow(labels, { ...about, type: 'histogram' })
      this.#histograms.set(labels.key, histogram)
    }
    return histogram
  }

  /** False where a limit of the store refuses it. */
  #resolve(row: Followed, kind: SeriesDefinition['kind'], bounds: Float64Array): boolean {
    const { labels, type, unit, help } = row
    try {
      row.id = this.#writer!.resolve({ labels, type, unit, help, kind, bounds })
      return true
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
      if (kind === 'float') this.#refuse(error.message)
      return false
    }
  }

  #refuse(why: string): void {
    this.#tally.refused++
    this.#tally.refusal = why
  }

  *#all(): Iterable<Followed> {
    yield* this.#rows.values()
    yield* this.#histograms.values()
  }

  #list(row: Row): void {
    row.listed = true
    this.#rows.set(row.labels.key, row)
    const { histogram } = row.part ?? {}
    if (histogram !== undefined) this.#histograms.set(histogram.labels.key, histogram)
  }

  /** Series come and go: those that are over are forgotten once they are as many as those that are not. */
  #trim(): void {
    if (this.#rows.size <= 2 * this.#tally.kept + 64) return
    for (const [key, row] of this.#rows) {
      if (row.live || row.present === this.#scrape) continue
      row.listed = false
      this.#rows.delete(key)
    }
    for (const [key, row] of this.#histograms) {
      if (!row.live && row.present !== this.#scrape) this.#histograms.delete(key)
    }
  }

  #forgetIds(gone: (id: SeriesId) => boolean): void {
    for (const row of this.#all()) {
      if (row.id === NO_ID || !gone(row.id)) continue
      row.id = NO_ID
      // Without samples there is nothing to mark stale.
      if (row.live) this.#setLive(row, false)
    }
  }
}

function newTally(): Tally {
  return { scraped: 0, kept: 0, added: 0, refused: 0, refusal: '', plain: new Map() }
}

function numberOf(le: string): number {
  return le === '+Inf' ? Infinity : Number(le)
}
