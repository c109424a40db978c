import { ServiceError } from '#core/errors.ts'
import type { Signals } from '#core/ports/decoder.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBuilder } from '#core/sample.ts'
import type { Steps } from '#core/steps.ts'

import { malformed } from '../exposition/malformed.ts'
import { OpenMetricsReader } from '../exposition/openmetrics-reader.ts'
import type { PageReader } from '../exposition/page-reader.ts'
import { OpenMetricsRules } from '../exposition/rules.ts'
import { TextReader } from '../exposition/text-reader.ts'
import type { Format } from './content-type.ts'
import type { PageCounters } from './counters.ts'
import { ReportSeries } from './report.ts'
import { type Known, TargetSeries, type TargetSeriesOptions } from './target-series.ts'

/** What became of asking a target. */
export interface Fetched {
  /** When it was asked: the time of samples without one. */
  readonly time_ms: number
  readonly duration_s: number
  /** The page, or why there is none. */
  readonly page: { readonly body: Uint8Array; readonly format: Format } | { readonly error: string }
}

export interface ScrapeDecoderOptions extends TargetSeriesOptions {
  /** Whether a broken rule of OpenMetrics fails the scrape. */
  readonly strict: boolean
  /** Shared by all targets: they are decoded one at a time, and each is stored before the next. */
  readonly builder: SampleBuilder
  readonly counters: PageCounters
}

/** Pages of one target as samples, with `up` and staleness. Called in the turn of its input, with the store at hand. */
export class ScrapeDecoder {
  #options: ScrapeDecoderOptions
  readonly #series: TargetSeries
  readonly #report: ReportSeries
  readonly #readers = new Map<Format, PageReader<Known>>()
  /** Rules that the page breaks, with the times that it does. */
  readonly #rules = new Map<string, number>()
  /** Why the newest scrape failed, '' where it did not. */
  error = ''

  constructor(options: ScrapeDecoderOptions) {
    this.#options = options
    this.#series = new TargetSeries(options)
    this.#report = new ReportSeries(options.labels)
  }

  /** Other settings for the same target: its pages are read anew, and its series are still known. */
  use(options: ScrapeDecoderOptions): void {
    this.#options = options
    this.#series.use(options)
    this.#readers.clear()
  }

  /** The first rule of OpenMetrics that the newest page breaks, '' where it breaks none. */
  get brokenRule(): string {
    for (const rule of this.#rules.keys()) return rule
    return ''
  }

  *decode({ time_ms, duration_s, page }: Fetched, writer: SeriesWriter): Steps<Signals> {
    const { builder, counters } = this.#options
    const series = this.#series
    builder.clear()
    this.#rules.clear()
    series.begin(time_ms, writer, builder)
    this.error = 'error' in page ? page.error : yield* this.#read(page)
    if (this.error === '') yield* series.finish()
    else {
      builder.clear()
      yield* series.fail()
    }
    const { tally } = series
    const up = this.error === ''
    if (up) counters.page(tally, this.#rules)
    const { scraped, kept, added } = tally
    return this.#signals(() => this.#report.write(time_ms, { up, duration_s, scraped, kept, added }, writer, builder))
  }

  /** The target is gone: all of its series end. */
  *end(time_ms: number, writer: SeriesWriter): Steps<Signals> {
    const { builder } = this.#options
    builder.clear()
    this.#series.begin(time_ms, writer, builder)
    yield* this.#series.fail()
    yield
    return this.#signals(() => this.#report.end(time_ms, writer, builder))
  }

  /** What was decoded last could not be stored. */
  undo(): void {
    this.#series.undo()
  }

  /** '' where the page was read to its end, and is taken. */
  *#read({ body, format }: { readonly body: Uint8Array; readonly format: Format }): Steps<string> {
    try {
      yield* this.#reader(format).read(body)
      return this.#series.excess
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      return error.message
    }
  }

  #reader(format: Format): PageReader<Known> {
    let reader = this.#readers.get(format)
    if (reader === undefined) {
      const rules = new OpenMetricsRules<Known>((rule) => {
        if (this.#options.strict) malformed(rule)
        this.#rules.set(rule, (this.#rules.get(rule) ?? 0) + 1)
      })
      reader = format === 'text' ? new TextReader(this.#series) : new OpenMetricsReader(this.#series, rules)
      this.#readers.set(format, reader)
    }
    return reader
  }

  #signals(report: () => void): Signals {
    const { tally } = this.#series
    let { refused, refusal } = tally
    try {
      report()
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
      refused++
      refusal = error.message
    }
    return { samples: this.#options.builder.batch(), logs: [], spans: [], rejected: refused, message: refusal }
  }
}
