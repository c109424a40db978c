import { type Labels, METRIC_NAME, type MetricType, type SeriesId } from '#core/series.ts'

import type { HistogramRow } from './histogram-row.ts'

/** Not resolved yet. */
export const NO_ID = -1

/** What is stored under one id, and followed from scrape to scrape. */
export abstract class Followed {
  readonly labels: Labels
  readonly type: MetricType
  readonly unit: string
  readonly help: string
  id: SeriesId = NO_ID
  /** The scrape that it was on last. */
  present = 0
  /** Its newest sample is followed by another, or by a mark that it is stale. */
  live = false
  liveSince = 0
  /** Whether the target knows it; else it was forgotten, and may come again. */
  listed = false

  constructor(labels: Labels, { type, unit, help }: Pick<Followed, 'type' | 'unit' | 'help'>) {
    this.labels = labels
    this.type = type
    this.unit = unit
    this.help = help
  }
}

/** What a series is to its histogram. */
export interface Part {
  readonly kind: 'bucket' | 'sum' | 'count'
  readonly histogram: HistogramRow
  /** Upper bound of a bucket; NaN where it is no number. */
  readonly le: number
}

/** A series of a target. */
export class Row extends Followed {
  readonly part: Part | undefined
  /** Whether it is among the parts of its histogram. */
  joined = false
  /** Of a part: its newest value, kept until all parts are there. */
  value = NaN
  time_ms = NaN
  followed = true
  /** What its newest exemplar said: pages show it again and again. */
  exemplar = ''

  constructor(labels: Labels, about: Pick<Followed, 'type' | 'unit' | 'help'>, part?: Part) {
    super(labels, about)
    this.part = part
  }
}

/** Which part of a classic histogram a series is by its name and labels, and the labels of the whole. */
export function partOf(labels: Labels): { readonly kind: Part['kind']; readonly whole: Labels } | undefined {
  const found = /^(.+)_(bucket|sum|count)$/s.exec(labels.name)
  if (found === null) return undefined
  const kind = found[2] as Part['kind']
  if (kind === 'bucket' && !labels.has('le')) return undefined
  const whole = kind === 'bucket' ? labels.drop('le') : labels
  return { kind, whole: whole.with(METRIC_NAME, found[1]!) }
}
