// The stock OpenTelemetry SDK over gRPC, into a whole process.
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, test } from 'vitest'

import { countingMeter } from '../../collector/testing/decoding.fixture.ts'
import { Barograph, SECOND } from '../acceptance/barograph.ts'

type Compression = NonNullable<NonNullable<ConstructorParameters<typeof OTLPMetricExporter>[0]>['compression']>
const [NONE, GZIP] = ['none' as Compression, 'gzip' as Compression]

const running: Barograph[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

/** What a stock program sends at its end: everything of one service, once. */
async function program(url: string, compression: Compression): Promise<void> {
  const to = { url, compression }
  const resource = resourceFromAttributes({ 'service.name': 'checkout', 'service.instance.id': 'a' })
  const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(to) })
  const views = [{ instrumentName: 'work', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const }]
  const meters = new MeterProvider({ resource, readers: [reader], views })
  const meter = meters.getMeter('shop')
  meter.createCounter('orders').add(3, { region: 'eu' })
  meter.createHistogram('http.server.request.duration', { unit: 's' }).record(0.2)
  for (const seconds of [0.5, 1, 2, 400]) meter.createHistogram('work', { unit: 's' }).record(seconds)
  const loggers = new LoggerProvider({
    resource,
    processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter(to) })],
  })
  loggers.getLogger('shop').emit({ severityNumber: SeverityNumber.ERROR, body: 'card refused' })
  const tracers = new BasicTracerProvider({
    resource,
    spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter(to))],
  })
  tracers.getTracer('shop').startSpan('GET /checkout').end()
  await Promise.all([meters.shutdown(), loggers.shutdown(), tracers.shutdown()])
}

test.each([
  ['none', NONE],
  ['gzip', GZIP],
] as const)('metrics, logs and traces arrive, compression %s', async (_, compression) => {
  const { counts, ...meter } = countingMeter()
  const barograph = await Barograph.start({ rules: 'groups: []', begin_ms: Date.now(), meter })
  running.push(barograph)
  await program(barograph.service.grpcUrl, compression)
  await barograph.pass(90 * SECOND)
  const value = async (query: string): Promise<number> => {
    const parameters = new URLSearchParams({ query, time: String(barograph.now_ms / 1000) })
    const path = `/api/v1/query?${parameters.toString()}`
    const { data } = await barograph.get<{ data: { result: { value?: [number, string] }[] } }>(path)
    return Number(data.result[0]?.value?.[1] ?? NaN)
  }
  expect(await value('orders_total{service_name="checkout",region="eu"}')).toBe(3)
  expect(await value('http_server_request_duration_seconds_count')).toBe(1)
  expect(await value('sum(barograph_log_records_total{service_name="checkout"})')).toBe(1)
  for (const signal of ['metrics', 'logs', 'traces']) {
    const name = `barograph.collector.requests{receiver=otlp_grpc,signal=${signal},outcome=ok}`
    expect([signal, counts[name]]).toEqual([signal, 1])
  }
  expect(counts['barograph.collector.points{signal=traces}']).toBe(1)
  expect(Object.keys(counts).filter((name) => name.startsWith('barograph.collector.rejected'))).toEqual([])
})
