import type { Decoder, Signals } from '#core/ports/decoder.ts'
import type { OtlpRequest } from '#core/ports/intake.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { type SampleBatch, SampleBuilder } from '#core/sample.ts'
import type { SeriesId } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'

import { NAMINGS, type TranslationStrategy, USUAL } from './naming/names.ts'
import { Catalogue } from './normal/catalogue.ts'
import { Deltas } from './normal/deltas.ts'
import { readingLogs } from './normal/logs.ts'
import { takeMetrics } from './normal/metrics.ts'
import { Rejections } from './normal/rejections.ts'
import { readingSpans } from './normal/spans.ts'
import { StartTimes } from './normal/start-times.ts'
import { ofSignals } from './receivers/traffic.ts'
import { Allowance } from './wire/allowance.ts'
import { parsingJson } from './wire/long-json.ts'
import { readMetricsJson } from './wire/metrics-json.ts'
import { proto, readMetricsProto } from './wire/metrics-proto.ts'
import { json } from './wire/metrics-tree.ts'
import { Points } from './wire/points.ts'
import { type Message, read } from './wire/schema.ts'
import { readingOtlpJson } from './wire/to-json.ts'

export interface DecoderOptions {
  readonly meter: Meter
  /** Series whose deltas are accumulated at one time. Default 100 000. */
  readonly delta_series?: number
  /** Memory for what was translated before. Default 512 MiB: some 250 bytes a series. */
  readonly cache_bytes?: number
  /** `limits.body_objects`: resources, metrics, points, attributes, records, spans of one request. Default 4 million. */
  readonly body_objects?: number
  /** `limits.label_value_length`, for the resources of log records and spans; the store holds it for series. Default 4096. */
  readonly label_value_length?: number
  /** `otlp.promote_scope_metadata`: the scope of a metric is part of who its series are, as labels. Default false. */
  readonly promote_scope_metadata?: boolean
  /** `otlp.translation_strategy`: how metrics and their attributes are named. Default `UnderscoreEscapingWithSuffixes`. */
  readonly translation_strategy?: TranslationStrategy
  /** Cumulative series have a sample of 0 where they began to count (`StartTimes`). Default true. */
  readonly start_timestamp_zero_ingestion?: boolean
  /** By which what is not sent any more is forgotten. Not given: time stands still, and `cache_bytes` alone bounds what is kept. */
  readonly now_ms?: () => number
  /** Of hashes: unknown to senders. Default 0. */
  readonly seed?: number
}

const DELTA_SERIES = 100_000
const CACHE_BYTES = 2 ** 29
const BODY_OBJECTS = 4_000_000
const LABEL_VALUE_LENGTH = 4096
const ACCEPTED = ofSignals((signal) => ({ signal }))
const NO_SAMPLES: SampleBatch = new SampleBuilder().batch()

class OtlpDecoder implements Decoder {
  readonly #points = new Points()
  readonly #proto: Catalogue
  readonly #json: Catalogue
  readonly #deltas: Deltas
  readonly #starts: StartTimes
  readonly #accepted: Counter
  readonly #rejected: Counter
  readonly #delta_series: number
  readonly #cache_bytes: number
  readonly #body_objects: number
  readonly #label_value_length: number
  #writer: SeriesWriter | undefined
  #generation: number | undefined

