import { ServiceError } from '#core/errors.ts'
import { bucketCount, definedBy } from '#core/exponential.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { EXEMPLAR_LENGTH, type SampleBuilder } from '#core/sample.ts'
import type { Labels, SeriesDefinition, SeriesId } from '#core/series.ts'

import { fitNative } from '../normal/native.ts'
import type { Reason, Rejections } from '../normal/rejections.ts'
import type { Interval, LastSample, StartTimes } from '../normal/start-times.ts'
import { type Row, type SeriesBook, UNRESOLVED } from './book.ts'
import { type Described, type Families, metricsOf, ofPart, UNKNOWN } from './families.ts'
import type { WireHistogram } from './histogram.ts'
import type { SeriesSource, WriteSink } from './sink.ts'

const NO_BOUNDS = new Float64Array(0)

export interface TakingOptions {
  readonly version: number
  readonly writer: SeriesWriter
  readonly builder: SampleBuilder
  readonly book: SeriesBook
  readonly families: Families
  readonly starts: StartTimes
  /** Reads the body to its end; throws for one that breaks off. Called before a request makes its first new series. */
  readonly check: () => void
  /** What the sender is told. */
  readonly rejections: Rejections
  /** What is counted only: Prometheus passes over it without a word too. */
  readonly dropped: Rejections
}

interface FoundExemplar {
  readonly time_ms: number
  readonly value: number
  readonly labels: Labels
}

/** Why what a series holds is not taken. */
interface Problem {
  readonly reason: Reason
  readonly message: string
}

/** From the wire to columns: series by their keys, checks, histograms into rows. One for each request. */
export class Taking implements WriteSink {
  /** Samples that nobody sent: where counters began. */
  readonly zeros = { samples: 0, histograms: 0 }
  readonly #options: TakingOptions
  #checked = false
  #source: SeriesSource | undefined
  #number = -1
  #id: SeriesId = UNRESOLVED
  #row: SeriesId = UNRESOLVED
  #labels: Labels | undefined
  #problem: Problem | undefined
  /** Nobody has been told of it. */
  #untold = false
  #exemplars: FoundExemplar[] = []

  constructor(options: TakingOptions) {
    this.#options = options
  }

  series(key: DataView, start: number, end: number, source: SeriesSource): void {
    const { book, version } = this.#options
    this.#source = source
    this.#labels = undefined
    this.#problem = undefined
    this.#row = UNRESOLVED
    this.#number = end < start ? -1 : book.number(key, start, end, version)
    this.#id = book.id(this.#number)
  }

  unreadable(message: string): void {
    this.#problem = { reason: 'labels', message }
    this.#id = UNRESOLVED
    this.#row = UNRESOLVED
    // It may hold nothing that could be refused for it.
    this.#untold = true
  }

