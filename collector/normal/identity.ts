import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { Labels, type SeriesDefinition, type SeriesId } from '#core/series.ts'

import type { Points } from '../wire/points.ts'
import { bytesOf, type Catalogue, type KnownMetric, NO_SERIES, withTarget } from './catalogue.ts'
import { labelsOf } from './labels.ts'
import { Refused } from './refused.ts'
import { attributesOf } from './values.ts'

const NO_BOUNDS = new Float64Array(0)
const NO_ALIASES = new Int32Array(0)

/** Who the points of a request are: from their codes to series of the store. */
export class Identity {
  readonly catalogue: Catalogue
  readonly #points: Points
  readonly #writer: SeriesWriter
  /** By index of a miss: its alias, once it has one. */
  #aliases = NO_ALIASES

  constructor(points: Points, catalogue: Catalogue, writer: SeriesWriter) {
    this.#points = points
    this.catalogue = catalogue
    this.#writer = writer
    if (points.misses > 0) this.#aliases = new Int32Array(points.misses).fill(-1)
  }

  metric(code: number): KnownMetric {
    const number = code >= 0 ? this.catalogue.points.contextOf(code) : this.#points.missMetric[-1 - code]!
    return this.catalogue.knownMetric(number)
  }

  /** The alias of a code; -1 where it has none yet (`keep` gives one). */
  alias(code: number): number {
    if (code >= 0) return code
    const miss = -1 - code
    const known = this.#aliases[miss]!
    if (known >= 0) return known
    const { view, from, to, metric } = this.#missing(miss)
    // A new series may come more than once in a request.
    const alias = this.catalogue.points.find(view, from, to, metric)
    this.#aliases[miss] = alias
    return alias
  }

  /** Remembers the attributes of a code. -1 where they are too long for that. */
  keep(code: number): number {
    const known = this.alias(code)
    if (known >= 0) return known
    const miss = -1 - code
    const { view, from, to, metric } = this.#missing(miss)
    const alias = this.catalogue.addPoint(view, from, to, metric)
    this.#aliases[miss] = alias
    return alias
  }

  /** All labels of a point, read from its attributes. Throws `Refused`, or `ServiceError('bad_data')`. */
  labels(code: number): Labels {
    const metric = this.metric(code)
    const { wire, naming } = this.catalogue
    const own = labelsOf(attributesOf(wire.attributes(this.#attributes(code), metric.data)), naming)
    if (own === undefined) throw new Refused('attributes', 'the key of an attribute has no form as a label')
    return Labels.of(withTarget(own, metric.resource, metric.name))
  }

  /** The series of a number. Throws as `labels` and `SeriesWriter.resolve` do. */
  number(code: number): SeriesId {
    const alias = this.alias(code)
    const metric = this.metric(code)
    if (metric.delta) return this.part(code, '', () => ({ labels: this.labels(code) }))
    if (alias >= 0 && this.catalogue.series[alias] !== NO_SERIES) return this.catalogue.series[alias]!
    const id = this.resolve(metric, { labels: this.labels(code) })
    // Only what the store takes is worth remembering: `resolve` throws before that.
    const kept = this.keep(code)
    if (kept >= 0) this.catalogue.series[kept] = id
    return id
  }

  /** One of several series of a code, made when new. */
  part(
    code: number,
    key: string,
    make: () => { readonly labels: Labels; readonly kind?: SeriesDefinition['kind']; readonly bounds?: Float64Array },
  ): SeriesId {
    const alias = this.alias(code)
    const known = alias < 0 ? undefined : this.catalogue.parts.get(alias)?.get(key)
    if (known !== undefined) return known
    const id = this.resolve(this.metric(code), make())
    const kept = this.keep(code)
    if (kept >= 0) this.catalogue.partsOf(kept).set(key, id)
    return id
  }

  /** The start of a code that needs no looking at; 0 of none. */
  started(code: number, start_ms: number): void {
    const alias = this.alias(code)
    if (alias >= 0) this.catalogue.start_ms[alias] = start_ms
  }

  resolve(
    { type, unit, help }: KnownMetric,
    what: { readonly labels: Labels; readonly kind?: SeriesDefinition['kind']; readonly bounds?: Float64Array },
  ): SeriesId {
    const { labels, kind = 'float', bounds = NO_BOUNDS } = what
    return this.#writer.resolve({ labels, type, unit, help, kind, bounds })
  }

  #missing(miss: number): { view: DataView; from: number; to: number; metric: number } {
    const { sources, missSource, missFrom, missTo, missMetric } = this.#points
    return {
      view: sources[missSource[miss]!]!,
      from: missFrom[miss]!,
      to: missTo[miss]!,
      metric: missMetric[miss]!,
    }
  }

  #attributes(code: number): Uint8Array {
    if (code < 0) {
      const { view, from, to } = this.#missing(-1 - code)
      return bytesOf(view, from, to)
    }
    const { view, start, end } = this.catalogue.points.keyOf(code)
    return bytesOf(view, start, end)
  }
}
