import type { Labels, SeriesId } from '#core/series.ts'

import { NO_ID, type Part, type PartKind, Row } from './row.ts'

/** Why a histogram is stored as plain series. */
export type PlainReason = 'bounds' | 'buckets' | 'count' | 'sum' | 'times' | 'limit'

/** Of so many parts one is found by looking at all. */
const FEW_PARTS = 64

const nameOf = (kind: PartKind, bound: string): string => `${kind} ${bound}`

/**
 * The series of a page that are one classic histogram, made one row of the store, where buckets are not cumulative. What does
 * not fit together (a bound missing, counts that fall, parts of different times) stays plain series, so that nothing is lost.
 */
export class HistogramRow extends Row {
  /** Of the whole: with its own name and without `le`. */
  readonly labels: Labels
  readonly unit: string
  readonly help: string
  /** Series that were its parts on the newest scrape, in the order of the page. */
  parts: Part[] = []
  /** Where they are many, until some go. */
  #byName: Map<string, Part> | undefined
  /** How many of them this scrape had so far. */
  filled = 0
  #arranged = -1
  #buckets: readonly Part[] = []
  #count: Part | undefined
  #sum: Part | undefined
  /** The row that its newest point was put into, and the parts of that; undefined where it was plain series. */
  stored: { readonly id: SeriesId; readonly width: number; readonly parts: readonly Part[] } | undefined
  /** Without +Inf, as in the definition of the row. */
  bounds = new Float64Array(0)
  /** Of the point put together last. */
  counts = new Float64Array(0)
  sum = NaN
  count = NaN
  time_ms = NaN
  followed = true

  constructor(labels: Labels, { unit, help }: { readonly unit: string; readonly help: string }) {
    super(NO_ID)
    this.stored = undefined
    this.labels = labels
    this.unit = unit
    this.help = help
  }

  part(kind: PartKind, bound: string): Part | undefined {
    if (this.parts.length <= FEW_PARTS) return this.parts.find((part) => part.kind === kind && part.bound === bound)
    this.#byName ??= new Map(this.parts.map((part) => [nameOf(part.kind, part.bound), part]))
    return this.#byName.get(nameOf(kind, bound))
  }

  join(part: Part): void {
    part.joined = true
    this.parts.push(part)
    this.#byName?.set(nameOf(part.kind, part.bound), part)
  }

  /** Puts the parts of this scrape together; why not, where they do not fit. */
  assemble(scrape: number): PlainReason | undefined {
    if (this.filled !== this.parts.length || this.#arranged !== this.filled) this.#arrange(scrape)
    const last = this.#buckets.at(-1)
    if (last === undefined) return 'bounds'
    const { time_ms, followed } = last
    for (const part of this.parts) if (part.time_ms !== time_ms || part.followed !== followed) return 'times'
    // A row has a count, and so would queries, though the page shows none or relabelling took it away.
    if (this.#count?.value !== last.value) return 'count'
    // In a row it would say that there is no sum.
    if (this.#sum !== undefined && Number.isNaN(this.#sum.value)) return 'sum'
    let below = 0
    for (let i = 0; i < this.#buckets.length; i++) {
      const { value } = this.#buckets[i]!
      if (!(value >= below) || value === Infinity) return 'buckets'
      this.counts[i] = value - below
      below = value
    }
    this.sum = this.#sum?.value ?? NaN
    this.count = last.value
    this.time_ms = time_ms
    this.followed = followed
    return undefined
  }

  /** It is in its row now. */
  store(): void {
    const { stored, id, parts } = this
    if (stored?.id !== id || stored.parts !== parts) this.stored = { id, width: this.counts.length, parts }
  }

  /** Parts come and go seldom: only those of this scrape belong to it. */
  #arrange(scrape: number): void {
    for (const part of this.parts) part.joined = part.present === scrape
    const present = this.parts.filter(({ joined }) => joined)
    this.parts = present
    this.#byName = undefined
    this.filled = present.length
    this.#arranged = present.length
    this.#sum = present.find(({ kind }) => kind === 'sum')
    this.#count = present.find(({ kind }) => kind === 'count')
    const buckets = present.filter(({ kind }) => kind === 'bucket').toSorted((a, b) => a.le - b.le)
    const ascending = buckets.every(({ le }, i) => le > (buckets[i - 1]?.le ?? -Infinity))
    this.#buckets = ascending && buckets.at(-1)?.le === Infinity ? buckets : []
    const bounds = Float64Array.from(this.#buckets.slice(0, -1), ({ le }) => le)
    const same = bounds.length === this.bounds.length && bounds.every((bound, i) => bound === this.bounds[i])
    if (!same) this.id = NO_ID
    this.bounds = bounds
    this.counts = new Float64Array(this.#buckets.length)
  }
}
