import { ServiceError } from '../errors.ts'
import { bucketCount } from '../exponential.ts'
import type { Log } from '../ports/log.ts'
import type { Counter } from '../ports/meter.ts'
import type { SeriesDefinition } from '../series.ts'
import type { StoreLimits } from './limits.ts'
import { ROW_LABELS_MAX } from './series-rows.ts'
import { BLOCK_BYTES_MAX } from './word-blocks.ts'

/** A value of so many characters fits a block, whatever they are. */
const VALUE_LENGTH_MAX = Math.floor(BLOCK_BYTES_MAX / 3)
/** Errors that are kept to be thrown again. */
const KEPT = 1024

type Limit =
  | 'series'
  | 'series_kept'
  | 'series_per_metric'
  | 'labels'
  | 'label_name_length'
  | 'label_value_length'
  | 'buckets'

/** Series that count against a limit, those that are silent taken out where it would be reached. */
export interface Counted {
  readonly kept: number
  readonly silent: () => number
  readonly keptOfMetric: () => number
  readonly silentOfMetric: () => number
}

const ATTRIBUTES: Readonly<Record<Limit, { readonly limit: Limit }>> = {
  series: { limit: 'series' },
  series_kept: { limit: 'series_kept' },
  series_per_metric: { limit: 'series_per_metric' },
  labels: { limit: 'labels' },
  label_name_length: { limit: 'label_name_length' },
  label_value_length: { limit: 'label_value_length' },
  buckets: { limit: 'buckets' },
}

/** Limits of new series. */
export class Admission {
  readonly #limits: StoreLimits
  readonly #refused: Counter
  readonly #log: Log
  /** By limit, then by what the message tells: of a flood only the first points cost an error each. */
  readonly #errors = new Map<Limit, Map<string | number, ServiceError>>()

  /** `refused` counts points whose new series a limit refuses; the first of each limit is logged. */
  constructor(limits: StoreLimits, refused: Counter, log: Log) {
    this.#log = log
    this.#limits = {
      ...limits,
      series_kept: Math.max(limits.series_kept, limits.series),
      labels: Math.min(limits.labels, ROW_LABELS_MAX),
      label_value_length: Math.min(limits.label_value_length, VALUE_LENGTH_MAX),
    }
    this.#refused = refused
  }

  /**
   * Throws `ServiceError('too_large')` with the name of the limit that refuses the series; the same object again for the same message.
   */
  admit(definition: SeriesDefinition, { kept, silent, keptOfMetric, silentOfMetric }: Counted): void {
    const limits = this.#limits
    const { labels } = definition
    if (labels.size > limits.labels) this.#refuse('labels', labels.size, () => `a series has ${labels.size} labels`)
    for (const [name, value] of labels) {
      if (name.length > limits.label_name_length) {
        this.#refuse('label_name_length', name.length, () => `a label name has ${name.length} characters`)
      }
      if (value.length > limits.label_value_length) {
        const key = `${name} ${value.length}`
        this.#refuse('label_value_length', key, () => `label ${name} has ${value.length} characters`)
      }
    }
    const buckets = bucketCount(definition)
    if (buckets > limits.buckets) this.#refuse('buckets', buckets, () => `a histogram has ${buckets} buckets`)
    if (kept >= limits.series_kept)
      this.#refuse('series_kept', 0, () => 'too many series have samples, ended ones included')
    if (kept >= limits.series && kept - silent() >= limits.series) {
      this.#refuse('series', 0, () => 'there are too many series')
    }
    const ofMetric = keptOfMetric()
    if (ofMetric >= limits.series_per_metric && ofMetric - silentOfMetric() >= limits.series_per_metric) {
      this.#refuse('series_per_metric', labels.name, () => `metric ${labels.name} has too many series`)
    }
  }
  /** `key`: equal where the message is. */
  #refuse(limit: Limit, key: string | number, what: () => string): never {
    this.#refused.add(1, ATTRIBUTES[limit])
    let errors = this.#errors.get(limit)
    if (errors === undefined) {
      this.#errors.set(limit, (errors = new Map()))
      const facts = { limit: `limits.${limit}`, value: this.#limits[limit], reason: what() }
      this.#log.warn('A new series was refused; its sender is told, and more of them are only counted.', facts)
    }
    let error = errors.get(key)
    if (error === undefined) {
      error = new ServiceError('too_large', `${what()}: limits.${limit} is ${this.#limits[limit]}`)
      if (errors.size >= KEPT) errors.clear()
      errors.set(key, error)
    }
    throw error
  }
}
