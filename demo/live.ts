import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Histogram, type Tracer } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'

import { seeded, type Random } from '#core/random.ts'

import { BOUNDS, resourceOf } from './history.ts'
import { duration_ms, type Fault, load, median_ms, type Service, SERVICES } from './shop.ts'

const EXPORT_EVERY_MS = 5000
const TRACES_A_SECOND = 3
const SLOW_MS = 100

/** One service with its own OpenTelemetry SDK, as if it were a process of its own. */
class Instrumented {
  readonly #service: Service
  readonly #meters: MeterProvider
  readonly #tracers: BasicTracerProvider
  readonly #loggers: LoggerProvider
  readonly #durations: Histogram
  readonly tracer: Tracer
  readonly #random: Random

  constructor(service: Service, url: string, random: Random) {
    const resource = resourceFromAttributes(resourceOf(service.name))
    this.#service = service
    this.#random = random
    const exporter = new OTLPMetricExporter({ url: `${url}/v1/metrics` })
    this.#meters = new MeterProvider({
      resource,
      readers: [
        new PeriodicExportingMetricReader({
          exporter,
          exportIntervalMillis: EXPORT_EVERY_MS,
          exportTimeoutMillis: EXPORT_EVERY_MS,
        }),
      ],
    })
    this.#tracers = new BasicTracerProvider({
      resource,
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` }))],
    })
    this.#loggers = new LoggerProvider({
      resource,
      processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs` }) })],
    })
    this.#durations = this.#meters
      .getMeter('shop')
      .createHistogram('http.server.request.duration', { unit: 's', advice: { explicitBucketBoundaries: BOUNDS } })
    this.tracer = this.#tracers.getTracer('shop')
  }

  /** A second of requests. */
  serve(requests: number, fault: Fault | undefined): void {
    const attributes = {
      'http.request.method': 'GET',
      'http.route': this.#service.route,
      'http.response.status_code': 200,
    }
    const median = median_ms(this.#service.name, fault)
    // The fraction of a request is a chance, so that the rate is right in the mean.
    for (let left = requests; left > this.#random(); left--)
      this.#durations.record(duration_ms(median, this.#random) / 1000, attributes)
    if (fault?.service === this.#service.name) this.#complain(duration_ms(median, this.#random))
    else if (this.#random() < 0.2)
      this.#log(SeverityNumber.INFO, 'INFO', `served ${Math.round(requests)} requests in the last second`)
  }

  #complain(took_ms: number): void {
    if (took_ms > SLOW_MS)
      this.#log(
        SeverityNumber.ERROR,
        'ERROR',
        `statement took ${Math.round(took_ms)} ms: sequential scan on charges, index charges_by_order is missing`,
      )
  }

  #log(severityNumber: SeverityNumber, severityText: string, body: string): void {
    this.#loggers.getLogger('shop').emit({ severityNumber, severityText, body })
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.#meters.shutdown(), this.#tracers.shutdown(), this.#loggers.shutdown()])
  }
}

/** The shop in real time: metrics, traces and logs of every service, to an OTLP/HTTP receiver. */
export class LiveShop {
  readonly #services: ReadonlyMap<string, Instrumented>
  readonly #random = seeded(7)
  readonly #begin_ms: number
  fault: Fault | undefined

  constructor(url: string, begin_ms: number) {
    this.#begin_ms = begin_ms
    this.#services = new Map(SERVICES.map((service) => [service.name, new Instrumented(service, url, this.#random)]))
  }

  /** The seconds between the end of the history and now: requests that were served while it was written. */
  catchUp(now_ms: number): void {
    for (let time_ms = this.#begin_ms + 1000; time_ms <= now_ms; time_ms += 1000) this.#serve(time_ms)
  }

  /** What happens in the second that ends at `time_ms`. */
  second(time_ms: number): void {
    this.#serve(time_ms)
    for (let i = 0; i < TRACES_A_SECOND; i++) this.#request('storefront', time_ms - 900 + i * 100, ROOT_CONTEXT)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#services.values()].map((service) => service.stop()))
  }

  #serve(time_ms: number): void {
    const rps = load(time_ms, this.#begin_ms)
    for (const { name, share } of SERVICES) this.#services.get(name)!.serve(rps * share, this.fault)
  }

  /** One request as a trace: a server span, and a client span around each call. Returns when it ended. */
  #request(name: string, start_ms: number, parent: typeof ROOT_CONTEXT): number {
    const service = SERVICES.find((one) => one.name === name)!
    const { tracer } = this.#services.get(name)!
    const server = tracer.startSpan(`GET ${service.route}`, { kind: SpanKind.SERVER, startTime: start_ms }, parent)
    const inside = trace.setSpan(parent, server)
    let now =
      start_ms + duration_ms(service.own_ms * (this.fault?.service === name ? this.fault.factor : 1), this.#random)
    for (const callee of service.calls) {
      const client = tracer.startSpan(
        `GET ${callee}`,
        { kind: SpanKind.CLIENT, startTime: now, attributes: { 'server.address': callee } },
        inside,
      )
      now = this.#request(callee, now, trace.setSpan(inside, client))
      client.end(now)
    }
    if (now - start_ms > 5000) server.setStatus({ code: SpanStatusCode.ERROR })
    server.end(now)
    return now
  }
}
