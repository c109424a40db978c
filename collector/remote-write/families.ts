import type { Labels, MetricType } from '#core/series.ts'

/** What is known of a metric. */
export interface Described {
  readonly type: MetricType
  readonly unit: string
  readonly help: string
}

export const UNKNOWN: Described = { type: 'unknown', unit: '', help: '' }

/** By their numbers in both versions. */
const TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
]
/** A series may be called after its family and one of these. */
const SUFFIXES = ['_total', '_bucket', '_sum', '_count', '_info', '_created'] as const
/** What a classic histogram is made of, each a counter by itself. */
const PARTS = ['_bucket', '_sum', '_count'] as const
/** Nobody reads more. */
const TEXT_LENGTH = 1000

export function described(type: number, unit: string, help: string): Described {
  return { type: TYPES[type] ?? 'unknown', unit: unit.slice(0, TEXT_LENGTH), help: help.slice(0, TEXT_LENGTH) }
}

/** What metrics of a family may be called. */
export function metricsOf(family: string): readonly string[] {
  return [family, ...SUFFIXES.map((suffix) => family + suffix)]
}

/** What a series of floats is, of a family that was described. */
export function ofPart(family: Described, metric: string): Described {
  const isPart = family.type === 'histogram' && PARTS.some((suffix) => metric.endsWith(suffix))
  return isPart ? { ...family, type: 'counter' } : family
}

/**
 * What is known of metric families: told by version 1 in requests of its own, a minute after the first samples; until then seen from what
 * comes: buckets are those of a histogram, quantiles those of a summary. Series that were there before it stay what they were seen to be.
 */
export class Families {
  readonly #limit: number
  readonly #known = new Map<string, Described>()

  /** `limit`: families that are remembered. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#known.size
  }

  /** Whether this is what is known of it already. */
  knows(family: string, what: Described): boolean {
    const known = this.#known.get(family)
    return known?.type === what.type && known.unit === what.unit && known.help === what.help
  }

  /** False where there is no room for another. */
  learn(family: string, what: Described): boolean {
    if (family.length > TEXT_LENGTH || (!this.#known.has(family) && this.#known.size >= this.#limit)) return false
    this.#known.set(family, what)
    return true
  }

  /** Of a series of floats. */
  of(labels: Labels): Described {
    const metric = labels.name
    const known = this.#known.get(metric)
    if (known !== undefined) return ofPart(known, metric)
    for (const suffix of SUFFIXES) {
      if (!metric.endsWith(suffix)) continue
      const family = this.#known.get(metric.slice(0, -suffix.length))
      if (family !== undefined) return ofPart(family, metric)
    }
    return this.#seen(labels)
  }

  /** Of a histogram that is one row. */
  ofRow(labels: Labels): Described {
    return this.#known.get(labels.name) ?? UNKNOWN
  }

  #seen(labels: Labels): Described {
    const { name } = labels
    if (name.endsWith('_bucket') && labels.has('le')) {
      const histogram: Described = { ...UNKNOWN, type: 'histogram' }
      this.learn(name.slice(0, -'_bucket'.length), histogram)
      return ofPart(histogram, name)
    }
    if (!labels.has('quantile')) return UNKNOWN
    const summary: Described = { ...UNKNOWN, type: 'summary' }
    this.learn(name, summary)
    return summary
  }
}
