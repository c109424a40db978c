import type { Steps } from '#core/steps.ts'

import type { Catalogue } from '../normal/catalogue.ts'
import { booleanOf, listOf, numberOf, objectOf, objectsOf, textOf, timeOf } from './json-fields.ts'
import { parseJson } from './json.ts'
import { EMPTY, ENDED, type ExponentialBuckets, PLAIN, type Points } from './points.ts'
import type { JsonObject } from './to-json.ts'
import { METRIC_DATA, type MetricHeader, type Wire } from './wire.ts'

/** Points that are read in one step. */
const STEP = 2 ** 9

/** A value as it is read again later: nothing where there is none. */
function again(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : parseJson(bytes)
}

function numbersOf(value: unknown, name: string): number[] {
  return listOf(value, name).map((item) => numberOf(item, name) ?? 0)
}

/** OTLP/JSON. */
export const json: Wire = {
  unsigned: false,
  resource: again,
  scope: again,
  attributes: again,
  bounds: (bytes) => Float64Array.from(numbersOf(again(bytes), 'explicitBounds')),
  exemplar: again,
}

interface Common {
  readonly code: number
  readonly time_ms: number
  readonly start_ms: number
  readonly state: number
}

function bucketsOf(value: unknown, name: string): ExponentialBuckets {
  const object = objectOf(value, name) ?? {}
  return {
    offset: numberOf(object['offset'], 'offset') ?? 0,
    counts: numbersOf(object['bucketCounts'], 'bucketCounts'),
  }
}

/** The head of a metric; what its data has no use for is left out. */
export function treeHeader(
  object: JsonObject,
  data: MetricHeader['data'],
  { temporality, monotonic }: Pick<MetricHeader, 'temporality' | 'monotonic'>,
): MetricHeader {
  const isSum = data === 'sum'
  const timed = isSum || data === 'histogram' || data === 'exponentialHistogram'
  return {
    name: textOf(object['name'], 'name'),
    description: textOf(object['description'], 'description'),
    unit: textOf(object['unit'], 'unit'),
    data,
    temporality: timed ? temporality : 0,
    monotonic: monotonic && isSum,
  }
}

/** Reads an `ExportMetricsServiceRequest` in OTLP/JSON, parsed, into columns. */
export class TreeReader {
  readonly #points: Points
  readonly #catalogue: Catalogue
  #count = 0
  readonly #read: Readonly<Record<MetricHeader['data'], (point: JsonObject, metric: number) => number>>

