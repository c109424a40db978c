import { ServiceError } from '#core/errors.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '#core/series.ts'
import { formatBound } from '#core/store/histogram-row.ts'

import type {
  HistogramPoint,
  MetricHeader,
  MetricSink,
  NumberPoint,
  Point,
  Source,
  SummaryPoint,
} from '../wire/metric-sink.ts'
import type { Deltas } from './deltas.ts'
import { labelsOf } from './labels.ts'
import type { Reason, Rejections } from './rejections.ts'
import { type Known, type KnownMetric, type KnownResource, type SeriesCache, withTarget } from './series-cache.ts'
import { attributesOf } from './values.ts'

const NO_RECORDED_VALUE = 1
const NO_BOUNDS = new Float64Array(0)

/** Why a point is not taken; never leaves this file. */
class Refused extends Error {
  readonly reason: Reason

  constructor(reason: Reason, message: string) {
    const { stackTraceLimit } = Error
    // A body may hold millions of them, and where they come from is no secret.
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.reason = reason
  }
}

export interface NormalOptions {
  readonly writer: SeriesWriter
  readonly builder: SampleBuilder
  readonly cache: SeriesCache
  readonly deltas: Deltas
  readonly rejections: Rejections
}

function ascending(bounds: readonly number[]): boolean {
  return bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!))
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function isStale(point: Point): boolean {
  return (point.flags & NO_RECORDED_VALUE) !== 0
}

/** From points to columns: names, labels, checks, delta to cumulative. One for each request. */
export class NormalMetrics implements MetricSink {
  readonly #options: NormalOptions
  readonly #infos = new Map<KnownResource, number>()
  #resource: KnownResource | undefined
  #metric: KnownMetric | undefined

  constructor(options: NormalOptions) {
    this.#options = options
  }

  resource(source: Source): void {
    this.#resource = this.#options.cache.resource(source)
  }

  metric(header: MetricHeader): void {
    this.#metric = this.#resource && this.#options.cache.metric(this.#resource, header)
  }

