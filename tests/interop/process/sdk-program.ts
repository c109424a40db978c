// A program with the stock OpenTelemetry SDK: `node sdk-program.ts URL`. Two services, checkout calling payments; a line
// `slow` or `calm` on standard input says how payments does from then on, the end of the input ends it.
import { createInterface } from 'node:readline'

import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as LogsJson } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as LogsProto } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as MetricsJson } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as MetricsProto } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as TracesJson } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as TracesProto } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'

import { seeded } from '#core/random.ts'

import { ATTRIBUTES, BOUNDS, CALM_S, SLOW_S } from './sdk-history.ts'

const EXPORT_MS = 1000
const REQUEST_MS = 50
const url = process.argv[2]!
const random = seeded(3)
let slow = false

/** One service, as its own process would set it up. */
function service(name: string, encoding: 'json' | 'proto') {
  const json = encoding === 'json'
  const resource = resourceFromAttributes({ 'service.name': name, 'service.instance.id': `${name}-1` })
  const at = (signal: string) => ({ url: `${url}/v1/${signal}` })
  const exporter = json ? new MetricsJson(at('metrics')) : new MetricsProto(at('metrics'))
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: EXPORT_MS,
    exportTimeoutMillis: EXPORT_MS,
  })
  const meters = new MeterProvider({ resource, readers: [reader] })
  const spans = json ? new TracesJson(at('traces')) : new TracesProto(at('traces'))
  const batched = { scheduledDelayMillis: EXPORT_MS }
  const tracers = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(spans, batched)] })
  const records = json ? new LogsJson(at('logs')) : new LogsProto(at('logs'))
  const loggers = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: records, ...batched })],
  })
  const duration = meters
    .getMeter('shop')
    .createHistogram('http.server.request.duration', { unit: 's', advice: { explicitBucketBoundaries: [...BOUNDS] } })
  return {
    tracer: tracers.getTracer('shop'),
    log: loggers.getLogger('shop'),
    record: (seconds: number, attributes: Attributes) => duration.record(seconds, attributes),
    stop: () => Promise.allSettled([meters.shutdown(), tracers.shutdown(), loggers.shutdown()]),
  }
}

const checkout = service('checkout', 'json')
const payments = service('payments', 'proto')

/** One request: checkout's server span, its client span, the server span of payments; both durations; a line of log. */
function request(): void {
  const now = Date.now()
  const seconds = (slow ? SLOW_S : CALM_S) * (0.9 + 0.2 * random())
  const [start, end] = [now - seconds * 1000, now]
  const outer = checkout.tracer.startSpan('GET /checkout', { kind: SpanKind.SERVER, startTime: start }, ROOT_CONTEXT)
  const inside = trace.setSpan(ROOT_CONTEXT, outer)
  const client = checkout.tracer.startSpan('GET payments', { kind: SpanKind.CLIENT, startTime: start }, inside)
  const called = trace.setSpan(inside, client)
  const inner = payments.tracer.startSpan('GET /charge', { kind: SpanKind.SERVER, startTime: start }, called)
  if (slow) inner.setStatus({ code: SpanStatusCode.ERROR })
  for (const span of [inner, client, outer]) span.end(end)
  payments.record(seconds, ATTRIBUTES)
  checkout.record(seconds + 0.005, ATTRIBUTES)
  const body = slow ? `charge took ${Math.round(seconds * 1000)} ms` : 'charged'
  payments.log.emit({ severityNumber: slow ? SeverityNumber.WARN : SeverityNumber.INFO, body })
}

const timer = setInterval(request, REQUEST_MS)
for await (const line of createInterface({ input: process.stdin })) slow = line === 'slow'
clearInterval(timer)
await Promise.all([checkout.stop(), payments.stop()])
