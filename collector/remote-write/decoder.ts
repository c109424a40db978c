import type { Signals } from '#core/ports/decoder.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { SampleBuilder } from '#core/sample.ts'
import type { SeriesId } from '#core/series.ts'
import { atOnce, type Steps } from '#core/steps.ts'

import { Rejections } from '../normal/rejections.ts'
import { StartTimes } from '../normal/start-times.ts'
import { Allowance } from '../wire/allowance.ts'
import { Cursor } from '../wire/cursor.ts'
import { SeriesBook } from './book.ts'
import { Families } from './families.ts'
import { checkingSink, type WriteSink } from './sink.ts'
import { Symbols } from './symbols.ts'
import { Taking } from './taking.ts'
import { Version1 } from './version1.ts'
import { Version2 } from './version2.ts'

export interface RemoteWriteOptions {
  readonly meter: Meter
  /** Memory for series seen before. Default 256 MiB: some 150 bytes a series, of version 1 twice that. */
  readonly cache_bytes?: number
  /** `limits.body_objects`: series, samples, labels, symbols of one request. Default 4 million. */
  readonly body_objects?: number
  /** `limits.metric_families`: those whose metadata version 1 has sent. Default 50 000. */
  readonly metric_families?: number
  /** Series have a sample of 0 where version 2 says that they began to count (`StartTimes`). Default true. */
  readonly start_timestamp_zero_ingestion?: boolean
  /** By which what is not sent any more is forgotten. Not given: time stands still, and `cache_bytes` alone bounds what is kept. */
  readonly now_ms?: () => number
  /** Of hashes: unknown to senders. Default 0. */
  readonly seed?: number
}

const CACHE_BYTES = 2 ** 28
const BODY_OBJECTS = 4_000_000
const METRIC_FAMILIES = 50_000
/** A longer body is looked through first, in steps: at the first new series it would take too long. */
const LONG = 2 ** 20

/** What was written. */
export interface WrittenSignals extends Signals {
  /** Samples among them that nobody sent: where counters began. */
  readonly zeros: { readonly samples: number; readonly histograms: number }
}

/** Remote write, versions 1 and 2, to columns. Source: Prometheus Remote-Write 1.0 and 2.0 specifications. */
export class RemoteWriteDecoder {
  readonly #builder = new SampleBuilder()
  readonly #book: SeriesBook
  readonly #symbols: Symbols
  readonly #families: Families
  readonly #starts: StartTimes
  readonly #accepted: Counter
  readonly #rejected: Counter
  readonly #cache_bytes: number
  readonly #body_objects: number
  #writer: SeriesWriter | undefined
  #generation: number | undefined

  constructor(options: RemoteWriteOptions) {
    const { meter, metric_families = METRIC_FAMILIES, seed = 0, now_ms = () => 0 } = options
    this.#cache_bytes = options.cache_bytes ?? CACHE_BYTES
    this.#body_objects = options.body_objects ?? BODY_OBJECTS
    this.#book = new SeriesBook(seed, now_ms)
    this.#symbols = new Symbols(this.#book)
    this.#families = new Families(metric_families)
    this.#starts = new StartTimes(options.start_timestamp_zero_ingestion)
    this.#accepted = meter.counter('barograph.collector.points', {
      description: 'Samples, log records and spans that were accepted',
    })
    this.#rejected = meter.counter('barograph.collector.rejected', {
      description: 'Data points, log records and spans that were refused, by reason',
    })
    meter.gauge(
      'barograph.collector.remote_write.cache',
      { description: 'Memory for series of remote write that were seen before', unit: 'By' },
      () => this.#book.bytes,
    )
    meter.gauge(
      'barograph.collector.remote_write.families',
      { description: 'Metric families whose metadata is known' },
      () => this.#families.size,
    )
  }

  /**
   * All of a body is read before it makes a series: one that breaks off has changed nothing. Throws `ServiceError`: `bad_data`,
   * `too_large`. Samples are views, valid until the next call.
   */
  *decode(version: 1 | 2, body: Uint8Array, writer: SeriesWriter): Steps<WrittenSignals> {
    const book = this.#book
    // Ids are those of one writer.
    const isLive = (id: SeriesId): boolean => writer.isLive?.(id) ?? true
    const starts = this.#starts
    if (writer !== this.#writer) starts.clear()
    if (writer !== this.#writer || book.bytes > this.#cache_bytes) book.clear()
    else if (writer.generation !== this.#generation) {
      book.forgetEnded(isLive)
      starts.forgetEnded(isLive)
    }
    book.forgetGone()
    this.#writer = writer
    this.#generation = writer.generation
    const builder = this.#builder
    builder.clear()
    const rejections = new Rejections(this.#rejected)
    const dropped = new Rejections(this.#rejected)
    const checked = body.length > LONG
    if (checked) yield* this.#read(version, body, checkingSink)
    const check = (): void => {
      if (!checked) atOnce(this.#read(version, body, checkingSink))
    }
    const families = this.#families
    const taking = new Taking({ version, writer, builder, book, families, starts, check, rejections, dropped })
    yield* this.#read(version, body, taking)
    rejections.report('metrics')
    dropped.report('metrics')
    if (builder.length > 0) this.#accepted.add(builder.length, { signal: 'metrics' })
    const { zeros } = taking
    const { count } = rejections
    const samples = builder.batch()
    for (const { length, time_ms } of [samples.floats, samples.histograms]) if (length > 0) starts.heard(time_ms[0]!)
    return { samples, logs: [], spans: [], rejected: count, message: rejections.message(), zeros }
  }

  *#read(version: 1 | 2, body: Uint8Array, sink: WriteSink): Steps<void> {
    const cursor = new Cursor(body, new Allowance(this.#body_objects))
    if (version === 1) yield* new Version1(cursor, sink).read()
    else yield* new Version2(cursor, sink, this.#symbols).read()
  }
}
