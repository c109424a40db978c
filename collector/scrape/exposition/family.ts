import type { MetricType } from '#core/series.ts'

/** A metric family of a page. What metadata say of it may change from page to page. */
export class Family {
  readonly name: string
  /** Whether any metadata spoke of it; else it is a series on its own. */
  declared = false
  type: MetricType = 'unknown'
  unit = ''
  help = ''

  constructor(name: string) {
    this.name = name
  }
}

/** What a line of metadata says. `none`: a comment. */
export interface Metadata {
  readonly kind: 'type' | 'help' | 'unit' | 'none' | 'end'
  readonly family: string
  readonly value: string
}

export const COMMENT: Metadata = { kind: 'none', family: '', value: '' }
export const END: Metadata = { kind: 'end', family: '', value: '' }

/** Suffixes of the samples of a family, by its type; '' is its name itself. */
const SUFFIXES: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['', '_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count', '_created', ''],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
  summary: ['', '_sum', '_count', '_created'],
  info: ['_info'],
  stateset: [''],
  unknown: [''],
}
const ALL_SUFFIXES = ['_bucket', '_count', '_sum', '_total', '_created', '_gcount', '_gsum', '_info'] as const

/** The part of a sample's name behind the name of its family; undefined where it belongs to another. */
export function suffixIn({ name, type }: Family, sample: string): string | undefined {
  if (!sample.startsWith(name)) return undefined
  const suffix = sample.slice(name.length)
  return SUFFIXES[type].includes(suffix) ? suffix : undefined
}

/** The families of a target, by name. */
export class Families {
  /** Of lines that belong to none. */
  readonly none = new Family('')
  readonly #byName = new Map<string, Family>()

  get size(): number {
    return this.#byName.size
  }

  clear(): void {
    this.#byName.clear()
  }

  /** The family of a sample: `current` where it can be, else a declared one, else one of its own. */
  of(sample: string, current: Family | undefined): Family {
    if (current !== undefined && suffixIn(current, sample) !== undefined) return current
    const own = this.#byName.get(sample)
    if (own?.declared === true) return own
    for (const suffix of ALL_SUFFIXES) {
      if (!sample.endsWith(suffix)) continue
      const base = this.#byName.get(sample.slice(0, -suffix.length))
      if (base?.declared === true && suffixIn(base, sample) !== undefined) return base
    }
    return own ?? this.#add(sample)
  }

  /** Takes down metadata. True where samples seen before may belong elsewhere now. */
  declare({ kind, family: name, value }: Metadata): { family: Family; changed: boolean } {
    const family = this.#byName.get(name) ?? this.#add(name)
    let changed = !family.declared && ALL_SUFFIXES.some((suffix) => this.#byName.has(name + suffix))
    family.declared = true
    if (kind === 'help') family.help = value
    if (kind === 'unit') family.unit = value
    if (kind === 'type' && family.type !== value) {
      changed ||= family.type !== 'unknown'
      family.type = value as MetricType
    }
    return { family, changed }
  }

  #add(name: string): Family {
    const family = new Family(name)
    this.#byName.set(name, family)
    return family
  }
}
