import type { MetricType } from '#core/series.ts'

import type { Naming } from '../naming/names.ts'
import type { MetricHeader } from '../wire/wire.ts'
import { labelValue } from './labels.ts'
import type { Reason } from './rejections.ts'

const DELTA = 1
const CUMULATIVE = 2

/** A metric as Prometheus knows it; `refused`: why none of its points is taken. */
export interface Translated {
  /** The base name: parts of a summary add `_sum` and `_count`. */
  readonly name: string
  readonly type: MetricType
  readonly unit: string
  readonly help: string
  readonly delta: boolean
  readonly refused: { readonly reason: Reason; readonly message: string } | undefined
}

function typeOf({ data, monotonic }: MetricHeader): MetricType {
  if (data === 'sum') return monotonic ? 'counter' : 'gauge'
  return data === 'exponentialHistogram' ? 'histogram' : data
}

function refusal(header: MetricHeader, name: string): Translated['refused'] {
  const shown = JSON.stringify(header.name.slice(0, 80))
  if (name === '') return { reason: 'name', message: `${shown} is no name for a metric` }
  const timed = header.data === 'sum' || header.data === 'histogram' || header.data === 'exponentialHistogram'
  if (timed && header.temporality !== DELTA && header.temporality !== CUMULATIVE) {
    return { reason: 'temporality', message: `${shown}: aggregation temporality ${header.temporality} is unknown` }
  }
  return undefined
}

export function translate(header: MetricHeader, naming: Naming): Translated {
  const type = typeOf(header)
  const named = type === 'counter' ? 'counter' : header.data === 'gauge' ? 'gauge' : 'other'
  const name = labelValue(naming.metric(header.name, header.unit, named))
  return {
    name,
    type,
    unit: header.unit.toWellFormed(),
    help: header.description.toWellFormed(),
    delta: header.temporality === DELTA,
    refused: refusal(header, name),
  }
}
