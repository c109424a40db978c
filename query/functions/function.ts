import type { RollupValue } from '#core/ports/series-reader.ts'

import type { Annotations } from '../evaluate/annotations.ts'
import type { Budget } from '../evaluate/budget.ts'
import type { Grid, MatrixValue, ScalarValue, StringValue, Value, VectorValue } from '../evaluate/values.ts'
import type { Expr, ValueType, VectorSelector } from '../language/ast.ts'
import type { QueryLimits } from '../limits.ts'

/**
 * A PromQL function. Parts of this kind are registered by family in `functions.ts`.
 *
 * - `call` gives a value of type `returns` on the grid it is given; it does not change its arguments.
 * - Names and types of arguments are checked before.
 */
export interface PromqlFunction {
  readonly name: string
  readonly args: readonly ValueType[]
  /** How many of the last arguments may be left out; Infinity: the last may also be repeated. */
  readonly optional?: number
  readonly returns: ValueType
  /** The last argument is a label selector of info series, `{a="b"}`. */
  readonly infoLabels?: true
  /** An argument of which, where it is a selector, only `timestamps` are asked for: it is not evaluated, and is an empty vector. */
  readonly timed?: number
  /** What of a rollup it takes for the samples of a range vector; not there: it has to see the samples. */
  readonly rolled?: RollupValue
  /** See `RollupSpec`. */
  readonly effort?: number
  call(call: FunctionCall): Value | Promise<Value>
}

/** The arguments and surroundings of one call. */
export interface FunctionCall {
  readonly grid: Grid
  readonly budget: Budget
  readonly annotations: Annotations
  readonly limits: QueryLimits
  /** First and last step of the query, and what lies between two: 0 of an instant query. */
  readonly query: { readonly from_ms: number; readonly to_ms: number; readonly step_ms: number }
  /** The call as written, and its arguments, for their positions, labels and names. */
  readonly expr: Expr
  readonly exprs: readonly Expr[]
  readonly values: readonly Value[]
  /** The times (s) of the samples that a selector finds at each step, in place of their values. */
  timestamps(selector: VectorSelector): Promise<VectorValue>
}

export function vectorArg({ values }: FunctionCall, i: number): VectorValue {
  return values[i] as VectorValue
}

export function matrixArg({ values }: FunctionCall, i: number): MatrixValue {
  return values[i] as MatrixValue
}

export function scalarArg({ values }: FunctionCall, i: number): Float64Array {
  return (values[i] as ScalarValue).value
}

export function stringArg({ values }: FunctionCall, i: number): string {
  return (values[i] as StringValue).value
}
