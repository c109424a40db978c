import type { MetricType } from '#core/series.ts'

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
/** Nobody reads more. */
const TEXT_LENGTH = 1000

export function described(type: number, unit: string, help: string): Described {
  return { type: TYPES[type] ?? 'unknown', unit: unit.slice(0, TEXT_LENGTH), help: help.slice(0, TEXT_LENGTH) }
}

/** What version 1 says of metrics, in requests of its own: kept for series that are new after it. */
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

  /** False where there is no room for another. */
  learn(family: string, what: Described): boolean {
    if (family.length > TEXT_LENGTH || (!this.#known.has(family) && this.#known.size >= this.#limit)) return false
    this.#known.set(family, what)
    return true
  }

  of(metric: string): Described {
    const known = this.#known.get(metric)
    if (known !== undefined) return known
    for (const suffix of SUFFIXES) {
      if (!metric.endsWith(suffix)) continue
      const family = this.#known.get(metric.slice(0, -suffix.length))
      if (family !== undefined) return family
    }
    return UNKNOWN
  }
}
