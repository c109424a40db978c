import { context, metrics, type Span as OtelSpan, SpanStatusCode, trace } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics'

import { systemClock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import { type Meter, silentMeter } from '#core/ports/meter.ts'

import { ByAttributes } from './by-attributes.ts'
import { Distributions } from './distributions.ts'
import type { SelfTarget } from './self-telemetry.ts'

const SCOPE = 'barograph'

export interface TelemetryOptions {
  readonly version: string
  readonly host: string
  /** Where to send to ourselves; null: only `/metrics`. */
  readonly self: SelfTarget | null
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

/** The port `Meter` on the global OpenTelemetry meter; what is counted often is summed here. */
function meterPort(distributions: Distributions): Meter {
  const meter = metrics.getMeter(SCOPE)
  return {
    counter(name, { description, unit }) {
      const sums = new ByAttributes((attributes) => ({ value: 0, attributes }))
      meter
        .createObservableCounter(named(name, unit), { description, ...(unit !== undefined && { unit }) })
        .addCallback((result) => {
          for (const { value, attributes } of sums.cells()) result.observe(value, attributes)
        })
      return {
        add(value, attributes) {
          sums.of(attributes).value += value
        },
      }
    },
    histogram: (name, { description, unit = '', bounds }) =>
      distributions.histogram({ name: named(name, unit), description, unit }, bounds),
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

/** Metrics alone, read when somebody asks. */
function startMetrics(resource: Resource, reader: IMetricReader): MeterProvider {
  const provider = new MeterProvider({ resource, readers: [reader] })
  metrics.setGlobalMeterProvider(provider)
  return provider
}

/**
 * What is asked for while it is being read is what comes of that: of two that read at once, the one that was late would tell values of before,
 * which the SDK takes for a counter that began anew, and adds up.
 */
function together<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined
  return () =>
    (reading ??= read().finally(() => {
      reading = undefined
    }))
}

export async function startTelemetry({ version, host, self }: TelemetryOptions): Promise<Telemetry> {
  const distributions = new Distributions(SCOPE, () => systemClock.now_ms())
  const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers: [distributions] })
  const resource = resourceFromAttributes({
    'service.name': SCOPE,
    'service.version': version,
    'service.instance.id': host,
    'host.name': host,
  })
  const collect = together(() => exporter.collect())
  const sdk =
    self === null
      ? startMetrics(resource, exporter)
      : (await import('./self-telemetry.ts')).startSelfTelemetry({ resource, reader: exporter, collect, self })
  const serializer = new PrometheusSerializer()
  const tracer = trace.getTracer(SCOPE)
  return {
    meter: meterPort(distributions),
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
      const { resourceMetrics } = await collect()
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
