import { ValueType } from '@opentelemetry/api'
import { millisToHrTime } from '@opentelemetry/core'
import { emptyResource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type HistogramMetricData,
  type MetricDescriptor,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics'

import type { Histogram } from '#core/ports/meter.ts'

import { type Attributes, ByAttributes } from './by-attributes.ts'

/** What was recorded with one set of attributes. */
class Cell {
  readonly #attributes: Attributes
  readonly #began_ms: number
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0
  #min = Infinity
  #max = -Infinity

  constructor(bounds: readonly number[], attributes: Attributes, began_ms: number) {
    this.#bounds = bounds
    this.#attributes = attributes
    this.#began_ms = began_ms
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  add(value: number): void {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#sum += value
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  point(now_ms: number): HistogramMetricData['dataPoints'][number] {
    const counts = [...this.#counts]
    const value = {
      buckets: { boundaries: [...this.#bounds], counts },
      count: counts.reduce((sum, one) => sum + one, 0),
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
    }
    const [startTime, endTime] = [millisToHrTime(this.#began_ms), millisToHrTime(now_ms)]
    return { startTime, endTime, attributes: this.#attributes, value }
  }
}

/** Histograms that are counted here and read with the metrics of the SDK, for the reason that `ByAttributes` gives. */
export class Distributions implements MetricProducer {
  readonly #scope: string
  readonly #now_ms: () => number
  readonly #all = new Map<string, { readonly descriptor: MetricDescriptor; readonly cells: ByAttributes<Cell> }>()

  /** `now_ms`: wall clock, as the SDK has it. */
  constructor(scope: string, now_ms: () => number) {
    this.#scope = scope
    this.#now_ms = now_ms
  }

  /** One of that name; the same where it is asked for again. `bounds` ascend. */
  histogram(descriptor: Omit<MetricDescriptor, 'valueType'>, bounds: readonly number[]): Histogram {
    const known = this.#all.get(descriptor.name)
    const cells = known?.cells ?? new ByAttributes((attributes) => new Cell(bounds, attributes, this.#now_ms()))
    if (known === undefined) {
      this.#all.set(descriptor.name, { descriptor: { ...descriptor, valueType: ValueType.DOUBLE }, cells })
    }
    return { record: (value, attributes) => cells.of(attributes).add(value) }
  }

  async collect(): Promise<CollectionResult> {
    const now_ms = this.#now_ms()
    const metrics = [...this.#all.values()]
      .map(({ descriptor, cells }): HistogramMetricData => {
        const dataPoints = Array.from(cells.cells(), (cell) => cell.point(now_ms))
        const aggregationTemporality = AggregationTemporality.CUMULATIVE
        return { descriptor, aggregationTemporality, dataPointType: DataPointType.HISTOGRAM, dataPoints }
      })
      .filter(({ dataPoints }) => dataPoints.length > 0)
    const scopeMetrics = metrics.length === 0 ? [] : [{ scope: { name: this.#scope }, metrics }]
    return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] }
  }
}
