import { type Labels, METRIC_NAME, type SeriesId } from '#core/series.ts'
import { LE } from '#core/store/histogram-row.ts'

import type { HistogramRow } from './histogram-row.ts'

/** Not resolved, or not any more. */
export const NO_ID = -1

/** What is stored under one id, and followed from scrape to scrape. There are many: it is small. */
export class Row {
  id: SeriesId
  /** The scrape that it was on last. */
  present = 0
  /** Its newest sample is followed by another, or by a mark that it is stale. */
  live = false
  liveSince = 0
  /** Whether the target knows it; else it was forgotten, and may come again. */
  listed = false
  /** What its newest exemplar said: pages show it again and again. */
  exemplar = ''

  constructor(id: SeriesId) {
    this.id = id
  }
}

export type PartKind = 'bucket' | 'sum' | 'count'

/** A series that is part of a classic histogram. */
export class Part {
  readonly histogram: HistogramRow
  readonly kind: PartKind
  /** Of a bucket, as the page has it. */
  readonly bound: string
  /** Upper bound of a bucket; NaN where it is no number, and of others. */
  readonly le: number
  /** The scrape that it was on last. */
  present = 0
  /** Whether it is among the parts of its histogram. */
  joined = false
  /** Of the newest scrape, kept until all parts are there. */
  value = NaN
  time_ms = NaN
  followed = true
  exemplar = ''
  /** What it is stored as where the histogram is not whole. */
  plain: Row | undefined

  constructor(histogram: HistogramRow, kind: PartKind, bound: string) {
    this.histogram = histogram
    this.kind = kind
    this.bound = bound
    this.le = kind !== 'bucket' || bound === '' ? NaN : bound === '+Inf' ? Infinity : Number(bound)
    this.plain = undefined
  }

  /** As a series of its own. */
  get labels(): Labels {
    const { labels } = this.histogram
    const named = labels.with(METRIC_NAME, `${labels.name}_${this.kind}`)
    return this.kind === 'bucket' ? named.with(LE, this.bound) : named
  }
}

/** Which part of a classic histogram a series is by its name and labels, and the labels of the whole. */
export function partOf(
  labels: Labels,
): { readonly kind: PartKind; readonly whole: Labels; readonly bound: string } | undefined {
  const found = /^(.+)_(bucket|sum|count)$/s.exec(labels.name)
  if (found === null) return undefined
  const kind = found[2] as PartKind
  const bound = kind === 'bucket' ? labels.get(LE) : ''
  if (kind === 'bucket' && bound === '') return undefined
  const whole = kind === 'bucket' ? labels.drop(LE) : labels
  return { kind, bound, whole: whole.with(METRIC_NAME, found[1]!) }
}
