import { assert } from '#core/assert.ts'
import type { Decoder, Signals } from '#core/ports/decoder.ts'
import type { OtlpRequest } from '#core/ports/intake.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { SampleBuilder } from '#core/sample.ts'

import { Deltas } from './normal/deltas.ts'
import { readLogs } from './normal/logs.ts'
import { NormalMetrics } from './normal/metrics.ts'
import { Rejections } from './normal/rejections.ts'
import { SeriesCache } from './normal/series-cache.ts'
import { readSpans } from './normal/spans.ts'
import { Allowance } from './wire/allowance.ts'
import { parseJson } from './wire/json.ts'
import { checkingSink, type MetricSink } from './wire/metric-sink.ts'
import { readMetricsJson } from './wire/metrics-json.ts'
import { readMetricsProto } from './wire/metrics-proto.ts'
import { requests } from './wire/schema.ts'
import { toOtlpJson } from './wire/to-json.ts'

export interface DecoderOptions {
  readonly meter: Meter
  /** Series whose deltas are accumulated at one time. Default 100 000. */
  readonly delta_series?: number
  /** Memory for what was translated before. Default 128 MiB. */
  readonly cache_bytes?: number
  /** `limits.body_objects`: resources, metrics, points, attributes, records, spans of one request. Default 4 million. */
  readonly body_objects?: number
  /** `limits.label_value_length`, for the resources of log records and spans; the store holds it for series. Default 4096. */
  readonly label_value_length?: number
}

const DELTA_SERIES = 100_000
const CACHE_BYTES = 2 ** 27
const BODY_OBJECTS = 4_000_000
const LABEL_VALUE_LENGTH = 4096

class OtlpDecoder implements Decoder {
  readonly #builder = new SampleBuilder()
  readonly #cache: SeriesCache
  readonly #deltas: Deltas
  readonly #points: Counter
  readonly #rejected: Counter
  readonly #body_objects: number
  readonly #label_value_length: number
  #writer: SeriesWriter | undefined

  constructor(options: DecoderOptions) {
    const { meter, delta_series = DELTA_SERIES, cache_bytes = CACHE_BYTES } = options
    this.#body_objects = options.body_objects ?? BODY_OBJECTS
    this.#label_value_length = options.label_value_length ?? LABEL_VALUE_LENGTH
    this.#cache = new SeriesCache(cache_bytes)
    this.#deltas = new Deltas(delta_series)
    this.#points = meter.counter('barograph.collector.points', {
      description: 'Samples, log records and spans that were accepted',
    })
    this.#rejected = meter.counter('barograph.collector.rejected', {
      description: 'Data points, log records and spans that were refused, by reason',
    })
    meter.gauge('barograph.collector.delta.series', { description: 'Series whose deltas are accumulated' }, () => {
      return this.#deltas.size
    })
  }

  decode(request: OtlpRequest, writer: SeriesWriter): Signals {
    this.#builder.clear()
    const rejections = new Rejections(this.#rejected)
    const { signal } = request
    const logs = signal === 'logs' ? readLogs(this.#tree(request), rejections, this.#label_value_length) : []
    const spans = signal === 'traces' ? readSpans(this.#tree(request), rejections, this.#label_value_length) : []
    if (signal === 'metrics') this.#metrics(request, writer, rejections)
    rejections.report(signal)
    const accepted = this.#builder.length + logs.length + spans.length
    if (accepted > 0) this.#points.add(accepted, { signal })
    const { count } = rejections
    return { samples: this.#builder.batch(), logs, spans, rejected: count, message: rejections.message() }
  }

  forget(): void {
    this.#deltas.clear()
  }

  /** All of it is read before any of it counts: a body that breaks off has changed nothing. */
  #metrics(request: OtlpRequest, writer: SeriesWriter, rejections: Rejections): void {
    // Ids are those of one writer.
    if (writer !== this.#writer) this.#cache.clear()
    this.#writer = writer
    this.#cache.trim()
    const options = { writer, builder: this.#builder, cache: this.#cache, deltas: this.#deltas, rejections }
    const metrics = new NormalMetrics(options)
    const read = this.#reader(request)
    read(checkingSink)
    read(metrics)
    metrics.finish()
  }

  #tree({ signal, encoding, body }: OtlpRequest): unknown {
    assert(signal !== 'metrics', 'metrics are read without a tree')
    const allowance = new Allowance(this.#body_objects)
    return encoding === 'json' ? parseJson(body, { allowance }) : toOtlpJson(body, requests[signal], allowance)
  }

  #reader({ encoding, body }: OtlpRequest): (sink: MetricSink) => void {
    if (encoding === 'proto') return (sink) => readMetricsProto(body, sink, new Allowance(this.#body_objects))
    const parsed = parseJson(body, { allowance: new Allowance(this.#body_objects) })
    return (sink) => readMetricsJson(parsed, sink)
  }
}

/** Decodes OTLP. What deltas have added up to is in the store: it keeps nothing over a restart. */
export function createDecoder(options: DecoderOptions): Decoder {
  return new OtlpDecoder(options)
}
