import { fnv1a64 } from './hash.ts'

/** A small integer inside the process; outside, a series is its labels or their fingerprint. */
export type SeriesId = number

export const METRIC_NAME = '__name__'

const byName = (a: readonly [string, string], b: readonly [string, string]): number => (a[0] < b[0] ? -1 : 1)

/** A label set: sorted by name, names unique, empty values left out (Prometheus: absent = empty). Immutable. */
export class Labels implements Iterable<readonly [string, string]> {
  static readonly empty = new Labels([])

  readonly #pairs: readonly (readonly [string, string])[]
  #key: string | undefined
  #fingerprint: string | undefined

  private constructor(sorted: readonly (readonly [string, string])[]) {
    this.#pairs = sorted
  }

  /** From a record or from pairs in any order; of a name given twice the last wins. */
  static of(source: Readonly<Record<string, string>> | Iterable<readonly [string, string]>): Labels {
    const pairs = new Map(Symbol.iterator in source ? source : Object.entries(source as Record<string, string>))
    const sorted = [...pairs].filter(([, value]) => value !== '').toSorted(byName)
    return sorted.length === 0 ? Labels.empty : new Labels(sorted)
  }

  /** From pairs that are in order, unique and not empty already: nothing is looked at. */
  static sorted(pairs: readonly (readonly [string, string])[]): Labels {
    return pairs.length === 0 ? Labels.empty : new Labels(pairs)
  }

  /** The value, or '' where the label is absent. */
  get(name: string): string {
    for (const pair of this.#pairs) if (pair[0] === name) return pair[1]
    return ''
  }

  has(name: string): boolean {
    return this.get(name) !== ''
  }

  get size(): number {
    return this.#pairs.length
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#pairs[Symbol.iterator]()
  }

  /** The metric name, or ''. */
  get name(): string {
    return this.get(METRIC_NAME)
  }

  with(name: string, value: string): Labels {
    return Labels.of([...this.#pairs, [name, value]])
  }

  /** These labels, those of `other` winning. */
  merge(other: Iterable<readonly [string, string]>): Labels {
    return Labels.of([...this.#pairs, ...other])
  }

  keep(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => names.has(name))
  }

  drop(...names: readonly string[]): Labels {
    return this.#filter((name) => !names.includes(name))
  }

  /** Canonical text, fit as a Map key: equal if and only if the label sets are equal. */
  get key(): string {
    this.#key ??= this.#pairs.map(([name, value]) => `${name}\u0000${value}`).join('\u0001')
    return this.#key
  }

  /** As Alertmanager computes it: FNV-1a 64 over the sorted labels, 16 hex digits. */
  get fingerprint(): string {
    this.#fingerprint ??= fnv1a64(this.#pairs.flat())
    return this.#fingerprint
  }

  /** Below 0 where these come first: pair by pair, by name, then by value, the shorter first. As the order of `key`. */
  compare(other: Labels): number {
    const [a, b] = [this.#pairs, other.#pairs]
    const shared = Math.min(a.length, b.length)
    for (let i = 0; i < shared; i++) {
      const [one, two] = [a[i]!, b[i]!]
      if (one === two) continue
      if (one[0] !== two[0]) return one[0] < two[0] ? -1 : 1
      if (one[1] !== two[1]) return one[1] < two[1] ? -1 : 1
    }
    return a.length - b.length
  }

  equals(other: Labels): boolean {
    return this.compare(other) === 0
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#pairs)
  }

  /** `name{a="b"}`, as people write it. */
  toString(): string {
    const rest = this.#pairs.filter(([name]) => name !== METRIC_NAME).map(([k, v]) => `${k}=${JSON.stringify(v)}`)
    return rest.length === 0 && this.name !== '' ? this.name : `${this.name}{${rest.join(', ')}}`
  }

  #filter(keep: (name: string) => boolean): Labels {
    const pairs = this.#pairs.filter(([name]) => keep(name))
    return pairs.length === this.#pairs.length ? this : pairs.length === 0 ? Labels.empty : new Labels(pairs)
  }
}

export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'summary'
  | 'unknown'
  | 'gaugehistogram'
  | 'info'
  | 'stateset'

/** What is known of a series when it first comes. A histogram is one series with a vector of buckets. */
export interface SeriesDefinition {
  readonly labels: Labels
  readonly type: MetricType
  /** UCUM as the sender wrote it, '' when unknown. */
  readonly unit: string
  readonly help: string
  /** `custom`: native histograms of Prometheus with bounds of their own; a `histogram` is a classic one. */
  readonly kind: 'float' | 'histogram' | 'exponential' | 'custom'
  /**
   * Shape of the samples. Of a histogram, classic or custom: ascending upper bounds without +Inf. Of an exponential histogram: what
   * `core/exponential.ts` says. Empty for floats.
   */
  readonly bounds: Float64Array
}

/** Asked in turn. */
const SERVICE_LABELS = ['service_name', 'service.name', 'service', 'app_kubernetes_io_name', 'job'] as const

/** The service of a label set, '' when none of the names is there. The one place that decides it. */
export function serviceOf(labels: Labels): string {
  for (const name of SERVICE_LABELS) {
    const value = labels.get(name)
    if (value !== '') return value
  }
  return ''
}