  float(time_ms: number, value: number, stale: boolean, start_ms: number): void {
    if (this.#id < 0 && !this.#resolveFloat()) return
    const { builder, starts } = this.#options
    if (start_ms !== 0 && !stale && !starts.isKnown(this.#id, start_ms)) this.#floatFrom({ start_ms, time_ms })
    builder.float(this.#id, time_ms, stale ? NaN : value, stale)
  }

  histogram(histogram: WireHistogram): void {
    if (this.#problem !== undefined) {
      this.#refuse(this.#problem)
      return
    }
    const { time_ms, sum, count, stale } = histogram
    if (stale) {
      this.#endOfHistogram(time_ms)
      return
    }
    const fit = fitNative(histogram)
    if ('refused' in fit) {
      // A series without proper labels is passed over, whatever it holds.
      this.#refuse(this.#named() === undefined ? this.#problem! : { reason: 'histogram', message: fit.refused })
      return
    }
    const shape = definedBy(fit.shape)
    const lastRow = this.#options.book.row(this.#number)?.id
    const series = this.#rowOf(shape, histogram.gauge)
    if (series < 0) return
    this.#row = series
    const last = (): LastSample => this.#lastOf(lastRow ?? this.#stored())
    if (!histogram.gauge && this.#options.starts.begins(series, histogram, last)) {
      const none = { count: 0, sum: Number.isNaN(sum) ? NaN : 0, buckets: new Float64Array(fit.buckets.length) }
      this.#options.builder.histogram({ series, time_ms: histogram.start_ms, ...none })
      this.zeros.histograms++
    }
    this.#options.builder.histogram({ series, time_ms, sum, count, buckets: fit.buckets })
  }

  exemplar(time_ms: number, value: number, labels: Labels | string): void {
    const { dropped } = this.#options
    if (typeof labels === 'string') dropped.add('exemplar', labels)
    else if (lengthOf(labels) > EXEMPLAR_LENGTH) dropped.add('exemplar', 'the labels of an exemplar are too long')
    else this.#exemplars.push({ time_ms, value, labels })
  }

  end(): void {
    if (this.#untold) this.#refuse(this.#problem!)
    if (this.#exemplars.length === 0) return
    const { book, builder, dropped } = this.#options
    const row = this.#row >= 0 ? this.#row : (book.row(this.#number)?.id ?? UNRESOLVED)
    const series = this.#id >= 0 ? this.#id : row
    for (const exemplar of this.#exemplars) {
      if (series >= 0) builder.exemplar({ series, ...exemplar })
      else dropped.add('exemplar', 'an exemplar stands for no sample')
    }
    this.#exemplars = []
  }

  family(name: string, what: Described): void {
    const { families, dropped, writer } = this.#options
    if (families.knows(name, what)) return
    if (!families.learn(name, what)) dropped.add('metadata', 'there are too many metric families')
    else for (const metric of metricsOf(name)) writer.describe?.({ name: metric, ...ofPart(what, metric) })
  }

  #refuse({ reason, message }: Problem): void {
    const { version, rejections, dropped } = this.#options
    this.#untold = false
    if (version === 1 && reason === 'labels') dropped.add(reason, message)
    else rejections.add(reason, message)
  }

  /** False where the sample is refused. */
  #resolveFloat(): boolean {
    const { type, unit, help } = this.#described('float')
    const id = this.#resolve({ type, unit, help, kind: 'float', bounds: NO_BOUNDS })
    if (id < 0) return false
    this.#id = id
    this.#options.book.learn(this.#number, id)
    return true
  }

  #rowOf(shape: Pick<Row, 'kind' | 'bounds'>, gauge: boolean): SeriesId {
    const { book } = this.#options
    const known = book.row(this.#number, shape)
    if (known !== undefined) return known.id
    const { type, unit, help } = this.#described('row')
    const counted = gauge ? 'gaugehistogram' : 'histogram'
    const id = this.#resolve({ ...shape, type: type === 'unknown' ? counted : type, unit, help })
    if (id >= 0) book.learnRow(this.#number, { ...shape, id })
    return id
  }

  /** The sample that comes counts from another time than the one before. */
  #floatFrom(interval: Interval): void {
    const { builder, starts, writer } = this.#options
    const id = this.#id
    if (!starts.begins(id, interval, () => this.#lastOf(id)) || writer.definition(id).type === 'gauge') return
    builder.float(id, interval.start_ms, 0)
    this.zeros.samples++
  }

  #lastOf(series: SeriesId | undefined): LastSample {
    if (series === undefined) return { series: UNRESOLVED, time_ms: undefined }
    return { series, time_ms: this.#options.writer.newest(series)?.time_ms }
  }

  /** The end of a histogram is told without buckets: it ends the row last seen; where none was, that of the newest sample in the store. */
  #endOfHistogram(time_ms: number): void {
    const { book, builder, writer } = this.#options
    const series = book.row(this.#number)?.id ?? this.#stored()
    if (series === undefined) return
    const buckets = new Float64Array(bucketCount(writer.definition(series)))
    builder.histogram({ series, time_ms, sum: NaN, count: 0, buckets, stale: true })
  }

  /** After a restart nothing was seen yet. */
  #stored(): SeriesId | undefined {
    const labels = this.#named()
    return labels && this.#options.writer.newestHistogram?.(labels)
  }

  #resolve(definition: Omit<SeriesDefinition, 'labels'>): SeriesId {
    const labels = this.#named()
    if (labels === undefined) {
      this.#refuse(this.#problem!)
      return UNRESOLVED
    }
    if (!this.#checked) this.#options.check()
    this.#checked = true
    try {
      return this.#options.writer.resolve({ ...definition, labels })
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
      this.#refuse({ reason: 'limit', message: error.message })
      return UNRESOLVED
    }
  }

  /** Undefined where the series has no proper labels: `#problem` says why. */
  #named(): Labels | undefined {
    if (this.#problem !== undefined) return undefined
    if (this.#labels === undefined) {
      const labels = attempt(() => this.#source!.labels())
      if (typeof labels === 'string') this.#problem = { reason: 'labels', message: labels }
      else this.#labels = labels
    }
    return this.#labels
  }

  #described(what: 'float' | 'row'): Described {
    const labels = this.#named()
    if (labels === undefined) return UNKNOWN
    const told = attempt(() => this.#source!.described())
    const { families } = this.#options
    if (typeof told === 'object' && told.type !== 'unknown') return what === 'float' ? ofPart(told, labels.name) : told
    return what === 'float' ? families.of(labels) : families.ofRow(labels)
  }
}

/** What cannot be read is told as text. */
function attempt<T>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'bad_data') return error.message
    throw error
  }
}

function lengthOf(labels: Labels): number {
  let length = 0
  for (const [name, value] of labels) length += name.length + value.length
  return length
}
