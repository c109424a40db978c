import type { Labels } from '#core/series.ts'

import type { Annotations } from '../evaluate/annotations.ts'
import type { Budget } from '../evaluate/budget.ts'
import type { Column } from '../evaluate/values.ts'
import type { Aggregate, ValueType } from '../language/ast.ts'

/**
 * An aggregation operator. Parts of this kind are registered in `aggregations.ts`.
 *
 * - `aggregate` is given the columns of one group, never none, in the order of the operand, and gives the group's
 *   result: a column, or several where elements survive (`topk`) or split up (`count_values`).
 */
export interface Aggregation {
  readonly name: string
  readonly parameter?: ValueType
  /** The order of what comes out is meant. */
  readonly ordered?: true
  /** Histograms are left out, and an info says so. */
  readonly floatsOnly?: true
  /** Labels that the operator writes itself, and that therefore set no groups apart. */
  written?(call: AggregationCall): readonly string[]
  /** Nothing comes out, whatever goes in: the parameter is not checked, and nothing is noted. */
  isNone?(call: AggregationCall): boolean
  /** Looks at the parameter once for the whole query; may throw. */
  check?(call: AggregationCall): void
  aggregate(group: Group, call: AggregationCall): readonly Column[] | Promise<readonly Column[]>
}

export interface Group {
  /** The labels that the group has in common: its result's. */
  readonly labels: Labels
  readonly columns: readonly Column[]
  readonly nameless: boolean
}

export interface AggregationCall {
  readonly expr: Aggregate
  readonly annotations: Annotations
  /** Large groups let others have a turn now and then; what comes out beside one column is accounted for. */
  readonly budget: Budget
  readonly steps: number
  /** The parameter, one a step; empty where there is none. */
  readonly scalar: Float64Array
  readonly text: string
}
