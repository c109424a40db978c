import { type Labels, METRIC_NAME, type SeriesId } from '#core/series.ts'

import type { MetricHeader, Source } from '../wire/metric-sink.ts'
import type { Running } from './deltas.ts'
import { translate, type Translated } from './metric-names.ts'
import { type ResourceLabels, resourceLabels } from './resource.ts'

/** What one set of attributes stands for. */
export interface Known {
  /** Complete, with the metric's base name. */
  readonly labels: Labels
  /** Of the number or the histogram; of a summary its parts by label or suffix. */
  id: SeriesId
  width: number
  parts: Map<string, SeriesId> | undefined
  running: Running | undefined
  /** Of a histogram: the row seen last. */
  newest: { readonly bounds: readonly number[]; readonly row: Known } | undefined
}

export interface KnownMetric extends Translated {
  /** By key of attributes (and bounds). */
  readonly series: Map<string, Known>
}

export interface KnownResource extends ResourceLabels {
  readonly metrics: Map<string, KnownMetric>
}

/** What an entry costs beside its key, roughly, in bytes. */
const ENTRY_BYTES = 400

/**
 * Answers found before: senders repeat themselves, so of most points only the bytes of their attributes are looked at. What is
 * cached never changes an answer, and all of it goes when it grows beyond the limit.
 */
export class SeriesCache {
  readonly #limit_bytes: number
  readonly #resources = new Map<string, KnownResource>()
  #bytes = 0

  constructor(limit_bytes: number) {
    this.#limit_bytes = limit_bytes
  }

  clear(): void {
    this.#resources.clear()
    this.#bytes = 0
  }

  /** To be called between requests. */
  trim(): void {
    if (this.#bytes > this.#limit_bytes) this.clear()
  }

  /** Throws `ServiceError('bad_data')` where the resource cannot be read. */
  resource(source: Source): KnownResource {
    const key = source.key()
    let known = this.#resources.get(key)
    if (known === undefined) {
      known = { ...resourceLabels(source.read()), metrics: new Map() }
      this.#resources.set(key, known)
      this.#bytes += key.length * 2 + ENTRY_BYTES
    }
    return known
  }

  metric(resource: KnownResource, header: MetricHeader): KnownMetric {
    const key = `${header.data}${header.temporality}${header.monotonic ? 'm' : ''}\n${header.unit}\n${header.name}`
    let known = resource.metrics.get(key)
    if (known === undefined || known.help !== header.description) {
      known = { ...translate(header), series: new Map() }
      resource.metrics.set(key, known)
      this.#bytes += (key.length + header.description.length) * 2 + ENTRY_BYTES
    }
    return known
  }

  add(metric: KnownMetric, key: string, known: Known): void {
    metric.series.set(key, known)
    this.#bytes += key.length * 2 + ENTRY_BYTES
  }
}

/** Labels of a point: its own, those of the resource that it lacks, target and name above all. */
export function withTarget(own: Map<string, string>, resource: ResourceLabels, name: string): Map<string, string> {
  const labels = new Map(own)
  for (const [label, value] of resource.promoted) if (!labels.has(label)) labels.set(label, value)
  for (const [label, value] of resource.target) labels.set(label, value)
  labels.set(METRIC_NAME, name)
  return labels
}