  constructor(points: Points, catalogue: Catalogue) {
    this.#points = points
    this.#catalogue = catalogue
    this.#read = {
      gauge: (point, metric) => this.#number(point, metric),
      sum: (point, metric) => this.#number(point, metric),
      histogram: (point, metric) => this.#histogram(point, metric),
      exponentialHistogram: (point, metric) => this.#exponential(point, metric),
      summary: (point, metric) => this.#summary(point, metric),
    }
  }

  *request(tree: unknown): Steps<void> {
    for (const inResource of objectsOf(objectOf(tree, 'request')?.['resourceMetrics'], 'resourceMetrics')) {
      const { source, to } = this.#source(objectOf(inResource['resource'], 'resource'))
      const resource = this.#catalogue.resource(this.#points.sources[source]!, 0, to)
      this.#points.begin(resource)
      for (const inScope of objectsOf(inResource['scopeMetrics'], 'scopeMetrics')) {
        const owner = this.#catalogue.scopes ? this.#ownerOf(inScope, resource) : resource
        for (const object of objectsOf(inScope['metrics'], 'metrics')) yield* this.#metric(object, owner)
      }
    }
    this.#points.end()
  }

  /** The resource as the scope has it. */
  #ownerOf({ scope, schemaUrl }: JsonObject, resource: number): number {
    const { source, to } = this.#source({ scope, schemaUrl })
    return this.#catalogue.scope(this.#points.sources[source]!, 0, to, resource)
  }

  *#metric(object: JsonObject, resource: number): Steps<void> {
    const data = METRIC_DATA.find((name) => object[name] !== undefined && object[name] !== null)
    if (data === undefined) return
    const content = objectOf(object[data], data) ?? {}
    const header = treeHeader(object, data, {
      temporality: numberOf(content['aggregationTemporality'], 'aggregationTemporality') ?? 0,
      monotonic: booleanOf(content['isMonotonic'], 'isMonotonic'),
    })
    const { source, to } = this.#source(header)
    const metric = this.#catalogue.metric(this.#points.sources[source]!, 0, to, resource, () => ({ resource, header }))
    yield* this.points(content, data, metric)
  }

  /** The points of a metric that is known. */
  *points(content: JsonObject, data: MetricHeader['data'], metric: number): Steps<void> {
    for (const point of objectsOf(content['dataPoints'], 'dataPoints')) {
      if (++this.#count % STEP === 0) yield
      const code = this.#read[data](point, metric)
      for (const exemplar of objectsOf(point['exemplars'], 'exemplars')) {
        this.#points.exemplar({ code, from: 0, ...this.#source(exemplar) })
      }
    }
  }

  /** A value as text, to be found and read by its bytes. */
  #source(value: unknown): { source: number; to: number } {
    const bytes = value === undefined || value === null ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value))
    return { source: this.#points.source(bytes), to: bytes.length }
  }

  #common(point: JsonObject, metric: number): Common {
    const { source, to } = this.#source(point['attributes'])
    const alias = this.#catalogue.points.find(this.#points.sources[source]!, 0, to, metric)
    const flags = numberOf(point['flags'], 'flags') ?? 0
    return {
      code: alias >= 0 ? alias : this.#points.miss(source, 0, to, metric),
      start_ms: timeOf(point['startTimeUnixNano'], 'startTimeUnixNano'),
      time_ms: timeOf(point['timeUnixNano'], 'timeUnixNano'),
      state: flags % 2 === 1 ? ENDED : PLAIN,
    }
  }

  #number(point: JsonObject, metric: number): number {
    const { numbers } = this.#points
    const { code, time_ms, start_ms, state } = this.#common(point, metric)
    const value = numberOf(point['asDouble'], 'asDouble') ?? numberOf(point['asInt'], 'asInt')
    if (numbers.length === numbers.code.length) numbers.grow()
    const i = numbers.length++
    numbers.code[i] = code
    numbers.time_ms[i] = time_ms
    numbers.start_ms[i] = start_ms
    numbers.value[i] = value ?? NaN
    numbers.state[i] = value === undefined && state === PLAIN ? EMPTY : state
    return code
  }

  #histogram(point: JsonObject, metric: number): number {
    const { histograms } = this.#points
    const { code, time_ms, start_ms, state } = this.#common(point, metric)
    const count = numberOf(point['count'], 'count') ?? 0
    const bounds = numbersOf(point['explicitBounds'], 'explicitBounds')
    const counts = numbersOf(point['bucketCounts'], 'bucketCounts')
    // Of some only count and sum are known: all is in one bucket.
    const buckets = counts.length === 0 && bounds.length === 0 ? [count] : counts
    // As text: JSON has no infinite numbers, and these must be refused, not become 0.
    const { source, to } = this.#source(bounds.map(String))
    const i = histograms.length
    if (i + 1 >= histograms.code.length) histograms.grow()
    histograms.code[i] = code
    histograms.row[i] = -1
    histograms.time_ms[i] = time_ms
    histograms.start_ms[i] = start_ms
    histograms.count[i] = count
    histograms.sum[i] = numberOf(point['sum'], 'sum') ?? NaN
    histograms.state[i] = state
    histograms.source[i] = source
    histograms.from[i] = 0
    histograms.to[i] = to
    for (const [at, bucket] of buckets.entries()) histograms.bucket(bucket, at)
    histograms.start[i + 1] = histograms.start[i]! + buckets.length
    histograms.length = i + 1
    return code
  }

  #exponential(point: JsonObject, metric: number): number {
    const common = this.#common(point, metric)
    this.#points.exponentials.push({
      ...common,
      count: numberOf(point['count'], 'count') ?? 0,
      sum: numberOf(point['sum'], 'sum') ?? NaN,
      scale: numberOf(point['scale'], 'scale') ?? 0,
      zero_count: numberOf(point['zeroCount'], 'zeroCount') ?? 0,
      zero_threshold: numberOf(point['zeroThreshold'], 'zeroThreshold') ?? 0,
      positive: bucketsOf(point['positive'], 'positive'),
      negative: bucketsOf(point['negative'], 'negative'),
    })
    return common.code
  }

  #summary(point: JsonObject, metric: number): number {
    const common = this.#common(point, metric)
    this.#points.summaries.push({
      ...common,
      count: numberOf(point['count'], 'count') ?? 0,
      sum: numberOf(point['sum'], 'sum') ?? 0,
      quantiles: objectsOf(point['quantileValues'], 'quantileValues').map((item) => {
        return [numberOf(item['quantile'], 'quantile') ?? 0, numberOf(item['value'], 'value') ?? 0] as const
      }),
    })
    return common.code
  }
}

/** `ExportMetricsServiceRequest` in OTLP/JSON, parsed. Throws `ServiceError('bad_data')` where a type is wrong. */
export function readingMetricsTree(tree: unknown, points: Points, catalogue: Catalogue): Steps<void> {
  return new TreeReader(points, catalogue).request(tree)
}
