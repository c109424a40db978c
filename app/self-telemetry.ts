import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { HostMetrics } from '@opentelemetry/host-metrics'
import type { Resource } from '@opentelemetry/resources'
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { type CollectionResult, type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'

/** Our own OTLP receiver, and how often metrics go there. */
export interface SelfTarget {
  readonly url: string
  readonly interval_ms: number
}

interface SelfTelemetry {
  readonly resource: Resource
  /** The only one that the SDK knows: it would count for each apart, and not the same where one looks more often. */
  readonly reader: IMetricReader
  /** Reads with it. */
  readonly collect: () => Promise<CollectionResult>
  readonly self: SelfTarget
}

/**
 * Traces, logs and what `reader` reads of this process, to an OTLP receiver. In a file of its own because the whole SDK, with exporters
 * for everybody, takes 11 MB where it is loaded.
 */
export function startSelfTelemetry({ resource, reader, collect, self }: SelfTelemetry): { shutdown(): Promise<void> } {
  const toSelf = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${self.url}/v1/metrics` }),
    exportIntervalMillis: self.interval_ms,
    exportTimeoutMillis: Math.min(self.interval_ms, 10_000),
  })
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    instrumentations: [],
    metricReaders: [reader],
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${self.url}/v1/traces` }))],
    logRecordProcessors: [
      new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${self.url}/v1/logs` }) }),
    ],
  })
  sdk.start()
  new HostMetrics({ name: 'host-metrics' }).start()
  toSelf.setMetricProducer({ collect })
  return {
    shutdown: () => toSelf.shutdown().finally(() => sdk.shutdown()),
  }
}
