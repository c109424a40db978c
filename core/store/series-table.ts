import { assert } from '../assert.ts'
import { ServiceError } from '../errors.ts'
import type { Counter } from '../ports/meter.ts'
import type { MetricMetadata } from '../ports/series-reader.ts'
import { type Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '../series.ts'
import { partNames } from './histogram-row.ts'
import { LabelIndex } from './label-index.ts'
import type { StoreLimits } from './limits.ts'

function sameBounds(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

/** What a row is found by: a histogram has the three names of its expansion. */
function* indexed({ labels, kind }: SeriesDefinition): Iterable<readonly [string, string]> {
  for (const pair of labels) if (kind === 'float' || pair[0] !== METRIC_NAME) yield pair
  if (kind === 'histogram') for (const name of partNames(labels.name)) yield [METRIC_NAME, name]
}

/** Who the series are: ids by label set, definitions by id, the label index, limits. Ids count from 0 and stay. */
export class SeriesTable {
  readonly #limits: StoreLimits
  readonly #refused: Counter
  readonly #floats = new Map<string, SeriesId>()
  /** Rows of one label set differ in their bounds. */
  readonly #histograms = new Map<string, SeriesId[]>()
  readonly #definitions: SeriesDefinition[] = []
  readonly #active: boolean[] = []
  readonly #perMetric = new Map<string, number>()
  readonly #metadata = new Map<string, MetricMetadata>()
  readonly #index = new LabelIndex()

  /** `refused` counts points whose new series a limit refuses. */
  constructor(limits: StoreLimits, refused: Counter) {
    this.#limits = limits
    this.#refused = refused
  }

  /** Ids given so far. */
  get length(): number {
    return this.#definitions.length
  }

  get index(): LabelIndex {
    return this.#index
  }

  /** The id of a known series. */
  find({ labels, kind, bounds }: SeriesDefinition): SeriesId | undefined {
    if (kind === 'float') return this.#floats.get(labels.key)
    return this.#histograms.get(labels.key)?.find((id) => sameBounds(this.#definitions[id]!.bounds, bounds))
  }

  /** A new series. Throws `ServiceError('too_large')` with the name of the limit that refuses it. */
  add(definition: SeriesDefinition): SeriesId {
    this.#admit(definition)
    return this.restore(definition, true)
  }

  /** A series without asking limits: it was admitted before. */
  restore(definition: SeriesDefinition, active: boolean): SeriesId {
    const { labels, kind, bounds } = definition
    const id = this.#definitions.length
    this.#definitions.push(kind === 'float' ? definition : { ...definition, bounds: bounds.slice() })
    this.#active.push(false)
    if (kind === 'float') this.#floats.set(labels.key, id)
    else {
      const rows = this.#histograms.get(labels.key)
      if (rows === undefined) this.#histograms.set(labels.key, [id])
      else rows.push(id)
    }
    if (!this.#metadata.has(labels.name)) {
      const { type, unit, help } = definition
      this.#metadata.set(labels.name, { name: labels.name, type, unit, help })
    }
    if (active) this.activate(id)
    return id
  }

  definition(id: SeriesId): SeriesDefinition {
    const definition = this.#definitions[id]
    assert(definition !== undefined, `series ${id} was never resolved`)
    return definition
  }

  isActive(id: SeriesId): boolean {
    return this.#active[id]!
  }

  /** A series that has samples, or was just made: it is found, and counts against the limits. */
  activate(id: SeriesId): void {
    if (this.#active[id]!) return
    this.#active[id] = true
    const definition = this.definition(id)
    this.#count(definition.labels, 1)
    this.#index.add(id, indexed(definition))
  }

  /** A series that has no samples any more: its id stays known, it counts for nothing. */
  retire(id: SeriesId): void {
    if (!this.#active[id]!) return
    this.#active[id] = false
    const definition = this.definition(id)
    this.#count(definition.labels, -1)
    this.#index.remove(id, indexed(definition))
  }

  /** By metric name. */
  metadata(): MetricMetadata[] {
    return [...this.#metadata.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  #count({ name }: Labels, change: number): void {
    const count = (this.#perMetric.get(name) ?? 0) + change
    if (count === 0) this.#perMetric.delete(name)
    else this.#perMetric.set(name, count)
  }

  #admit({ labels, bounds }: SeriesDefinition): void {
    const limits = this.#limits
    if (labels.size > limits.labels) this.#refuse('labels', `a series has ${labels.size} labels`)
    for (const [name, value] of labels) {
      if (name.length > limits.label_name_length) {
        this.#refuse('label_name_length', `a label name has ${name.length} characters`)
      }
      if (value.length > limits.label_value_length) {
        this.#refuse('label_value_length', `label ${name} has ${value.length} characters`)
      }
    }
    if (bounds.length >= limits.buckets) this.#refuse('buckets', `a histogram has ${bounds.length + 1} buckets`)
    if (this.#index.size >= limits.series) this.#refuse('series', 'there are too many series')
    if ((this.#perMetric.get(labels.name) ?? 0) >= limits.series_per_metric) {
      this.#refuse('series_per_metric', `metric ${labels.name} has too many series`)
    }
  }

  #refuse(limit: keyof StoreLimits, what: string): never {
    this.#refused.add(1, { limit })
    throw new ServiceError('too_large', `${what}: limits.${limit} is ${this.#limits[limit]}`)
  }
}
