import { type Labels, METRIC_NAME } from '#core/series.ts'

import type { AggregationCall, Group } from '../aggregations/aggregation.ts'
import type { Aggregate } from '../language/ast.ts'
import { AGGREGATIONS } from '../language/check.ts'
import type { Annotations } from './annotations.ts'
import type { Budget } from './budget.ts'
import { LabelTree } from './label-tree.ts'
import { bytesOfHistograms } from './memory.ts'
import { mergeSame } from './merge.ts'
import { MixingNotes } from './mixing.ts'
import { type Column, floatColumns, isEmpty, type Value, vector, type VectorValue } from './values.ts'

interface Operands {
  readonly inner: VectorValue
  readonly parameter: Value | undefined
  readonly steps: number
  readonly budget: Budget
  readonly annotations: Annotations
}

const NONE = new Float64Array(0)
/** To find the group of a series costs as much as so many values. */
const GROUPING = 50

/** Aggregates by group: the labels of `by`, or all but those of `without` and the metric name. */
export async function aggregate(expr: Aggregate, operands: Operands): Promise<VectorValue> {
  const { inner, parameter, budget, steps } = operands
  const part = AGGREGATIONS.get(expr.op)!
  const call: AggregationCall = {
    expr,
    steps,
    annotations: operands.annotations,
    budget,
    scalar: parameter?.kind === 'scalar' ? parameter.value : NONE,
    text: parameter?.kind === 'string' ? parameter.value : '',
  }
  if (part.isNone?.(call) === true) return vector([], part.ordered === true)
  part.check?.(call)
  const out: Column[] = []
  const columns = part.floatsOnly === true ? floatsAlone(expr, operands) : inner.columns
  for (const group of await groupsOf(expr, { columns, budget, written: part.written?.(call) ?? [] })) {
    budget.spend((group.columns.length + 1) * steps, steps)
    if (budget.due) await budget.pause()
    for (const column of await part.aggregate(group, call)) {
      if (isEmpty(column)) continue
      budget.hold(bytesOfHistograms(column.histograms))
      out.push(column)
    }
  }
  return vector(mergeSame(out), part.ordered === true)
}

function floatsAlone(expr: Aggregate, { inner, annotations }: Operands): readonly Column[] {
  const floats = floatColumns(inner.columns)
  if (floats === inner.columns) return floats
  // Prometheus tells it of the whole where elements are chosen.
  const span = /^(?:top|bottom)k$/.test(expr.op) ? expr : expr.inner
  if (inner.columns.some(isNative)) new MixingNotes(annotations, span).ignoredIn(expr.op)
  return floats
}

function isNative({ has, histograms }: Column): boolean {
  return histograms?.some((one, i) => one !== undefined && has[i] === 1) === true
}

interface Grouping {
  readonly columns: readonly Column[]
  readonly budget: Budget
  /** Labels that the aggregation sets itself. */
  readonly written: readonly string[]
}

async function groupsOf(expr: Aggregate, { columns, budget, written }: Grouping): Promise<readonly Group[]> {
  const { without, labels } = expr
  const names = without ? [...labels, ...written, METRIC_NAME] : labels.filter((label) => !written.includes(label))
  const tree = new LabelTree<{ labels: Labels; columns: Column[]; nameless: boolean }>(names, without)
  const keepsName = !without && names.includes(METRIC_NAME)
  const groups: { labels: Labels; columns: Column[]; nameless: boolean }[] = []
  for (const column of columns) {
    budget.worked(GROUPING)
    if (budget.due) await budget.pause()
    // A name that is still meant is not the same as one that is not.
    const isApart = keepsName && column.nameless && column.labels.name !== ''
    const place = tree.at(column.labels, isApart)
    if (place.held === undefined)
      groups.push((place.held = { labels: tree.common(column.labels), columns: [], nameless: false }))
    const group = place.held
    group.columns.push(column)
    group.nameless ||= column.nameless
  }
  return groups
}
