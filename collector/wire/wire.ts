export const METRIC_DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const

export interface MetricHeader {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly data: (typeof METRIC_DATA)[number]
  /** 0 unspecified, 1 delta, 2 cumulative; 0 where the data has none. */
  readonly temporality: number
  readonly monotonic: boolean
}

/** How an encoding writes what is read only when it is new. Everything comes in the form of OTLP/JSON, unchecked. */
export interface Wire {
  /** Counts have no sign: none is below zero, or infinite. */
  readonly unsigned: boolean
  /** Throws `ServiceError('bad_data')` for what is malformed, as the others do. */
  resource(bytes: Uint8Array): unknown
  /** `ScopeMetrics` without its metrics. */
  scope(bytes: Uint8Array): unknown
  /** The list of attributes of a point of this kind. */
  attributes(bytes: Uint8Array, data: MetricHeader['data']): unknown
  bounds(bytes: Uint8Array): Float64Array
  exemplar(bytes: Uint8Array): unknown
}
