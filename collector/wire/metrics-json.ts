import { booleanOf, listOf, numberOf, objectOf, objectsOf, textOf, timeOf } from './json-fields.ts'
import { METRIC_DATA, type MetricHeader, type MetricSink, type Point, type Source } from './metric-sink.ts'
import type { JsonObject } from './to-json.ts'

function sourceOf(value: unknown): Source {
  return { key: () => `j${JSON.stringify(value)}`, read: () => value }
}

function pointOf(point: JsonObject): Point {
  return {
    attributes: sourceOf(point['attributes']),
    start_ms: timeOf(point['startTimeUnixNano'], 'startTimeUnixNano'),
    time_ms: timeOf(point['timeUnixNano'], 'timeUnixNano'),
    flags: numberOf(point['flags'], 'flags') ?? 0,
  }
}

function numbersOf(value: unknown, name: string): number[] {
  return listOf(value, name).map((item) => numberOf(item, name) ?? 0)
}

function valueOf(point: JsonObject): number | undefined {
  return numberOf(point['asDouble'], 'asDouble') ?? numberOf(point['asInt'], 'asInt')
}

const EMIT: Readonly<Record<MetricHeader['data'], (sink: MetricSink, point: JsonObject) => void>> = {
  gauge: (sink, point) => sink.number({ ...pointOf(point), value: valueOf(point) }),
  sum: (sink, point) => sink.number({ ...pointOf(point), value: valueOf(point) }),
  histogram(sink, point) {
    sink.histogram({
      ...pointOf(point),
      count: numberOf(point['count'], 'count') ?? 0,
      sum: numberOf(point['sum'], 'sum') ?? NaN,
      bounds: numbersOf(point['explicitBounds'], 'explicitBounds'),
      buckets: numbersOf(point['bucketCounts'], 'bucketCounts'),
    })
  },
  exponentialHistogram: (sink, point) => sink.exponential(pointOf(point)),
  summary(sink, point) {
    sink.summary({
      ...pointOf(point),
      count: numberOf(point['count'], 'count') ?? 0,
      sum: numberOf(point['sum'], 'sum') ?? 0,
      quantiles: objectsOf(point['quantileValues'], 'quantileValues').map((item) => {
        return [numberOf(item['quantile'], 'quantile') ?? 0, numberOf(item['value'], 'value') ?? 0] as const
      }),
    })
  },
}

function metric(object: JsonObject, sink: MetricSink): void {
  const data = METRIC_DATA.find((name) => object[name] !== undefined && object[name] !== null)
  if (data === undefined) return
  const content = objectOf(object[data], data) ?? {}
  const isSum = data === 'sum'
  const timed = isSum || data === 'histogram' || data === 'exponentialHistogram'
  const temporality = numberOf(content['aggregationTemporality'], 'aggregationTemporality') ?? 0
  sink.metric({
    name: textOf(object['name'], 'name'),
    description: textOf(object['description'], 'description'),
    unit: textOf(object['unit'], 'unit'),
    data,
    temporality: timed ? temporality : 0,
    monotonic: booleanOf(content['isMonotonic'], 'isMonotonic') && isSum,
  })
  for (const point of objectsOf(content['dataPoints'], 'dataPoints')) EMIT[data](sink, point)
}

/** `ExportMetricsServiceRequest` in OTLP/JSON, parsed. Throws `ServiceError('bad_data')` where a type is wrong. */
export function readMetricsJson(request: unknown, sink: MetricSink): void {
  for (const inResource of objectsOf(objectOf(request, 'request')?.['resourceMetrics'], 'resourceMetrics')) {
    const resource = objectOf(inResource['resource'], 'resource')
    sink.resource(sourceOf(resource))
    for (const inScope of objectsOf(inResource['scopeMetrics'], 'scopeMetrics')) {
      for (const object of objectsOf(inScope['metrics'], 'metrics')) metric(object, sink)
    }
  }
}
