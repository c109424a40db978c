import type { MetricMetadata } from '../ports/series-reader.ts'
import type { MetricType, SeriesDefinition } from '../series.ts'

/** What a definition says beside labels, kind and bounds. */
export type About = Pick<SeriesDefinition, 'type' | 'unit' | 'help'>

/** One metric name. */
export interface Metric {
  readonly name: string
  /** As its first series had it, or as it was told since. */
  about: About
  /** Series there are, and those that count. */
  series: number
  active: number
}

/** The metrics by the number of their label pair (-1: series without a name), and type, unit and help, each combination once. */
export class MetricTable {
  readonly #metrics = new Map<number, Metric>()
  readonly #abouts: About[] = []
  readonly #uses: number[] = []
  readonly #ids = new Map<string, number>()
  readonly #free: number[] = []
  /** Series of one metric mostly come one after the other. */
  #last = -1

  get count(): number {
    return this.#metrics.size
  }

  /** Combinations of type, unit and help in use. */
  get abouts(): number {
    return this.#ids.size
  }

  metric(pair: number): Metric | undefined {
    return this.#metrics.get(pair)
  }

  /** The metric of this pair, made where it is missing. */
  intern(pair: number, name: string, about: About): Metric {
    let metric = this.#metrics.get(pair)
    if (metric === undefined) {
      const { type, unit, help } = about
      this.#metrics.set(pair, (metric = { name, about: { type, unit, help }, series: 0, active: 0 }))
    }
    return metric
  }

  /** What is told of a metric itself, beside any series: nothing where there is no such metric. Whether it is something else than before. */
  describe(pair: number, { type, unit, help }: About): boolean {
    const metric = this.#metrics.get(pair)
    if (metric === undefined) return false
    const { about } = metric
    if (about.type === type && about.unit === unit && about.help === help) return false
    metric.about = { type, unit, help }
    return true
  }

  /** Pair and metric, in the order in which they came. */
  all(): Iterable<readonly [pair: number, metric: Metric]> {
    return this.#metrics
  }

  /** A series of it is gone; with the last, the metric is. */
  leave(pair: number): void {
    const metric = this.#metrics.get(pair)!
    if (--metric.series === 0) this.#metrics.delete(pair)
  }

  /** The number of type, unit and help, used once more. */
  use(about: About): number {
    const id = this.#find(about)
    this.#uses[id]!++
    this.#last = id
    return id
  }

  drop(id: number): void {
    if (--this.#uses[id]! > 0) return
    this.#ids.delete(keyOf(this.#abouts[id]!))
    this.#free.push(id)
    this.#last = -1
  }

  about(id: number): About {
    return this.#abouts[id]!
  }

  /** By metric name. */
  metadata(): MetricMetadata[] {
    return [...this.#metrics.values()]
      .map(({ name, about }) => ({ name, ...about }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  #find(about: About): number {
    const last = this.#abouts[this.#last]
    if (last !== undefined && last.help === about.help && last.type === about.type && last.unit === about.unit) {
      return this.#last
    }
    const key = keyOf(about)
    let id = this.#ids.get(key)
    if (id === undefined) {
      const { type, unit, help } = about
      id = this.#free.pop() ?? this.#abouts.length
      this.#abouts[id] = { type, unit, help }
      this.#uses[id] = 0
      this.#ids.set(key, id)
    }
    return id
  }
}

function keyOf({ type, unit, help }: About): string {
  return JSON.stringify([type satisfies MetricType, unit, help])
}