  constructor(options: DecoderOptions) {
    const { meter, delta_series = DELTA_SERIES, cache_bytes = CACHE_BYTES, seed = 0, now_ms = () => 0 } = options
    const naming = NAMINGS[options.translation_strategy ?? USUAL]
    const known = { seed, now_ms, scopes: options.promote_scope_metadata ?? false, naming }
    this.#body_objects = options.body_objects ?? BODY_OBJECTS
    this.#label_value_length = options.label_value_length ?? LABEL_VALUE_LENGTH
    this.#cache_bytes = cache_bytes
    this.#delta_series = delta_series
    this.#proto = new Catalogue(proto, { ...known, kernel: true })
    this.#json = new Catalogue(json, known)
    this.#deltas = new Deltas(delta_series)
    this.#starts = new StartTimes(options.start_timestamp_zero_ingestion)
    this.#accepted = meter.counter('barograph.collector.points', {
      description: 'Samples, log records and spans that were accepted',
    })
    this.#rejected = meter.counter('barograph.collector.rejected', {
      description: 'Data points, log records and spans that were refused, by reason',
    })
    meter.gauge('barograph.collector.delta.series', { description: 'Series whose deltas are accumulated' }, () => {
      return this.#deltas.size + this.#proto.totals.size + this.#json.totals.size
    })
    meter.gauge(
      'barograph.collector.catalogue',
      { description: 'Memory for what was translated before', unit: 'By' },
      () => {
        return this.#proto.bytes + this.#json.bytes
      },
    )
  }

  *decode(request: OtlpRequest, writer: SeriesWriter): Steps<Signals> {
    const rejections = new Rejections(this.#rejected)
    const { signal } = request
    const long = this.#label_value_length
    const tree = signal === 'metrics' ? undefined : yield* this.#tree(request, read[signal])
    if (tree !== undefined) yield
    const logs = signal === 'logs' ? yield* readingLogs(tree, rejections, long) : []
    const spans = signal === 'traces' ? yield* readingSpans(tree, rejections, long) : []
    const samples = signal === 'metrics' ? yield* this.#metrics(request, writer, rejections) : NO_SAMPLES
    rejections.report(signal)
    const accepted = samples.floats.length + samples.histograms.length + logs.length + spans.length
    if (accepted > 0) this.#accepted.add(accepted, ACCEPTED[signal])
    const { count } = rejections
    return { samples, logs, spans, rejected: count, message: rejections.message() }
  }

  forget(): void {
    this.#deltas.clear()
    this.#starts.clear()
    this.#proto.totals.clear()
    this.#json.totals.clear()
  }

  /** All of it is read before any of it counts: a body that breaks off has changed nothing. */
  *#metrics(request: OtlpRequest, writer: SeriesWriter, rejections: Rejections): Steps<SampleBatch> {
    const catalogue = request.encoding === 'proto' ? this.#proto : this.#json
    if (writer !== this.#writer) this.#starts.clear()
    if (writer !== this.#writer || this.#proto.bytes + this.#json.bytes > this.#cache_bytes) {
      // Ids are those of one writer.
      this.#proto.clear()
      this.#json.clear()
    }
    if (writer === this.#writer && writer.generation !== this.#generation) {
      const isLive = (id: SeriesId): boolean => writer.isLive?.(id) ?? true
      this.#proto.forgetEnded(isLive)
      this.#json.forgetEnded(isLive)
      this.#starts.forgetEnded(isLive)
    }
    this.#writer = writer
    this.#generation = writer.generation
    this.#points.clear()
    catalogue.forgetGone()
    const readAll = request.encoding === 'proto' ? readMetricsProto : readMetricsJson
    yield* readAll(request.body, this.#points, catalogue, () => new Allowance(this.#body_objects))
    catalogue.sent(this.#points)
    const [deltas, starts, delta_series] = [this.#deltas, this.#starts, this.#delta_series]
    yield
    return yield* takeMetrics(this.#points, { writer, catalogue, deltas, starts, delta_series, rejections })
  }

  *#tree({ encoding, body }: OtlpRequest, message: Message): Steps<unknown> {
    const allowance = new Allowance(this.#body_objects)
    return yield* encoding === 'json' ? parsingJson(body, { allowance }) : readingOtlpJson(body, message, allowance)
  }
}

/** Decodes OTLP. What deltas have added up to is in the store: it keeps nothing over a restart. */
export function createDecoder(options: DecoderOptions): Decoder {
  return new OtlpDecoder(options)
}
