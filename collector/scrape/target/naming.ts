import { ServiceError } from '#core/errors.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'
import { formatBound } from '#core/store/histogram-row.ts'

import { labelValue } from '../../normal/labels.ts'
import type { Family } from '../exposition/family.ts'
import type { Head } from '../exposition/head.ts'
import { type Draft, relabel, type RelabelRule } from '../relabel/relabel.ts'

/** Limits of the labels of one series, 0 being none; a series beyond one fails its scrape. */
export interface LabelLimits {
  readonly label_limit: number
  readonly label_name_length_limit: number
  readonly label_value_length_limit: number
}

export interface NamingOptions extends LabelLimits {
  /** Of the target, to be on every series. */
  readonly labels: Labels
  readonly honor_labels: boolean
  readonly metric_relabel_configs: readonly RelabelRule[]
}

const INFINITE = /^\+?inf(?:inity)?$/i

/** A bound or quantile as Prometheus 3 writes it, so that `1` and `1.0` are one, and so are `Inf` and `+Inf`; what is no number stays. */
function normalNumber(text: string): string {
  const number = INFINITE.test(text) ? Infinity : Number(text)
  return text === '' || Number.isNaN(number) ? text : formatBound(number)
}

/** Fit to be a label: pages are UTF-8, so that only what separates labels where they are compared must be looked for. */
function fit(text: string): string {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 2) return labelValue(text)
  return text
}

function exposed({ name, pairs }: Head, { type }: Family): Draft {
  const bound = type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : ''
  const draft: Draft = new Map([[METRIC_NAME, fit(name)]])
  for (const [label, value] of pairs) {
    draft.set(fit(label), label === bound ? normalNumber(value) : fit(value))
  }
  return draft
}

/**
 * A label that the target has too goes on as `exported_…`, unless it is to win. One that wins may be empty: so the Pushgateway says that
 * a series has no instance.
 */
function addTarget(draft: Draft, target: Labels, honor: boolean): void {
  for (const [name, value] of target) {
    const own = draft.get(name)
    if (honor && own !== undefined) continue
    draft.set(name, value)
    if (own === undefined || own === '') continue
    let renamed = `exported_${name}`
    while ((draft.get(renamed) ?? '') !== '' || target.has(renamed)) renamed = `exported_${renamed}`
    draft.set(renamed, own)
  }
  for (const [name, value] of draft) if (value === '') draft.delete(name)
}

function check(labels: Labels, limits: LabelLimits): void {
  const { label_limit, label_name_length_limit, label_value_length_limit } = limits
  const refuse = (what: string): never => {
    throw new ServiceError('too_large', `${labels.name.slice(0, 80)}: ${what}`)
  }
  if (label_limit > 0 && labels.size > label_limit) refuse(`${labels.size} labels; label_limit is ${label_limit}`)
  if (label_name_length_limit === 0 && label_value_length_limit === 0) return
  for (const [name, value] of labels) {
    if (label_name_length_limit > 0 && name.length > label_name_length_limit) {
      refuse(`a label name has ${name.length} characters; label_name_length_limit is ${label_name_length_limit}`)
    }
    if (label_value_length_limit > 0 && value.length > label_value_length_limit) {
      refuse(`label ${name} has ${value.length} characters; label_value_length_limit is ${label_value_length_limit}`)
    }
  }
}

/**
 * The labels of a series as they are stored; undefined where relabelling drops it, or all of them. Throws `ServiceError`: `too_large` at a limit of
 * the job, `bad_data` where relabelling takes its name away. Source: `mutateSampleLabels` of prometheus/scrape.
 */
export function storedLabels(head: Head, family: Family, options: NamingOptions): Labels | undefined {
  const draft = exposed(head, family)
  addTarget(draft, options.labels, options.honor_labels)
  if (!relabel(options.metric_relabel_configs, draft)) return undefined
  const labels = Labels.of(draft)
  if (labels.size === 0) return undefined
  if (labels.name === '') throw new ServiceError('bad_data', 'relabelling left a series without a name')
  check(labels, options)
  return labels
}