  number(point: NumberPoint): void {
    this.#taking(point, (metric) => {
      const { builder, deltas } = this.#options
      const stale = isStale(point)
      const { value } = point
      if (value === undefined && !stale) throw new Refused('no_value', 'a point has no value')
      const known = this.#known(metric, point, point.attributes.key())
      if (known.id < 0) known.id = this.#resolve(metric, known.labels)
      if (!metric.delta || stale) {
        builder.float(known.id, point.time_ms, stale ? NaN : value!, stale)
        return
      }
      const running = this.#running(known, 1, '')
      if (!deltas.add(running, point, [value!])) throw new Refused('late_delta', 'a delta overlaps one before it')
      builder.float(known.id, point.time_ms, running.values[0]!)
    })
  }

  histogram(point: HistogramPoint): void {
    this.#taking(point, (metric) => {
      const { bounds } = point
      if (!ascending(bounds)) throw new Refused('bounds', 'the bounds of a histogram do not ascend, or are not finite')
      if (isStale(point)) return this.#staleHistogram(metric, point)
      const buckets = point.buckets.length === 0 && bounds.length === 0 ? [point.count] : point.buckets
      if (buckets.length !== bounds.length + 1) {
        throw new Refused('buckets', `a histogram has ${bounds.length} bounds and ${buckets.length} buckets`)
      }
      if (![point.count, ...buckets].every((count) => count >= 0 && count < Infinity)) {
        throw new Refused('buckets', 'a histogram counts below zero')
      }
      const known = this.#knownHistogram(metric, point)
      const { sum, count } = point
      if (!metric.delta) {
        return this.#options.builder.histogram({ series: known.id, time_ms: point.time_ms, sum, count, buckets })
      }
      const running = this.#running(known, buckets.length + 2, bounds.join(' '))
      if (!this.#options.deltas.add(running, point, [sum, count, ...buckets])) {
        throw new Refused('late_delta', 'a delta overlaps one before it')
      }
      const [sums, counts] = running.values
      this.#options.builder.histogram({
        series: known.id,
        time_ms: point.time_ms,
        sum: sums!,
        count: counts!,
        buckets: running.values.subarray(2),
      })
    })
  }

  exponential(point: Point): void {
    this.#taking(point, () => {})
  }

  summary(point: SummaryPoint): void {
    this.#taking(point, (metric) => {
      const { builder } = this.#options
      const known = this.#known(metric, point, point.attributes.key())
      const parts = (known.parts ??= new Map())
      if (isStale(point)) {
        for (const id of parts.values()) builder.float(id, point.time_ms, NaN, true)
        return
      }
      const { name } = metric
      const { labels } = known
      const part = (key: string, make: () => Labels): SeriesId => {
        let id = parts.get(key)
        if (id === undefined) {
          id = this.#resolve(metric, make())
          parts.set(key, id)
        }
        return id
      }
      const sum = part('_sum', () => labels.with(METRIC_NAME, `${name}_sum`))
      const count = part('_count', () => labels.with(METRIC_NAME, `${name}_count`))
      const quantiles = point.quantiles.map(([quantile, value]) => {
        const text = formatBound(quantile)
        return [part(text, () => labels.with('quantile', text)), value] as const
      })
      builder.float(sum, point.time_ms, point.sum)
      builder.float(count, point.time_ms, point.count)
      for (const [id, value] of quantiles) builder.float(id, point.time_ms, value)
    })
  }

  /** After the last point: one `target_info` for each resource that had some. */
  finish(): void {
    const { builder } = this.#options
    for (const [resource, newest_ms] of this.#infos) {
      if (resource.info === undefined) continue
      const definition = { type: 'gauge', unit: '', help: 'Target metadata', kind: 'float', bounds: NO_BOUNDS } as const
      try {
        builder.float(this.#options.writer.resolve({ ...definition, labels: resource.info }), newest_ms, 1)
      } catch (error) {
        // The store has counted it, and the points themselves are in.
        if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
      }
    }
  }

  #taking(point: Point, take: (metric: KnownMetric) => void): void {
    const resource = this.#resource
    const metric = this.#metric
    if (resource === undefined || metric === undefined) return
    try {
      if (metric.refused !== undefined) throw new Refused(metric.refused.reason, metric.refused.message)
      if (Number.isNaN(point.time_ms)) throw new Refused('bad_time', 'the time of a point lies beyond every calendar')
      if (point.time_ms <= 0) throw new Refused('no_time', 'a point has no time')
      take(metric)
      const newest_ms = this.#infos.get(resource)
      if (newest_ms === undefined || newest_ms < point.time_ms) this.#infos.set(resource, point.time_ms)
    } catch (error) {
      if (error instanceof Refused) this.#options.rejections.add(error.reason, error.message)
      else if (error instanceof ServiceError && error.code === 'too_large') {
        this.#options.rejections.add('limit', error.message)
      } else if (error instanceof ServiceError && error.code === 'bad_data') {
        this.#options.rejections.add('attributes', error.message)
      } else throw error
    }
  }

  #known(metric: KnownMetric, point: Point, key: string): Known {
    const cached = metric.series.get(key)
    if (cached !== undefined) return cached
    const own = labelsOf(attributesOf(point.attributes.read()))
    if (own === undefined) throw new Refused('attributes', 'the key of an attribute has no form as a label')
    const labels = Labels.of(withTarget(own, this.#resource!, metric.name))
    const known: Known = { labels, id: -1, width: 0, parts: undefined, running: undefined, newest: undefined }
    // Only what the store takes is worth remembering: `resolve` throws before that.
    if (metric.type !== 'histogram' && metric.type !== 'summary') known.id = this.#resolve(metric, labels)
    this.#options.cache.add(metric, key, known)
    return known
  }

  #knownHistogram(metric: KnownMetric, point: HistogramPoint): Known {
    const attributes = point.attributes.key()
    const newest = metric.series.get(attributes)?.newest
    // Bounds seldom change, and a key of them costs more than all else here.
    if (newest !== undefined && sameNumbers(newest.bounds, point.bounds)) return newest.row
    const known = this.#known(metric, point, attributes)
    const row = this.#rowOf(metric, known, { bounds: point.bounds, attributes })
    known.newest = { bounds: [...point.bounds], row }
    return row
  }

  #rowOf(
    metric: KnownMetric,
    known: Known,
    { bounds, attributes }: { readonly bounds: readonly number[]; readonly attributes: string },
  ): Known {
    const key = `${bounds.join(' ')}|${attributes}`
    const cached = metric.series.get(key)
    if (cached !== undefined) return cached
    const id = this.#resolve(metric, known.labels, Float64Array.from(bounds))
    const row: Known = { ...known, id, width: bounds.length + 1, running: undefined, newest: undefined }
    this.#options.cache.add(metric, key, row)
    return row
  }

  /** The end of a histogram is told without bounds: it ends the row last seen; where none was, there is nothing to end. */
  #staleHistogram(metric: KnownMetric, point: HistogramPoint): void {
    const row = metric.series.get(point.attributes.key())?.newest?.row
    if (row === undefined) return
    const nothing = { sum: NaN, count: 0, buckets: new Float64Array(row.width), stale: true }
    this.#options.builder.histogram({ series: row.id, time_ms: point.time_ms, ...nothing })
  }

  #resolve({ type, unit, help }: KnownMetric, labels: Labels, bounds?: Float64Array): SeriesId {
    const kind: SeriesDefinition['kind'] = bounds === undefined ? 'float' : 'histogram'
    return this.#options.writer.resolve({ labels, type, unit, help, kind, bounds: bounds ?? NO_BOUNDS })
  }

  #running(known: Known, width: number, bounds: string): NonNullable<Known['running']> {
    if (known.running?.kept !== true) {
      known.running = this.#options.deltas.of(
        `${bounds}|${known.labels.key}`,
        width,
        this.#options.writer.newest(known.id),
      )
    }
    return known.running
  }
}
