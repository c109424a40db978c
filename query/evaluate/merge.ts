import { ServiceError } from '#core/errors.ts'
import { type Labels, METRIC_NAME } from '#core/series.ts'

import { isAscending } from './label-order.ts'
import type { Column } from './values.ts'

const SAME_LABELSET = 'vector cannot contain metrics with the same labelset'

/** As a Map key: a label set whose name is still meant is not the same as one whose name is not. */
export function identityOf(labels: Labels, nameless: boolean): string {
  return nameless && labels.name !== '' ? `${labels.key}\0nameless` : labels.key
}

/** Columns of one label set become one; where two have a value at the same step it is an `execution` error. */
export function mergeSame(columns: readonly Column[]): readonly Column[] {
  if (isAscending(columns)) return columns
  const byLabels = new Map<string, Column>()
  let same = false
  for (const column of columns) {
    const key = identityOf(column.labels, column.nameless)
    const first = byLabels.get(key)
    same ||= first !== undefined
    byLabels.set(key, first === undefined ? column : merged(first, column))
  }
  return same ? [...byLabels.values()] : columns
}

function merged(a: Column, b: Column): Column {
  const value = a.value.slice()
  const has = a.has.slice()
  const histograms =
    a.histograms === undefined && b.histograms === undefined
      ? undefined
      : Array.from(has, (there, i) => (there === 1 ? a : b).histograms?.[i])
  for (let i = 0; i < has.length; i++) {
    if (b.has[i] === 0) continue
    if (has[i] === 1) throw new ServiceError('execution', SAME_LABELSET)
    has[i] = 1
    value[i] = b.value[i]!
  }
  return { ...a, value, has, histograms }
}

/** Takes off the metric names that are no longer meant. */
export function withoutNames(columns: readonly Column[]): readonly Column[] {
  if (!columns.some(({ nameless }) => nameless)) return columns
  const named = columns.map((column) =>
    column.nameless ? { ...column, labels: column.labels.drop(METRIC_NAME), nameless: false } : column,
  )
  return mergeSame(named)
}
