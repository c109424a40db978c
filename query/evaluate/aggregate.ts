import { type Labels, METRIC_NAME } from '#core/series.ts'

import type { AggregationCall, Group } from '../aggregations/aggregation.ts'
import type { Aggregate } from '../language/ast.ts'
import { AGGREGATIONS } from '../language/check.ts'
import type { Annotations } from './annotations.ts'
import type { Budget } from './budget.ts'
import { identityOf, mergeSame } from './merge.ts'
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

/** Aggregates by group: the labels of `by`, or all but those of `without` and the metric name. */
export async function aggregate(expr: Aggregate, operands: Operands): Promise<VectorValue> {
  const { inner, parameter, budget, steps } = operands
  const part = AGGREGATIONS.get(expr.op)!
  const call: AggregationCall = {
    expr,
    steps,
    annotations: operands.annotations,
    scalar: parameter?.kind === 'scalar' ? parameter.value : NONE,
    text: parameter?.kind === 'string' ? parameter.value : '',
  }
  part.check?.(call)
  const out: Column[] = []
  for (const group of groupsOf(
    expr,
    part.floatsOnly === true ? floatsAlone(expr, operands) : inner.columns,
    part.written?.(call) ?? [],
  )) {
    budget.spend((group.columns.length + 1) * steps)
    if (budget.due) await budget.pause()
    for (const column of part.aggregate(group, call)) if (!isEmpty(column)) out.push(column)
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

function groupsOf(expr: Aggregate, columns: readonly Column[], written: readonly string[]): Iterable<Group> {
  const { without, labels } = expr
  const kept = new Set(labels.filter((label) => !written.includes(label)))
  const dropped = [...labels, ...written, METRIC_NAME]
  const common = (of: Labels): Labels => (without ? of.drop(...dropped) : of.keep(kept))
  const groups = new Map<string, { labels: Labels; columns: Column[]; nameless: boolean }>()
  for (const column of columns) {
    const shared = common(column.labels)
    const key = identityOf(shared, column.nameless)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { labels: shared, columns: [column], nameless: column.nameless })
    else {
      group.columns.push(column)
      group.nameless ||= column.nameless
    }
  }
  return groups.values()
}
