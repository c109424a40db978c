import { context, metrics, type Span as OtelSpan, SpanStatusCode, trace } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { HostMetrics } from '@opentelemetry/host-metrics'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'

import { messageOf } from '#core/errors.ts'
import { type Counter, type Meter, silentMeter } from '#core/ports/meter.ts'

const SCOPE = 'barograph'

type Attributes = Readonly<Record<string, string>>
const NO_ATTRIBUTES: Attributes = Object.freeze({})

interface Sum {
  value: number
  readonly attributes: Attributes
}

export interface TelemetryOptions {
  readonly version: string
  readonly host: string
  /** Where to send to ourselves; null: only `/metrics`. */
  readonly self: { readonly url: string; readonly interval_ms: number } | null
}

/** Barograph observes itself with the OpenTelemetry SDK: `/metrics`, and by default its own OTLP receiver. */
export interface Telemetry {
  readonly meter: Meter
  /** Runs a stage inside a span. */
  traced<T>(name: string, run: () => Promise<T>): Promise<T>
  /** Everything measured, in Prometheus' text format. */
  exposition(): Promise<string>
  stop(): Promise<void>
}

const UNIT_WORDS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' }

/** The unit as the last word, as Prometheus has it: `/metrics` would leave it out, and the names there would not be those of the store. */
function named(name: string, unit: string | undefined): string {
  const word = UNIT_WORDS[unit ?? '']
  return word === undefined || name.endsWith(`.${word}`) ? name : `${name}.${word}`
}

/**
 * What a counter has counted, summed here and read when somebody looks: the SDK sorts and prints attributes at each addition, and there
 * are some ten of those to every request.
 */
class Sums implements Counter {
  readonly #sums = new Map<string, Sum>()
  /** Who counts often does so with the same object each time. */
  readonly #known = new WeakMap<Attributes, Sum>()

  add(value: number, attributes: Attributes = NO_ATTRIBUTES): void {
    const sum = this.#known.get(attributes) ?? this.#sumOf(attributes)
    sum.value += value
  }

  #sumOf(attributes: Attributes): Sum {
    let key = ''
    for (const name in attributes) key += `${name}\u0000${attributes[name]}\u0001`
    let sum = this.#sums.get(key)
    if (sum === undefined) this.#sums.set(key, (sum = { value: 0, attributes: { ...attributes } }))
    if (Object.isFrozen(attributes)) this.#known.set(attributes, sum)
    return sum
  }

  values(): Iterable<{ readonly value: number; readonly attributes: Attributes }> {
    return this.#sums.values()
  }
}

/** The port `Meter` on the global OpenTelemetry meter. */
function meterPort(): Meter {
  const meter = metrics.getMeter(SCOPE)
  return {
    counter(name, { description, unit }) {
      const sums = new Sums()
      meter
        .createObservableCounter(named(name, unit), { description, ...(unit !== undefined && { unit }) })
        .addCallback((result) => {
          for (const { value, attributes } of sums.values()) result.observe(value, attributes)
        })
      return sums
    },
    histogram: (name, { description, unit, bounds }) =>
      meter.createHistogram(named(name, unit), {
        description,
        ...(unit !== undefined && { unit }),
        ...(bounds !== undefined && { advice: { explicitBucketBoundaries: [...bounds] } }),
      }),
    gauge(name, { description, unit }, read) {
      meter
        .createObservableGauge(named(name, unit), { description, ...(unit !== undefined && { unit }) })
        .addCallback((result) => {
          const now = read()
          if (typeof now === 'number') result.observe(now)
          else for (const { value, attributes } of now) result.observe(value, attributes)
        })
    },
  }
}

function endSpan(span: OtelSpan, error?: unknown): void {
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) })
  span.end()
}

export function startTelemetry({ version, host, self }: TelemetryOptions): Telemetry {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const readers: IMetricReader[] = [exporter]
  if (self !== null) {
    readers.push(
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${self.url}/v1/metrics` }),
        exportIntervalMillis: self.interval_ms,
        exportTimeoutMillis: Math.min(self.interval_ms, 10_000),
      }),
    )
  }
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      'service.name': SCOPE,
      'service.version': version,
      'service.instance.id': host,
      'host.name': host,
    }),
    autoDetectResources: false,
    instrumentations: [],
    metricReaders: readers,
    spanProcessors:
      self === null ? [] : [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${self.url}/v1/traces` }))],
    logRecordProcessors:
      self === null
        ? []
        : [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${self.url}/v1/logs` }) })],
  })
  sdk.start()
  if (self !== null) new HostMetrics({ name: 'host-metrics' }).start()
  const serializer = new PrometheusSerializer()
  const tracer = trace.getTracer(SCOPE)
  return {
    meter: meterPort(),
    traced: (name, run) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          const result = await run()
          endSpan(span)
          return result
        } catch (error) {
          endSpan(span, error)
          throw error
        }
      }),
    async exposition() {
      const { resourceMetrics } = await exporter.collect()
      return serializer.serialize(resourceMetrics)
    },
    // The last export goes to a receiver that is about to close: it must not be traced, nor hold us up.
    stop: () => context.with(suppressTracing(context.active()), () => sdk.shutdown().catch(() => undefined)),
  }
}

/** For offline commands and tests: measures nothing. */
export const silentTelemetry: Telemetry = {
  meter: silentMeter,
  traced: (_, run) => run(),
  exposition: async () => '',
  stop: async () => undefined,
}
